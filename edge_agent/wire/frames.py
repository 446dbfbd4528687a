"""Frames: how records of one lane travel together, and how a receiver takes them apart without trusting them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from edge_agent.wire.messages import (
    MAX_FRAME_BYTES,
    MAX_FRAME_RECORDS,
    VERSION,
    BootId,
    ClockQuality,
    Epoch,
    Frame,
    Record,
    Seq,
)
from edge_agent.wire.topics import Lane

#: What a record costs beside its body, and a frame beside its records; checked by a test, generous.
RECORD_OVERHEAD = 400
FRAME_OVERHEAD = 300
#: The kind of the stand-in of a record that cannot be read; no device can say it.
UNREADABLE = "unreadable"


class _Envelope(Struct):
    """A frame whose records are not looked at yet."""

    epoch: Epoch
    lane: Lane
    boot: BootId
    records: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_FRAME_RECORDS)]
    v: int = VERSION


class _Numbered(Struct):
    """The least that a record needs to be refused by itself."""

    seq: Seq


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Frame)
_envelope_decoder = msgspec.json.Decoder(_Envelope)
_record_decoder = msgspec.json.Decoder(Record)
_numbered_decoder = msgspec.json.Decoder(_Numbered)
_version_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass
class FrameError(Exception):
    """A payload that is no acceptable frame: `code` for the dead letters, `detail` for people."""

    code: str
    detail: str

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame."""
    return _encoder.encode(frame)


def split_records(records: Iterable[tuple[str, Record]]) -> Iterator[tuple[str, list[Record]]]:
    """Group (boot, record) in order into frames' worth: one boot each, within the size and count limits."""
    group: list[Record] = []
    boot, size = "", FRAME_OVERHEAD
    for of_boot, record in records:
        cost = len(memoryview(record.body)) + RECORD_OVERHEAD
        if group and (of_boot != boot or size + cost > MAX_FRAME_BYTES or len(group) == MAX_FRAME_RECORDS):
            yield boot, group
            group, size = [], FRAME_OVERHEAD
        boot = of_boot
        group.append(record)
        size += cost
    if group:
        yield boot, group


def decode_frame(lane: Lane, payload: bytes) -> Frame:
    """Decode and check a frame that came on `lane`'s topic.

    Raises FrameError with one of the codes frame_too_large, unknown_version, malformed_frame, lane_mismatch,
    seq_order.
    """
    _check_size(payload)
    try:
        frame = _decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise _explain(payload, exc) from exc
    _check_frame(lane, frame)
    return frame


def salvage_frame(lane: Lane, payload: bytes) -> tuple[Frame, dict[int, str]]:
    """Decode a frame that `decode_frame` calls malformed, when that is the fault of single records.

    Returns the frame with all its records, and what is wrong with the bad ones, by seq: these are stand-ins, whose
    body is the whole of what came. Raises FrameError as `decode_frame` does, also when a seq cannot be read.
    """
    _check_size(payload)
    faults: dict[int, str] = {}
    try:
        envelope = _envelope_decoder.decode(payload)
        records = [_salvage_record(raw, faults) for raw in envelope.records]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise _explain(payload, exc) from exc
    frame = Frame(envelope.epoch, envelope.lane, envelope.boot, records, envelope.v)
    _check_frame(lane, frame)
    return frame, faults


def _salvage_record(raw: msgspec.Raw, faults: dict[int, str]) -> Record:
    try:
        return _record_decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        seq = _numbered_decoder.decode(raw).seq
        faults.setdefault(seq, str(exc)[:300])
        return Record(seq, UNREADABLE, 0, ClockQuality.UNSET, 0, raw)


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError("frame_too_large", f"{len(payload)} bytes; at most {MAX_FRAME_BYTES}")


def _check_frame(lane: Lane, frame: Frame) -> None:
    if frame.v != VERSION:
        raise FrameError("unknown_version", f"version {frame.v}; this gateway knows {VERSION}")
    if frame.lane is not lane:
        raise FrameError("lane_mismatch", f"lane {frame.lane.value} on the topic of {lane.value}")
    last = 0
    for record in frame.records:
        if record.seq <= last:
            raise FrameError("seq_order", f"seq {record.seq} after {last}")
        last = record.seq


def _explain(payload: bytes, exc: Exception) -> FrameError:
    """An undecodable frame may be of another version; say that rather than what differs."""
    try:
        version = _version_decoder.decode(payload).get("v")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        version = None
    if version is not None and bytes(version) != str(VERSION).encode():
        return FrameError("unknown_version", f"version {bytes(version)[:20]!r}; this gateway knows {VERSION}")
    return FrameError("malformed_frame", str(exc)[:300])
