"""The disk under the gateway: how much room there is, and what waits because there is none."""
