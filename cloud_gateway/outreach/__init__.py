"""Outreach: who is told what, by which way, until somebody has answered."""
