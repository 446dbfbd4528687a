"""The twin of a device: settings that change from afar."""
