"""What leaves Apprentice for other tools: sessions as data, as a script, as a trace. Reads the store, writes files."""
