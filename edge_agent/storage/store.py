"""The SQL of the outbox: what its file holds, and what a commit changes in it. All of it runs in the file's thread."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from edge_agent.storage.facts import Item, Pending
from edge_agent.storage.sqlite import transaction
from edge_agent.wire.messages import GapBody, LaneAck
from edge_agent.wire.topics import Lane

#: Refused facts kept of each lane; the gateway has them all in its dead letters.
DEAD_ROWS = 1000
LOSS = "overflow"


class Contents(NamedTuple):
    """What a file held when it was opened: `last` seq and `depth` by lane, and samples dropped but not yet named."""

    epoch: str
    last: dict[Lane, int]
    depth: dict[Lane, int]
    loss: GapBody | None


def load(connection: sqlite3.Connection) -> Contents:
    """Read what is there; a new file is given its epoch and its lanes."""
    with transaction(connection) as c:
        c.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
        c.executemany("INSERT OR IGNORE INTO lane VALUES (?, 1)", [(lane.value,) for lane in Lane])
    (epoch,) = connection.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()
    last = {Lane(name): following - 1 for name, following in connection.execute("SELECT name, next FROM lane")}
    counts = dict(connection.execute("SELECT lane, count(*) FROM pending GROUP BY lane"))
    loss = connection.execute("SELECT value FROM meta WHERE key=?", (LOSS,)).fetchone()
    return Contents(
        epoch,
        last,
        {lane: counts.get(lane.value, 0) for lane in Lane},
        msgspec.json.decode(loss[0], type=GapBody) if loss else None,
    )


def insert(c: sqlite3.Connection, items: Sequence[Item], boot: str) -> list[int]:
    """Number the items by lane and store them, with what they are to be remembered by. Returns their seqs."""
    start: dict[str, int] = dict(c.execute("SELECT name, next FROM lane"))
    following = dict(start)
    seqs = []
    for item in items:
        seqs.append(following[item.lane.value])
        following[item.lane.value] += 1
    c.executemany(
        "INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (i.lane.value, seq, i.kind, i.at, i.clock.value, i.mono, boot, i.body)
            for seq, i in zip(seqs, items, strict=True)
        ],
    )
    notes = [i.remember for i in items if i.remember is not None]
    c.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value=excluded.value", notes)
    moved = [(following[name], name) for name in start if following[name] != start[name]]
    c.executemany("UPDATE lane SET next=? WHERE name=?", moved)
    return seqs


def delete(c: sqlite3.Connection, lane: Lane, ack: LaneAck) -> int:
    """Delete what `ack` names; refused rows are kept in `dead` first. Returns how many rows went."""
    for rejection in ack.rejected:
        c.execute(
            "INSERT OR IGNORE INTO dead SELECT lane, seq, ?, kind, at, body FROM pending WHERE lane=? AND seq=?",
            (rejection.code, lane.value, rejection.seq),
        )
    if ack.rejected:
        c.execute(
            "DELETE FROM dead WHERE lane=? AND seq <= (SELECT seq FROM dead WHERE lane=? ORDER BY seq DESC "
            "LIMIT 1 OFFSET ?)",
            (lane.value, lane.value, DEAD_ROWS),
        )
    spans: Iterable[tuple[int, int]] = [(1, ack.upto), *ack.ranges, *((r.seq, r.seq) for r in ack.rejected)]
    return sum(
        c.execute("DELETE FROM pending WHERE lane=? AND seq BETWEEN ? AND ?", (lane.value, first, last)).rowcount
        for first, last in spans
    )


def note_loss(c: sqlite3.Connection, loss: GapBody | None) -> None:
    """Keep the tally over a restart until a gap record has named it."""
    c.execute("DELETE FROM meta WHERE key=?", (LOSS,))
    if loss is not None:
        c.execute("INSERT INTO meta VALUES (?, ?)", (LOSS, msgspec.json.encode(loss).decode()))


def read_pending(connection: sqlite3.Connection, lane: Lane, after: int, limit: int) -> list[Pending]:
    """Facts of a lane with seq > `after`, in order, at most `limit`."""
    rows = connection.execute(
        "SELECT seq, kind, at, clock, mono, boot, body FROM pending WHERE lane=? AND seq>? ORDER BY seq LIMIT ?",
        (lane.value, after, limit),
    )
    return [Pending(*row) for row in rows]


def read_oldest(connection: sqlite3.Connection, lanes: Sequence[Lane]) -> int | None:
    """The smallest `at` (ms UTC) among the first facts of the lanes; None when there are none."""
    first = "SELECT at FROM pending WHERE lane=? ORDER BY seq LIMIT 1"
    return min((at for lane in lanes for (at,) in connection.execute(first, (lane.value,))), default=None)


def read_memory(connection: sqlite3.Connection, prefix: str) -> dict[str, str]:
    """What was remembered under keys that begin with `prefix`, by the rest of the key."""
    rows = connection.execute(
        "SELECT substr(key, ?), value FROM meta WHERE key GLOB ?", (len(prefix) + 1, prefix + "*")
    )
    return dict(rows.fetchall())


def next_connection(connection: sqlite3.Connection) -> int:
    """A number greater than all before, committed."""
    with transaction(connection) as c:
        c.execute("INSERT INTO meta VALUES ('conn', 1) ON CONFLICT (key) DO UPDATE SET value=value+1")
        return int(c.execute("SELECT value FROM meta WHERE key='conn'").fetchone()[0])
