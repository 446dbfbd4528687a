"""The computer that carries a SIMULATED board: its heat and its voltage are made up, the room on its disk is real."""

from __future__ import annotations

from pathlib import Path

from edge_agent.hardware.machine import Health, free_mb

TEMPERATURE_C = 47.0


class SimMachine:
    """A SIMULATED computer. Whoever runs the simulation may set what it tells.

    It has no memory of its own: many live in one process.
    """

    def __init__(self) -> None:
        self.temperature_c: float | None = TEMPERATURE_C
        self.undervoltage: bool | None = False

    def health(self, folder: Path) -> Health:
        """What was set, and the room where the device's state really is."""
        return Health(free_mb(folder), self.temperature_c, self.undervoltage)
