"""What a gateway accepts of a frame: pure checks that sort its records into facts and rejections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from cloud_gateway.readings.series import Point, point_time
from edge_agent.wire.messages import (
    ALARM,
    DAMAGED,
    GAP,
    HEARTBEAT,
    READING,
    AlarmBody,
    ClockQuality,
    Frame,
    GapBody,
    HeartbeatBody,
    Record,
    is_kind,
)
from edge_agent.wire.ratings import HEAD_SEEN, HeadSeenBody
from edge_agent.wire.senml import Entry, Pack, Value
from edge_agent.wire.topics import Lane

#: Times outside are no times of this system: 1980-01-01 and 2100-01-01, ms UTC.
EARLIEST_AT = 315_532_800_000
LATEST_AT = 4_102_444_800_000
MAX_MONO = 2**63 - 1
#: Of what becomes an entry of the evidence log: every reader of JSON holds it exactly.
MAX_EVIDENCED = 2**53 - 1

Body = AlarmBody | GapBody | HeartbeatBody | HeadSeenBody | None

_new = tuple.__new__  # a NamedTuple without the detour through its own constructor
_pack_decoder = msgspec.json.Decoder(Pack)
_json_decoder = msgspec.json.Decoder()
_BODIES: dict[tuple[Lane, str], msgspec.json.Decoder[AlarmBody | GapBody | HeartbeatBody | HeadSeenBody]] = {
    (Lane.ALARM, ALARM): msgspec.json.Decoder(AlarmBody),
    (Lane.ALARM, DAMAGED): msgspec.json.Decoder(GapBody),
    (Lane.RECORD, DAMAGED): msgspec.json.Decoder(GapBody),
    (Lane.READING, GAP): msgspec.json.Decoder(GapBody),
    (Lane.DIAGNOSTIC, GAP): msgspec.json.Decoder(GapBody),
    (Lane.DIAGNOSTIC, HEARTBEAT): msgspec.json.Decoder(HeartbeatBody),
    (Lane.DIAGNOSTIC, HEAD_SEEN): msgspec.json.Decoder(HeadSeenBody),
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
    """A frame after the checks. `points` belong to readings; every seq is in exactly one of the three.

    With a `shift_ms`, that has been added to the times of records whose clock was unset.
    """

    device: str
    frame: Frame
    points: list[Point] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    shift_ms: int = 0
    may_be_unset: bool = False  # a clock in it may be unset: it is to be looked at

    def said_at(self, record: Record) -> int:
        """The device's own time of a record of this frame."""
        return record.at - self.shift_ms if record.clock is ClockQuality.UNSET else record.at


