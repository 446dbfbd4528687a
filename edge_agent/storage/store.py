"""The SQL of the outbox: what its file holds, and what a commit changes in it. All of it runs in the file's thread."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from edge_agent.storage.facts import MAX_MILLIS, Item, Pending, checksum
from edge_agent.storage.overflow import DAMAGED as BY_THE_DISK
from edge_agent.storage.quotas import COST_SQL, LaneState, cost
from edge_agent.storage.sqlite import transaction
from edge_agent.wire.messages import DAMAGED, GAP, ClockQuality, GapBody, LaneAck
from edge_agent.wire.topics import Lane

#: Refused facts kept of each lane; the gateway has them all in its dead letters.
DEAD_ROWS = 1000
#: And of their bodies.
DEAD_BYTES = 1024 * 1024
LOSS = "overflow"


class Contents(NamedTuple):
    """What a file held when it was opened: its lanes, and samples dropped but not yet named."""

    epoch: str
    lanes: dict[Lane, LaneState]
    loss: GapBody | None


def load(connection: sqlite3.Connection) -> Contents:
    """Read what is there; a new file is given its epoch and its lanes."""
    with transaction(connection) as c:
        c.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
        c.executemany("INSERT OR IGNORE INTO lane (name, next) VALUES (?, 1)", [(lane.value,) for lane in Lane])
    (epoch,) = connection.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()
    loss = connection.execute("SELECT value FROM meta WHERE key=?", (LOSS,)).fetchone()
    return Contents(epoch, read_lanes(connection), msgspec.json.decode(loss[0], type=GapBody) if loss else None)


def read_lanes(c: sqlite3.Connection) -> dict[Lane, LaneState]:
    """How full the lanes are."""
    rows = c.execute("SELECT name, next, rows, bytes, kept, thinned, unsafe FROM lane")
    return {Lane(name): LaneState(*state) for name, *state in rows}


def insert(c: sqlite3.Connection, items: Sequence[Item], boot: str) -> list[int]:
    """Number the items by lane and store them, with what they are to be remembered by. Returns their seqs."""
    start: dict[str, int] = dict(c.execute("SELECT name, next FROM lane"))
    following, taken = dict(start), dict.fromkeys(start, 0)
    seqs, rows = [], []
    for item in items:
        lane = item.lane.value
        seq = following[lane]
        following[lane] = seq + 1
        taken[lane] += cost(len(item.body))
        seqs.append(seq)
        row = (lane, seq, item.kind, item.at, item.clock.value, item.mono, boot, item.body)
        rows.append((*row, checksum(*row)))
    c.executemany("INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    notes = [i.remember for i in items if i.remember is not None]
    c.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value=excluded.value", notes)
    moved = [(following[n], following[n] - start[n], taken[n], n) for n in start if following[n] != start[n]]
    c.executemany("UPDATE lane SET next=?, rows=rows+?, bytes=bytes+? WHERE name=?", moved)
    return seqs


def delete(c: sqlite3.Connection, lane: Lane, ack: LaneAck) -> int:
    """Delete what `ack` names; refused rows are kept in `dead` first. Returns how many rows went."""
    refuse(c, lane, ack)
    return remove(c, lane, spans_of(ack))


def refuse(c: sqlite3.Connection, lane: Lane, ack: LaneAck) -> None:
    """Keep a copy of what the gateway refused, with its code."""
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
        c.execute(
            "DELETE FROM dead WHERE (lane, seq) IN (SELECT lane, seq FROM (SELECT lane, seq, sum(length(body)) "
            "OVER (PARTITION BY lane ORDER BY seq DESC) AS newer FROM dead WHERE lane=?) WHERE newer > ?)",
            (lane.value, DEAD_BYTES),
        )


def spans_of(ack: LaneAck) -> list[tuple[int, int]]:
    """All that an ack names as (first, last)."""
    return [(1, ack.upto), *ack.ranges, *((r.seq, r.seq) for r in ack.rejected)]


def remove(c: sqlite3.Connection, lane: Lane, spans: Iterable[tuple[int, int]]) -> int:
    """Take rows out of `pending` by (first, last), and off the lane's count. Returns how many."""
    total = size = 0
    for first, last in spans:
        rows, taken = measure(c, "pending", lane, first, last)
        if rows:
            c.execute("DELETE FROM pending WHERE lane=? AND seq BETWEEN ? AND ?", (lane.value, first, last))
            total, size = total + rows, size + taken
    if total:
        c.execute("UPDATE lane SET rows=rows-?, bytes=max(0, bytes-?) WHERE name=?", (total, size, lane.value))
    return total


