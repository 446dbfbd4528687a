"""What becomes of readings that are old: down-sampled by stream, then let go."""
