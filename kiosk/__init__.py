"""Screens that a customer touches, served by the device itself."""
