"""What every screen shares: layout, words, static files, security headers, problems and event streams."""
