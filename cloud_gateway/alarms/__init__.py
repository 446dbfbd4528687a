"""Edge alarms as they stand, derived from alarm records."""
