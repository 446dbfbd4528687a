"""Ratings by the keys of a telephone, call-backs, and whether a policy's telephone is its customer's own."""
