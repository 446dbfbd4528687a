"""Makes room in lanes that may have gaps: a bounded step thins or drops the oldest rows and names them in one gap."""

from __future__ import annotations

import sqlite3

import msgspec

from edge_agent.storage import store
from edge_agent.storage.overflow import DAMAGED, OLDEST_DROPPED, THINNED, joined
from edge_agent.storage.quotas import DETAIL_SHARE, LaneState
from edge_agent.storage.thinning import Stretch, choose_kept
from edge_agent.wire.messages import GAP, GapBody
from edge_agent.wire.ranges import runs
from edge_agent.wire.topics import Lane

#: Most rows that one step looks at; of a lane with fewer it drops one in so many.
STEP_ROWS = 2000
STEP_SHARE = 16

_gap_decoder = msgspec.json.Decoder(GapBody)


def step(c: sqlite3.Connection, lane: Lane, state: LaneState, quota: int) -> GapBody | None:
    """Make some room. Readings are thinned first, as long as more than their share of detail is as measured."""
    fresh = min(state.rows, state.next - 1 - state.thinned)  # their numbers have few holes
    if lane is Lane.READING and state.bytes * fresh > state.rows * quota * DETAIL_SHARE:
        return thin(c, state.thinned, max(2, min(STEP_ROWS, fresh // 2)))
    return drop_oldest(c, lane, max(2, min(STEP_ROWS, state.rows // STEP_SHARE)))


def thin(c: sqlite3.Connection, after: int, rows: int) -> GapBody | None:
    """Thin so many readings from the oldest that were not looked at before; None when all of them stay."""
    query = "SELECT seq, kind, at, boot, body FROM pending WHERE lane=? AND seq>? ORDER BY seq LIMIT ?"
    stretch = [Stretch(*row) for row in c.execute(query, (Lane.READING.value, after, rows))]
    if not stretch:
        return None
    kept = choose_kept(stretch)
    gone = [row for row in stretch if row.seq not in kept]
    store.remove(c, Lane.READING, runs(row.seq for row in gone))
    c.execute("UPDATE lane SET thinned=? WHERE name=?", (stretch[-1].seq, Lane.READING.value))
    if not gone:
        return None
    times = [row.at for row in gone]
    return GapBody(THINNED, len(gone), min(times), max(times), gone[0].seq, gone[-1].seq)


def drop_oldest(c: sqlite3.Connection, lane: Lane, rows: int, reason: str = OLDEST_DROPPED) -> GapBody | None:
    """Drop so many of the oldest rows; gap records among them are summed up in the one that names the rest."""
    query = "SELECT seq, kind, at, CASE kind WHEN ? THEN body END FROM pending WHERE lane=? ORDER BY seq LIMIT ?"
    oldest = c.execute(query, (GAP, lane.value, rows)).fetchall()
    if not oldest:
        return None
    gap: GapBody | None = None
    times = [at for _, kind, at, _ in oldest if kind != GAP]
    if times:
        gap = GapBody(reason, len(times), min(times), max(times), oldest[0][0], oldest[-1][0])
    for at, body in ((at, body) for _, kind, at, body in oldest if kind == GAP):
        gap = joined(gap, _read_gap(at, body))
    store.remove(c, lane, [(oldest[0][0], oldest[-1][0])])
    return gap


def _read_gap(at: int, body: bytes) -> GapBody:
    try:
        return _gap_decoder.decode(body)
    except msgspec.DecodeError:
        return GapBody(DAMAGED, 1, at, at)
