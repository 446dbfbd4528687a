"""The gateway: takes what devices publish, keeps it, shows it and acts on it."""
