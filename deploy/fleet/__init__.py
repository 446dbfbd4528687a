"""A fleet of SIMULATED devices in real time against a whole gateway: start it, watch it, count what became of it."""
