"""The screen of a terminal: FastAPI served on the device itself."""
