"""Ratings: from a press, a call or a page to what is counted, shown and proven."""
