"""Counter ratings on a terminal: its decisions, its pins and its records."""
