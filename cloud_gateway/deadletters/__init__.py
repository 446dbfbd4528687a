"""What was refused, kept by name."""
