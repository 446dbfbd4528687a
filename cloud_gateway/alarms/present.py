"""What an alarm's rule measures now, from the newest values of its device. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_gateway.alarms.store import Alarm
from cloud_gateway.devices.store import Stream


def value_now(alarm: Alarm, streams: Sequence[Stream]) -> float | None:
    """In the alarm's unit; None where the newest values of its device's streams do not tell."""
    known = {s.name: s for s in streams}
    own = _number(known.get(alarm.stream))
    if alarm.type == "threshold" or own is None:
        return own
    expected = _number(next((s for s in streams if s.predicts == alarm.stream), None))
    return own - expected if alarm.type == "residual" and expected is not None else None


def _number(stream: Stream | None) -> float | None:
    value = None if stream is None else stream.value
    return None if value is None or isinstance(value, bool | str) else value
