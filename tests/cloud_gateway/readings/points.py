"""Points for the tests of the series stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

from cloud_gateway.readings.series import Point, point_time
from edge_agent.wire.senml import Value

AT = 1_795_305_600_000  # 2026-11-22, ms
EPOCH = "0123456789abcdef"


def make_point(
    seq: int,
    value: Value = 1.25,
    *,
    at: int = AT,
    device: str = "gauge-01",
    stream: str = "level",
    unit: str = "m",
    epoch: str = EPOCH,
    clock: str = "ntp",
) -> Point:
    """A point that differs from the next by what the test is about."""
    return Point(device, stream, unit, point_time(at, seq), value, epoch, seq, clock)


async def collect(points: AsyncIterator[Point]) -> list[Point]:
    """All of a scan, in order of time."""
    return sorted([point async for point in points], key=lambda point: point.time_ns)
