"""Devices, their presence, births and streams."""
