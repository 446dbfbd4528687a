"""SQLite opening and migrations, and the outbox."""
