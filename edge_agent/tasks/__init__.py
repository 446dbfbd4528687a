"""The duties of a device: one coroutine each, run together in one task group."""
