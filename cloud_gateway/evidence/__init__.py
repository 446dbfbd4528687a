"""The evidence log: an append-only Merkle tree of entries that nobody can change unseen, and its witnesses."""
