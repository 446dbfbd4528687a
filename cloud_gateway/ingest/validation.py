"""What a gateway accepts of a frame: pure checks that sort its records into facts and rejections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from cloud_gateway.readings.series import Point, point_time
from edge_agent.wire.messages import ALARM, GAP, HEARTBEAT, READING, AlarmBody, Frame, GapBody, HeartbeatBody, Record
from edge_agent.wire.senml import Pack
from edge_agent.wire.topics import Lane

#: Times outside are no times of this system: 1980-01-01 and 2100-01-01, ms UTC.
EARLIEST_AT = 315_532_800_000
LATEST_AT = 4_102_444_800_000
MAX_MONO = 2**63 - 1

Body = AlarmBody | GapBody | HeartbeatBody | None

_pack_decoder = msgspec.json.Decoder(Pack)
_BODIES: dict[tuple[Lane, str], msgspec.json.Decoder[AlarmBody | GapBody | HeartbeatBody]] = {
    (Lane.ALARM, ALARM): msgspec.json.Decoder(AlarmBody),
    (Lane.READING, GAP): msgspec.json.Decoder(GapBody),
    (Lane.DIAGNOSTIC, GAP): msgspec.json.Decoder(GapBody),
    (Lane.DIAGNOSTIC, HEARTBEAT): msgspec.json.Decoder(HeartbeatBody),
}


class Row(NamedTuple):
    """A record for the relational store, with its body read where the gateway acts on it."""

    record: Record
    body: Body


class Rejected(NamedTuple):
    """A record refused for good."""

    record: Record
    code: str
    detail: str


@dataclass
class Accepted:
    """A frame after the checks. `points` belong to readings; every seq is in exactly one of the three."""

    device: str
    frame: Frame
    points: list[Point] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class RecordError(ValueError):
    """One record is refused; `code` is its name in the dead letters."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def sort_records(device: str, frame: Frame) -> Accepted:
    """Check every record by itself, so that a bad one never holds up the rest."""
    accepted = Accepted(device, frame)
    readings = frame.lane is Lane.READING
    for record in frame.records:
        try:
            if not EARLIEST_AT <= record.at < LATEST_AT:
                raise RecordError("time_out_of_range", f"at {record.at} is before 1980 or after 2099")
            if readings and record.kind == READING:
                accepted.points += _points(device, frame.epoch, record)
            else:
                accepted.rows.append(Row(record, _body(frame.lane, record)))
        except RecordError as exc:
            accepted.rejected.append(Rejected(record, exc.code, str(exc)[:300]))
    return accepted


def _points(device: str, epoch: str, record: Record) -> list[Point]:
    try:
        pack = _pack_decoder.decode(record.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise RecordError("malformed_reading", str(exc)) from exc
    seq, clock = record.seq, record.clock.value
    points = []
    for entry in pack:
        value = entry.v
        if value is None or entry.vb is not None or entry.vs is not None:
            try:
                value = entry.value  # type: ignore[assignment]  # bool or text
            except ValueError as exc:
                raise RecordError("bad_value", str(exc)) from exc
        assert value is not None
        time_ns = point_time(record.at, seq, entry.t)
        points.append(Point(device, entry.n, entry.u, time_ns, value, epoch, seq, clock))
    if len(points) > 1:
        _check_times(points)
    return points


def _check_times(points: list[Point]) -> None:
    seen: set[tuple[str, int]] = set()
    for point in points:
        if not EARLIEST_AT <= point.time_ns // 1_000_000 < LATEST_AT:
            raise RecordError("time_out_of_range", f"an entry of {point.stream!r} is before 1980 or after 2099")
        if (point.stream, point.time_ns) in seen:
            raise RecordError("duplicate_time", f"two values of {point.stream!r} at one time")
        seen.add((point.stream, point.time_ns))


def _body(lane: Lane, record: Record) -> Body:
    """Read the bodies that the gateway acts on; others are kept as they came."""
    if not -MAX_MONO <= record.mono <= MAX_MONO:
        raise RecordError("bad_value", "mono does not fit 63 bits")
    if record.kind == GAP and lane in (Lane.ALARM, Lane.RECORD):
        raise RecordError("gap_not_allowed", f"lane {lane.value} never has a gap")
    decoder = _BODIES.get((lane, record.kind))
    if decoder is None:
        if lane in (Lane.ALARM, Lane.READING):
            raise RecordError("unknown_kind", f"{record.kind} on lane {lane.value}")
        return None
    try:
        return decoder.decode(record.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise RecordError("malformed_body", str(exc)) from exc
