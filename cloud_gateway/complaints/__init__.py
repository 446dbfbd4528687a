"""Complaints from any channel, follow-ups of bad ratings, praise, and what is put right because of them."""
