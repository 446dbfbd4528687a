"""Tests of ratings on the web, the wall and the receipt page."""
