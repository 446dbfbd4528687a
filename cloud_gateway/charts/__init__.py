"""Streams of any devices over any time: as one chart, and as a table to take along."""
