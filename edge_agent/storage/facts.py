"""What goes into the outbox and comes out of it, and the checks that keep out what could not travel."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import msgspec

from edge_agent.wire.messages import MAX_SEQ, ClockQuality, is_kind
from edge_agent.wire.topics import Lane

#: Bodies above this could not travel: a frame is at most 128 KiB.
MAX_BODY_BYTES = 96 * 1024
MAX_MILLIS = 2**53
#: A body must still be readable within a frame, deeper than by itself.
FRAME_DEPTH = 16

_any_json = msgspec.json.Decoder()


class Item(NamedTuple):
    """A fact on its way into the outbox. `body` is JSON; `at` ms UTC, `mono` ns.

    `remember` is a (key, text) kept with it in the same commit, for `recall` after a restart.
    """

    lane: Lane
    kind: str
    body: bytes
    at: int
    clock: ClockQuality
    mono: int
    remember: tuple[str, str] | None = None


class Pending(NamedTuple):
    """A fact in the outbox. `skip`: so many numbers directly before it are no longer there."""

    seq: int
    kind: str
    at: int
    clock: str
    mono: int
    boot: str
    body: bytes
    skip: int = 0


def checksum(lane: str, seq: int, kind: str, at: int, clock: str, mono: int, boot: str, body: bytes) -> int:
    """CRC-32 over all of a row: SQLite's own checks do not cover what stands in a page (faults.md F11)."""
    return crc32(f"{lane} {seq} {kind} {at} {clock} {mono} {boot} ".encode(), crc32(body))


def check_item(item: Item) -> None:
    """Raise ValueError for what the gateway could not read: later it would hold up its whole frame."""
    if not is_kind(item.kind):
        raise ValueError(f"kind {item.kind[:40]!r} is no name and version; write it as rating/1")
    if abs(item.at) > MAX_MILLIS or abs(item.mono) > MAX_SEQ:
        raise ValueError(f"at {item.at} or mono {item.mono} is no time")
    if len(item.body) > MAX_BODY_BYTES:
        raise ValueError(f"a body of {len(item.body)} bytes; at most {MAX_BODY_BYTES} can travel")
    try:
        _any_json.decode(item.body)
        _any_json.decode(b"[" * FRAME_DEPTH + item.body + b"]" * FRAME_DEPTH)
        "".join(item.remember or ()).encode()
    except (msgspec.DecodeError, RecursionError, UnicodeError) as exc:
        raise ValueError(f"a body that is no JSON, or a text that is no UTF-8: {exc}") from exc
