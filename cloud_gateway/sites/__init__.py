"""Insured sites and the dated placement of devices on them."""
