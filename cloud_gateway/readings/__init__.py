"""The series store: readings in SQLite or InfluxDB, and their API."""
