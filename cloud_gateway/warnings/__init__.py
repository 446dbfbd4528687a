"""Official warnings (预警): read from their sources, followed through their chains, never worded by us."""