def measure(c: sqlite3.Connection, table: str, lane: Lane, first: int, last: int) -> tuple[int, int]:
    """How many rows of first..last there are in `pending` or `kept`, and what they cost."""
    query = f"SELECT count(*), total({COST_SQL}) FROM {table} WHERE lane=? AND seq BETWEEN ? AND ?"  # noqa: S608 ours
    rows, size = c.execute(query, (lane.value, first, last)).fetchone()
    return rows, int(size)


def count_unsafe(c: sqlite3.Connection, lane: Lane, rows: int) -> None:
    """So many acknowledged facts had to go before a backup of the gateway had them."""
    c.execute("UPDATE lane SET unsafe=unsafe+? WHERE name=?", (rows, lane.value))


def note_loss(c: sqlite3.Connection, loss: GapBody | None) -> None:
    """Keep the tally over a restart until a gap record has named it."""
    c.execute("DELETE FROM meta WHERE key=?", (LOSS,))
    if loss is not None:
        c.execute("INSERT INTO meta VALUES (?, ?)", (LOSS, msgspec.json.encode(loss).decode()))


def read_pending(connection: sqlite3.Connection, lane: Lane, after: int, limit: int) -> list[Pending]:
    """Facts of a lane with seq > `after`, in order, at most `limit`."""
    return read_facts(connection, "pending WHERE lane=?", (lane.value,), after, limit)


def read_facts(c: sqlite3.Connection, where: str, which: tuple[str, ...], after: int, limit: int) -> list[Pending]:
    """The same of any table with the columns of `pending`."""
    (before,) = c.execute(f"SELECT coalesce(max(seq), 0) FROM {where} AND seq<=?", (*which, after)).fetchone()  # noqa: S608 ours
    rows = c.execute(
        "SELECT lane, seq, kind, at, clock, mono, boot, body, crc "  # noqa: S608 the tables are named in this package
        f"FROM {where} AND seq>? ORDER BY seq LIMIT ?",
        (*which, after, limit),
    )
    facts = []
    for lane, seq, kind, at, clock, mono, boot, body, crc in rows:
        fact = Pending(seq, kind, at, clock, mono, boot, body, seq - before - 1)
        sound = crc is None or crc == checksum(lane, seq, kind, at, clock, mono, boot, body)
        facts.append(fact if sound else _damaged(lane, fact))
        before = seq
    return facts


def _damaged(lane: str, fact: Pending) -> Pending:
    """What is sent in the place of a row that the card has altered: that it was, and nothing of it.

    Lanes that have no gaps say so by a record of a kind of its own, which the gateway keeps and shows as a gap.
    """
    kind = GAP if lane in (Lane.READING, Lane.DIAGNOSTIC) else DAMAGED
    try:
        at, mono, clock = int(fact.at), int(fact.mono), ClockQuality(fact.clock).value
    except (TypeError, ValueError):
        at = MAX_MILLIS + 1
    if abs(at) > MAX_MILLIS:  # the row does not say when
        at, mono, clock = 0, 0, ClockQuality.UNSET.value
    boot = str(fact.boot)[:64] or "?"
    gap = GapBody(BY_THE_DISK, 1, at, at, fact.seq, fact.seq)
    return Pending(fact.seq, kind, at, clock, mono, boot, msgspec.json.encode(gap), fact.skip)


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
