"""The terminal user interface: command line and dashboard. Wires everything; nothing imports it."""