class RecordError(ValueError):
    """One record is refused; `code` is its name in the dead letters."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def sort_records(device: str, frame: Frame, shift_ms: int = 0) -> Accepted:
    """Check every record by itself, so that a bad one never holds up the rest.

    `shift_ms` is what has been added to the times of records whose clock was unset; their bodies' times follow.
    """
    accepted = Accepted(device, frame, shift_ms=shift_ms)
    readings, epoch, points = frame.lane is Lane.READING, frame.epoch, accepted.points
    for record in frame.records:
        try:
            if not EARLIEST_AT <= record.at < LATEST_AT:
                check_time("at", record.at)
            if readings and record.kind == READING:
                points += _points(device, epoch, record)
            else:
                accepted.rows.append(Row(record, _body(frame.lane, record, shift_ms)))
        except RecordError as exc:
            accepted.rejected.append(Rejected(record, exc.code, str(exc)[:300]))
    return accepted


def sort_salvaged(device: str, frame: Frame, faults: Mapping[int, str]) -> Accepted:
    """The same for a frame of which some records could not be read: `faults` are theirs, by seq."""
    readable = [record for record in frame.records if record.seq not in faults]
    sorted_ = sort_records(device, msgspec.structs.replace(frame, records=readable))
    bad = [Rejected(r, "malformed_record", faults[r.seq]) for r in frame.records if r.seq in faults]
    rejected = sorted(sorted_.rejected + bad, key=lambda rejected: rejected.record.seq)
    return Accepted(device, frame, sorted_.points, sorted_.rows, rejected)


def check_time(name: str, at: int) -> None:
    """Raises RecordError for a time (ms UTC) that is none of this system."""
    if not EARLIEST_AT <= at < LATEST_AT:
        raise RecordError("time_out_of_range", f"{name} {at} is before 1980 or after 2099")


def _points(device: str, epoch: str, record: Record) -> list[Point]:
    """The hot path of ingest: every reading of every device comes through here."""
    try:
        pack = _pack_decoder.decode(record.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise RecordError("malformed_reading", str(exc)) from exc
    seq, clock = record.seq, record.clock._value_  # `.value` costs ten times as much
    if len(pack) == 1:
        (entry,) = pack
        if entry.v is not None and entry.vb is None and entry.vs is None and not entry.t:
            time_ns = record.at * 1_000_000 + seq % 1_000_000
            return [_new(Point, (device, entry.n, entry.u, time_ns, entry.v, epoch, seq, clock))]
    points = [
        Point(device, entry.n, entry.u, point_time(record.at, seq, entry.t), _value(entry), epoch, seq, clock)
        for entry in pack
    ]
    _check_times(points)
    return points


def _value(entry: Entry) -> Value:
    try:
        return entry.value
    except ValueError as exc:
        raise RecordError("bad_value", str(exc)) from exc


def _check_times(points: list[Point]) -> None:
    seen: set[tuple[str, int]] = set()
    for point in points:
        check_time(f"an entry of {point.stream!r} at", point.time_ns // 1_000_000)
        if (point.stream, point.time_ns) in seen:
            raise RecordError("duplicate_time", f"two values of {point.stream!r} at one time")
        seen.add((point.stream, point.time_ns))


def _body(lane: Lane, record: Record, shift_ms: int) -> Body:
    """Read the bodies that the gateway acts on; others are kept as they came."""
    if not -MAX_MONO <= record.mono <= MAX_MONO:
        raise RecordError("bad_value", "mono does not fit 63 bits")
    said_at = record.at - shift_ms
    if max(record.seq, abs(said_at)) > MAX_EVIDENCED and lane in (Lane.ALARM, Lane.RECORD):
        raise RecordError("bad_value", f"seq or time of lane {lane.value} does not fit 53 bits")
    if record.kind == GAP and lane in (Lane.ALARM, Lane.RECORD):
        raise RecordError("gap_not_allowed", f"lane {lane.value} never has a gap")
    if not is_kind(record.kind):
        raise RecordError("unknown_kind", f"{record.kind[:40]!r} is no kind; write it as rating/1")
    decoder = _BODIES.get((lane, record.kind))
    if decoder is None and lane in (Lane.ALARM, Lane.READING):
        raise RecordError("unknown_kind", f"{record.kind} on lane {lane.value}")
    try:
        _json_decoder.decode(record.body)  # what is kept can be read by everybody
        body = decoder.decode(record.body) if decoder is not None else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise RecordError("malformed_body", str(exc)) from exc
    if shift_ms and record.clock is ClockQuality.UNSET:
        body = _shift_body(body, shift_ms)
    return _believe(body, record.at)


def _shift_body(body: Body, by_ms: int) -> Body:
    """The times in a body by the same clock as its record's."""
    match body:
        case AlarmBody():
            return msgspec.structs.replace(body, since=body.since + by_ms)
        case GapBody():
            return msgspec.structs.replace(body, since=body.since + by_ms, until=body.until + by_ms)
        case HeartbeatBody() if body.oldest_at is not None:
            return msgspec.structs.replace(body, oldest_at=body.oldest_at + by_ms)
    return body


def _believe(body: Body, at: int) -> Body:
    """The body without times that its record, made at `at`, shows to be wrong: its clock was set in between.

    No fact is refused for such a time; the body is stored as it came. Raises RecordError.
    """
    match body:
        case AlarmBody() if not EARLIEST_AT <= body.since <= at:
            return msgspec.structs.replace(body, since=at)
        case GapBody():
            check_time("until", body.until)
            return body if EARLIEST_AT <= body.since <= body.until else msgspec.structs.replace(body, since=body.until)
        case HeartbeatBody() if body.oldest_at is not None and not EARLIEST_AT <= body.oldest_at < LATEST_AT:
            return msgspec.structs.replace(body, oldest_at=None)
    return body
