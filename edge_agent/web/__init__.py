"""What all pages share: base layout, words, static files, security headers, event streams."""
