"""Which devices may speak: enrolled with their key, revoked, readmitted."""
