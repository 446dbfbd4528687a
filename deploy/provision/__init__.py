"""Who belongs to a deployment: its authority, the certificates that it gave out, and the broker that believes them."""
