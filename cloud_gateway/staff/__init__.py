"""Staff accounts and server-side sessions."""
