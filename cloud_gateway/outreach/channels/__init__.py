"""The ways to people and devices: mail, chat and webhooks, notices on site, and calls by hand."""
