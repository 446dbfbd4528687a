"""Points as InfluxDB line protocol: the hot path of ingest, so all that repeats is built once and kept.

A line is ``reading,device=D,stream=S v=1.5,u="m",epoch="...",clock="ntp",seq=7i 1700000000000000007``: two tags,
the value in the field of its type (`v` number, `vb` boolean, `vs` text), and who made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cloud_gateway.readings.checks import EARLIEST_NS, LATEST_NS, check_point
from cloud_gateway.readings.series import Point, Refusal
from edge_agent.wire.senml import Value

MEASUREMENT = "reading"
#: Kept prefixes; a gateway with more streams than this builds some of them again.
MAX_KEPT = 200_000


class Lines(NamedTuple):
    """`lines[i]` is `points[i]`; the points that cannot be written are in `refusals` instead."""

    points: Sequence[Point]
    lines: list[str]
    refusals: list[Refusal]


class LineBuilder:
    """Builds lines; keeps the checked start and end of each (device, stream, unit, epoch, clock)."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str, str, str], tuple[str, str]] = {}

    def build(self, points: Sequence[Point]) -> Lines:
        """Lines for the points. Refuses with bad_tag, bad_time, bad_text, not_finite (see `check_point`)."""
        lines: list[str] = []
        add, find = lines.append, self._kept.get
        refusals: list[Refusal] = []
        for point in points:
            device, stream, unit, time_ns, value, epoch, seq, clock = point
            ends = find((device, stream, unit, epoch, clock))
            if (
                ends is not None
                and value.__class__ is float
                and value - value == 0.0  # finite, at half the cost of isfinite
                and EARLIEST_NS <= time_ns <= LATEST_NS
            ):
                add(f"{ends[0]}v={value!r}{ends[1]}{seq}i {time_ns}")
            elif (refusal := check_point(point)) is not None:
                add("")
                refusals.append(refusal)
            else:
                add(self._line(point))
        if not refusals:
            return Lines(points, lines, refusals)
        kept = [(point, line) for point, line in zip(points, lines, strict=True) if line]
        return Lines([point for point, _ in kept], [line for _, line in kept], refusals)

    def _line(self, point: Point) -> str:
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        head = f"{MEASUREMENT},device={point.device},stream={point.stream} "
        labels = f",u={quote(point.unit)},epoch={quote(point.epoch)},clock={quote(point.clock)},seq="
        self._kept[point.device, point.stream, point.unit, point.epoch, point.clock] = (head, labels)
        return f"{head}{field(point.value)}{labels}{point.seq}i {point.time_ns}"


def field(value: Value) -> str:
    """The value as a field: `v`, `vb` or `vs` by its type."""
    if isinstance(value, bool):
        return f"vb={'true' if value else 'false'}"
    if isinstance(value, str):
        return f"vs={quote(value)}"
    return f"v={float(value)!r}"


def quote(text: str) -> str:
    """A string field value; within the quotes only the quote and the backslash are special."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
