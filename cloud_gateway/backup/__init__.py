"""Copies of a running gateway that can be restored, and what a restored gateway owes its devices."""
