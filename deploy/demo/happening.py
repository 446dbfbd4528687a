"""A fault as it was played: its real times, who saw it, and what it broke."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_sim.forms import SystemFault


@dataclass
class Happening:
    """One fault. Real times of its begin and end are s since the Unix epoch.

    `refused`: messages of the device that the gateway refused by name. `broken`: what was promised for this fault and
    not kept. `skipped`: why it could not be played on this machine; empty when it was.
    """

    fault: SystemFault
    began_s: float = 0.0
    ended_s: float = 0.0
    seen_by: list[str] = field(default_factory=list)
    seen_after_s: float | None = None
    refused: int = 0
    broken: list[str] = field(default_factory=list)
    skipped: str = ""
    #: when a restored gateway began again, s of the monotonic clock
    restored_s: float | None = None
