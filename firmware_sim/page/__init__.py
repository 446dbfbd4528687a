"""The page on which a person moves the SIMULATED boards of a running demo or fleet, and sees what they do."""
