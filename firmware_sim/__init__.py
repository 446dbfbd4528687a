"""The hardware simulator: boards, worlds, faults and scenarios for the very same agent code."""
