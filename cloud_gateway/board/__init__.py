"""The pages of warnings: board, hazard event, duty desk, site, and the report of an event."""
