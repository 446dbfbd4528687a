"""When a water level crosses a stage of its river or tide, from its readings: a table of heights, with hysteresis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cloud_gateway.exposures.settings import Stage


class Measured(NamedTuple):
    """One reading: `at` in ms UTC, device time, the value in the stream's unit."""

    at: int
    value: float


class Crossing(NamedTuple):
    """An alarm that readings raise or clear; `value` is what was compared with the limit.

    `missing_s` is how much of the time looked at has no readings: the true value may be greater.
    """

    rule: str
    at: int
    is_raised: bool
    value: float
    missing_s: int = 0


class Meaning(NamedTuple):
    """What an alarm says: of which hazard, how gravely, and which limit was reached."""

    hazard: str
    level: int
    limit: float


def watch_stage(readings: Iterable[Measured], stage: Stage, is_open: bool, since: int) -> Iterator[Crossing]:
    """Crossings of the stage by readings (in order) after `since`; `is_open` is how it stood then."""
    for reading in readings:
        if reading.at <= since:
            continue
        if not is_open and reading.value >= stage.above:
            is_open = True
            yield Crossing(stage_rule(stage), reading.at, True, reading.value)
        elif is_open and reading.value <= stage.clear:
            is_open = False
            yield Crossing(stage_rule(stage), reading.at, False, reading.value)


def stage_rule(stage: Stage) -> str:
    """The name of the alarm of a stage."""
    return f"stage-{stage.name}"
