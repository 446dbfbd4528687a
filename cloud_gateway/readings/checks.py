"""What every series store asks of a point before it takes it, so that all stores refuse the same points."""

from __future__ import annotations

import math

from cloud_gateway.readings.series import Point, Refusal
from edge_agent.wire.senml import Value
from edge_agent.wire.topics import DEVICE_ID, STREAM_NAME

#: The times that InfluxDB can hold, ns since 1970 (years 1677 to 2262); SQLite is kept to the same.
EARLIEST_NS = -9_223_372_036_854_775_806
LATEST_NS = 9_223_372_036_854_775_806


def check_point(point: Point) -> Refusal | None:
    """Why no store takes this point, or None. Codes: bad_tag, bad_time, bad_text, not_finite."""
    if not names_fit(point.device, point.stream):
        names = f"device {point.device!r}, stream {point.stream!r}"
        return Refusal(point, "bad_tag", f"{names}: not of the wire's grammar")
    if not EARLIEST_NS <= point.time_ns <= LATEST_NS:
        return Refusal(point, "bad_time", f"{point.time_ns} ns since 1970 is outside of what stores can hold")
    if not all(map(_encodable, (point.unit, point.epoch, point.clock, point.value))):
        return Refusal(point, "bad_text", "a text of the point cannot be written as UTF-8")
    if not _finite(point.value):
        return Refusal(point, "not_finite", f"value {point.value} is not a finite number")
    return None


def names_fit(device: str, stream: str) -> bool:
    """Whether both are of the wire's grammar, and so need no escaping anywhere."""
    return bool(DEVICE_ID.fullmatch(device) and STREAM_NAME.fullmatch(stream))


def _encodable(value: Value) -> bool:
    if not isinstance(value, str):
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _finite(value: Value) -> bool:
    try:
        return isinstance(value, str) or math.isfinite(value)
    except OverflowError:  # an int too large for a float
        return False
