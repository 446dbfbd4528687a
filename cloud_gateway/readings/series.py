"""What a series store is: the one seam between Weiran and the database that keeps readings and warnings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from edge_agent.wire.senml import Value

NS_PER_MS = 1_000_000


class Point(NamedTuple):
    """One value as it is written. `time_ns` is the point's key within its stream: `point_time` makes it."""

    device: str
    stream: str
    unit: str
    time_ns: int
    value: Value
    epoch: str
    seq: int
    clock: str


class Sample(NamedTuple):
    """One value as it is read back; `time_ns` as it was written."""

    time_ns: int
    value: Value

    @property
    def at(self) -> int:
        """The time it was measured at, ms UTC."""
        return self.time_ns // NS_PER_MS


class Bucket(NamedTuple):
    """A down-sampled interval beginning at `at` (ms UTC) of a numeric stream."""

    at: int
    low: float
    mean: float
    high: float
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here


class Refusal(NamedTuple):
    """A point that the store will never take, and the code under which its record becomes a dead letter."""

    point: Point
    code: str
    detail: str


class WarningStep(NamedTuple):
    """From `time_ns` on this holds at the site (code), until the next step of the same site, hazard and `simulated`.

    The time is made by `point_time` of a number that stays the step's own, so that a rewrite overwrites itself.
    `level` is in force, `coming` what is to come beyond that, both 0 to 4, 0 for none; `color` is the issuer's of the
    graver of the two, "" without one; `warning` is the id of the one that counts. Own gauges have no part in it.
    """

    site: str
    hazard: str
    time_ns: int
    level: int
    coming: int
    color: str
    warning: str
    simulated: bool

    @property
    def at(self) -> int:
        """When it began to hold, ms UTC."""
        return self.time_ns // NS_PER_MS


class StepRefusal(NamedTuple):
    """A step that the store will never take, and why."""

    step: WarningStep
    code: str
    detail: str


@dataclass
class StoreUnavailable(Exception):
    """The store did not take the batch and may take it later: nothing of it may be acknowledged."""

    reason: str
    retry_after_s: float = 1.0

    def __str__(self) -> str:
        return self.reason


class SeriesStore(Protocol):
    """A home for readings. Writing the same point again changes nothing."""

    async def open(self) -> None:
        """Connect, and make the database or file ready. Raises StoreUnavailable."""

    async def close(self) -> None:
        """Let go of connections and threads."""

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        """Make all points durable except the refused ones, which are returned. Raises StoreUnavailable."""

    async def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """Values with start <= time_ns < end (ns since 1970) in time order, at most `limit`, the oldest first."""

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """Numeric values of start <= at < end in intervals of `width` ms aligned to the epoch; empty ones left out."""

    def scan(self, device: str) -> AsyncIterator[Point]:
        """Every stored point of a device, in any order: for verification, not for pages."""


class StepStore(Protocol):
    """A home for the steps of official warnings. Writing the same step again changes nothing."""

    async def write_steps(self, steps: Sequence[WarningStep]) -> list[StepRefusal]:
        """Make all steps durable except the refused ones, which are returned. Raises StoreUnavailable."""

    async def warning_steps(self, site: str, start: int, end: int) -> list[WarningStep]:
        """Steps of a site (code) of start <= at < end (ms UTC) in time order, after those that held at the start."""


class SeriesHome(SeriesStore, StepStore, Protocol):
    """Both in one place: a database, or a file."""


def point_time(at: int, seq: int, offset_s: float = 0.0) -> int:
    """The ns key of a value: `at` and its SenML offset in ms, and `seq` modulo 10^6 below it (DESIGN section 4)."""
    return (at + round(offset_s * 1000)) * NS_PER_MS + seq % 1_000_000
