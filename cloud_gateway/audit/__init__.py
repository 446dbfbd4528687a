"""Who did what: every change that a signed-in person or a command asked for."""
