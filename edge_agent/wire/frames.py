"""Frames: how records of one lane travel together, and how a receiver takes them apart without trusting them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from edge_agent.wire.messages import MAX_FRAME_BYTES, MAX_FRAME_RECORDS, VERSION, Frame, Record
from edge_agent.wire.topics import Lane

#: What a record costs beside its body, and a frame beside its records; checked by a test, generous.
RECORD_OVERHEAD = 400
FRAME_OVERHEAD = 300

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Frame)
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
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError("frame_too_large", f"{len(payload)} bytes; at most {MAX_FRAME_BYTES}")
    try:
        frame = _decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise _explain(payload, exc) from exc
    if frame.v != VERSION:
        raise FrameError("unknown_version", f"version {frame.v}; this gateway knows {VERSION}")
    if frame.lane is not lane:
        raise FrameError("lane_mismatch", f"lane {frame.lane.value} on the topic of {lane.value}")
    last = 0
    for record in frame.records:
        if record.seq <= last:
            raise FrameError("seq_order", f"seq {record.seq} after {last}")
        last = record.seq
    return frame


def _explain(payload: bytes, exc: Exception) -> FrameError:
    """An undecodable frame may be of another version; say that rather than what differs."""
    try:
        version = _version_decoder.decode(payload).get("v")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        version = None
    if version is not None and bytes(version) != str(VERSION).encode():
        return FrameError("unknown_version", f"version {bytes(version)[:20]!r}; this gateway knows {VERSION}")
    return FrameError("malformed_frame", str(exc)[:300])
