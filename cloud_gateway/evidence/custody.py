"""What the log's own entries say of legal holds and erasures, put together for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple


class HoldStep(NamedTuple):
    """A hold is set, or lifted (`on` false). `at` ms UTC; `reason` null once its text is erased."""

    place: int
    at: int
    name: str
    on: bool
    places: tuple[int, ...]
    types: tuple[str, ...]
    by: str
    reason: str | None


class Erasure(NamedTuple):
    """Texts were erased: `place` is the entry that says so, `of` are the entries whose texts they were, each once."""

    place: int
    at: int
    texts: int
    of: tuple[int, ...]
    reason: str
    rule: str
    by: str


@dataclass(frozen=True)
class HoldRun:
    """A hold from the step that set it to the one that lifted it; `extent`: the newest step that says what it holds."""

    begun: HoldStep
    extent: HoldStep
    lifted: HoldStep | None = None


def read_runs(steps: Iterable[HoldStep]) -> tuple[list[HoldRun], list[HoldRun]]:
    """Holds in force, the oldest first, and lifted ones, the newest first, from steps in the log's order."""
    running: dict[str, HoldRun] = {}
    lifted: list[HoldRun] = []
    for step in steps:
        known = running.get(step.name)
        if step.on:
            running[step.name] = HoldRun(step, step) if known is None else replace(known, extent=step)
        elif known is not None:
            lifted.append(replace(running.pop(step.name), lifted=step))
    return list(running.values()), lifted[::-1]
