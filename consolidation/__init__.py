"""The night: lessons become rehearsal, rehearsal becomes an adapter, the gate decides whether it may act by day."""
