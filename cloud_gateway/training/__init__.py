"""Training of clerks with its tests, the standards of service, and a service centre's assessment of itself."""
