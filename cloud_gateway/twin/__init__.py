"""The twins of devices: the settings that are desired of them, and what they made of it."""
