"""Tests of the dead letters."""
