"""The gateway as a service: whether its processes live, what they wait for, and their figures for Prometheus."""
