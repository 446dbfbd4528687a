"""Tests of alarms in hand."""
