"""The `weiran` command line, and what an operator needs to put Weiran on machines."""
