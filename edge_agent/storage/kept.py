"""Acknowledged alarms and records, kept until the gateway's backup has them: a restored gateway asks for them again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from edge_agent.storage import store
from edge_agent.storage.quotas import COST_SQL
from edge_agent.wire.messages import MAX_SEQ, LaneAck
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.topics import Lane

#: (first, last) of stretches of sequence numbers.
Spans = Iterable[tuple[int, int]]


class Settled(NamedTuple):
    """What an ack did to `pending`: rows that went, rows that came back, and the first of these (0: none)."""

    gone: int
    back: int = 0
    first_back: int = 0


def settle(c: sqlite3.Connection, lane: Lane, ack: LaneAck, room: int) -> Settled:
    """Keep what `ack` names as long as it takes no more than `room` bytes, take back what it no longer names, and let
    go of what is safe."""
    store.refuse(c, lane, ack)
    refused = store.remove(c, lane, [(r.seq, r.seq) for r in ack.rejected])
    safe = min(ack.safe or 0, ack.upto)
    gone = refused + store.remove(c, lane, [(1, safe)]) + _keep(c, lane, [(safe + 1, ack.upto), *ack.ranges], room)
    back, first = _take_back(c, lane, ack)
    _forget(c, lane, 1, safe)
    return Settled(gone, back, first)


def _keep(c: sqlite3.Connection, lane: Lane, spans: Spans, room: int) -> int:
    gone = 0
    for first, last in spans:
        rows, size = store.measure(c, "pending", lane, first, last)
        if rows and size <= room:
            where = (lane.value, first, last)
            c.execute("INSERT OR REPLACE INTO kept SELECT * FROM pending WHERE lane=? AND seq BETWEEN ? AND ?", where)
            c.execute("UPDATE lane SET kept=kept+? WHERE name=?", (size, lane.value))
            room -= size
        elif rows:
            store.count_unsafe(c, lane, rows)
        gone += store.remove(c, lane, [(first, last)]) if rows else 0
    return gone


def _take_back(c: sqlite3.Connection, lane: Lane, ack: LaneAck) -> tuple[int, int]:
    """The gateway knows less than it did: what it lacks is pending again. Returns how many, and the first."""
    back = lowest = 0
    for first, last in holes(ack):
        rows, size = store.measure(c, "kept", lane, first, last)
        if not rows:
            continue
        where = (lane.value, first, last)
        (least,) = c.execute("SELECT min(seq) FROM kept WHERE lane=? AND seq BETWEEN ? AND ?", where).fetchone()
        c.execute("INSERT INTO pending SELECT * FROM kept WHERE lane=? AND seq BETWEEN ? AND ?", where)
        c.execute("UPDATE lane SET rows=rows+?, bytes=bytes+? WHERE name=?", (rows, size, lane.value))
        _forget(c, lane, first, last)
        back, lowest = back + rows, lowest or least
    return back, lowest


def holes(ack: LaneAck) -> Iterator[tuple[int, int]]:
    """What an ack does not name, as (first, last)."""
    named = Ranges(ack.upto, [*ack.ranges, *((r.seq, r.seq) for r in ack.rejected)])
    first = named.upto + 1
    for span in named.sparse:
        yield first, span.first - 1
        first = span.last + 1
    yield first, MAX_SEQ


def evict(c: sqlite3.Connection, lane: Lane, need: int) -> int:
    """Let the oldest go until `need` bytes are free, or none is left, and count them. Returns the bytes freed."""
    freed = last = gone = 0
    rows = c.execute(f"SELECT seq, {COST_SQL} FROM kept WHERE lane=? ORDER BY seq", (lane.value,))  # noqa: S608 ours
    for seq, size in rows:
        if freed >= need:
            break
        freed, last, gone = freed + size, seq, gone + 1
    rows.close()
    if gone:
        _forget(c, lane, 1, last)
        store.count_unsafe(c, lane, gone)
    return freed


def _forget(c: sqlite3.Connection, lane: Lane, first: int, last: int) -> None:
    rows, size = store.measure(c, "kept", lane, first, last)
    if rows:
        c.execute("DELETE FROM kept WHERE lane=? AND seq BETWEEN ? AND ?", (lane.value, first, last))
        c.execute("UPDATE lane SET kept=max(0, kept-?) WHERE name=?", (size, lane.value))
