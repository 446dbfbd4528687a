"""What runs on every device, and the languages that all parts share."""
