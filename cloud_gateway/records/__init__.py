"""Business facts as devices made them, and the personal text that is sealed in them."""
