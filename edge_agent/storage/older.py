"""Facts of older epochs, salvaged of damaged files: what is still to be sent, and what is kept until it is safe."""

from __future__ import annotations

import sqlite3
from collections import Counter

from edge_agent.storage import kept, store
from edge_agent.storage.facts import Pending
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.topics import Lane

#: An epoch and one of its lanes.
Older = tuple[str, Lane]


def waiting(c: sqlite3.Connection) -> dict[Older, int]:
    """How many facts are still to be sent, by epoch and lane."""
    rows = c.execute("SELECT epoch, lane, count(*) FROM salvaged WHERE acked=0 GROUP BY epoch, lane")
    return {(epoch, Lane(lane)): count for epoch, lane, count in rows}


def kept_lanes(c: sqlite3.Connection) -> set[Older]:
    """Where acknowledged facts are kept."""
    return {(epoch, Lane(lane)) for epoch, lane in c.execute("SELECT DISTINCT epoch, lane FROM salvaged WHERE acked=1")}


def settle(c: sqlite3.Connection, epoch: str, lane: Lane, ack: LaneAck, *, keeps: bool) -> int:
    """Act on an ack of an older epoch; returns how many facts are still to be sent.

    With `keeps`, what it names is kept until it is safe, and what it no longer names is to be sent again.
    """
    if keeps:
        _delete(c, epoch, lane, [(r.seq, r.seq) for r in ack.rejected])
        _mark(c, epoch, lane, [(1, ack.upto), *ack.ranges], acked=1)
        _mark(c, epoch, lane, kept.holes(ack), acked=0)
        _delete(c, epoch, lane, [(1, min(ack.safe or 0, ack.upto))])
    else:
        _delete(c, epoch, lane, store.spans_of(ack))
    query = "SELECT count(*) FROM salvaged WHERE epoch=? AND lane=? AND acked=0"
    return int(c.execute(query, (epoch, lane.value)).fetchone()[0])


def _mark(c: sqlite3.Connection, epoch: str, lane: Lane, spans: kept.Spans, *, acked: int) -> None:
    query = "UPDATE salvaged SET acked=? WHERE epoch=? AND lane=? AND seq BETWEEN ? AND ? AND acked<>?"
    c.executemany(query, [(acked, epoch, lane.value, first, last, acked) for first, last in spans])


def _delete(c: sqlite3.Connection, epoch: str, lane: Lane, spans: kept.Spans) -> None:
    query = "DELETE FROM salvaged WHERE epoch=? AND lane=? AND seq BETWEEN ? AND ?"
    c.executemany(query, [(epoch, lane.value, first, last) for first, last in spans])


def evict(c: sqlite3.Connection, rows: int) -> None:
    """Let go of so many facts that are only kept, and count them: the file has no room."""
    query = "SELECT epoch, lane, seq FROM salvaged WHERE acked=1 ORDER BY epoch, lane, seq LIMIT ?"
    gone = c.execute(query, (rows,)).fetchall()
    c.executemany("DELETE FROM salvaged WHERE epoch=? AND lane=? AND seq=?", gone)
    for lane, count in Counter(lane for _, lane, _ in gone).items():
        store.count_unsafe(c, Lane(lane), count)


def read_waiting(c: sqlite3.Connection, epoch: str, lane: Lane, limit: int) -> list[Pending]:
    """The first facts that are still to be sent, at most `limit`."""
    return store.read_facts(c, "salvaged WHERE epoch=? AND lane=? AND acked=0", (epoch, lane.value), 0, limit)


def read_newest_kept(c: sqlite3.Connection, epoch: str, lane: Lane) -> list[Pending]:
    """The newest fact that is kept; none when all have gone."""
    which = (epoch, lane.value)
    (newest,) = c.execute("SELECT max(seq) FROM salvaged WHERE epoch=? AND lane=? AND acked=1", which).fetchone()
    return [] if newest is None else store.read_facts(c, "salvaged WHERE epoch=? AND lane=?", which, newest - 1, 1)
