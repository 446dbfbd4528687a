"""Canonical bytes and digests: how a fact proves that it was not altered."""
