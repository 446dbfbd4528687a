"""The table of events that live pages follow."""
