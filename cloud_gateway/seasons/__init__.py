"""What is known before a season: the long record of a place, and the outlooks that services issue for it."""
