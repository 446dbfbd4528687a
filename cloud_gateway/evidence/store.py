"""The evidence log in the database: appending within the caller's transaction, and what proofs are made of."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, and_, cast, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.entries import Entry, Json, Sealed, seal_entry
from cloud_gateway.evidence.tables import evidence_entry, evidence_life, evidence_log, evidence_node, evidence_text
from edge_agent.proof import merkle
from edge_agent.proof.merkle import HASH_BYTES, Frontier, Node, Span

#: Places of one look: SQLite takes 32,766 variables.
LOOK = 5000
_ENTRY = "INSERT INTO evidence_entry (place, type, at, body, leaf) VALUES (?, ?, ?, ?, ?)"
_NODE = "INSERT INTO evidence_node (level, place, hash) VALUES (?, ?, ?)"
_e, _n, _l = evidence_entry.c, evidence_node.c, evidence_log.c


class BrokenLog(Exception):
    """The stored log is not what it was: a node or an entry is missing, or its edge does not fit."""


@dataclass
class State:
    """How far the log has grown. `restored_from` is a backup whose restoring the log does not hold yet."""

    frontier: Frontier
    restored_from: str | None = None
    restored_at: int | None = None
    fault: str = ""
    fault_at: int | None = None


class StoredEntry(NamedTuple):
    """An entry as it is stored: its canonical bytes."""

    place: int
    type: str
    at: int
    body: bytes
    leaf: bytes


async def append(connection: AsyncConnection, entries: Sequence[Entry], now: int) -> list[int]:
    """Append entries in the caller's writing transaction; returns their places. Raises EntryError.

    The first appending after a restore begins with the entry that says so. The transaction must have begun with
    BEGIN IMMEDIATE (`database.transaction`), so that no two grow the tree at once.
    """
    state = await read_state(connection)
    first = await _begin_life(connection, state, now) if state.restored_from is not None else []
    sealed = [*first, *(seal_entry(entry, now) for entry in entries)]
    places = await _store(connection, state.frontier, sealed, now)
    return places[len(first) :]


async def _store(c: AsyncConnection, frontier: Frontier, sealed: Sequence[Sealed], now: int) -> list[int]:
    if not sealed:
        return []
    first = frontier.size
    leaves = [merkle.leaf_hash(one.body) for one in sealed]
    nodes = frontier.extend(leaves)
    rows = [
        (first + i, one.type, now, one.body, leaf) for i, (one, leaf) in enumerate(zip(sealed, leaves, strict=True))
    ]
    await c.exec_driver_sql(_ENTRY, rows)
    if nodes:
        await c.exec_driver_sql(_NODE, [(node.level, node.place, hash_) for node, hash_ in nodes])
    await _store_texts(c, first, sealed)
    values = {"id": 1, "size": frontier.size, "peaks": b"".join(frontier.peaks)}
    grown = {"size": values["size"], "peaks": values["peaks"], "restored_from": None, "restored_at": None}
    await c.execute(upsert(evidence_log).values(values).on_conflict_do_update(index_elements=["id"], set_=grown))
    return [place for place, *_ in rows]


async def _store_texts(c: AsyncConnection, first: int, sealed: Sequence[Sealed]) -> None:
    rows = [{"place": first + i, **text._asdict()} for i, one in enumerate(sealed) for text in one.texts]
    if rows:
        await c.execute(insert(evidence_text), rows)


async def _begin_life(c: AsyncConnection, state: State, now: int) -> list[Sealed]:
    """A restored log may lack entries whose heads are known outside: it goes on under an origin of its own.

    A log that had never signed a head owes nobody anything.
    """
    newest = select(evidence_life).order_by(evidence_life.c.number.desc()).limit(1)
    first = select(evidence_life.c.origin).where(evidence_life.c.number == 1)
    if (life := (await c.execute(newest)).first()) is None:
        await c.execute(update(evidence_log).values(restored_from=None, restored_at=None))
        return []
    origin = f"{await c.scalar(first)}/{state.restored_at}"
    size, root = state.frontier.size, base64.b64encode(state.frontier.root).decode()
    row = {"number": life.number + 1, "origin": origin, "first_size": size, "begun_at": now}
    await c.execute(insert(evidence_life).values(row))
    body: dict[str, Json] = {"backup": str(state.restored_from), "size": size, "root": root, "origin": origin}
    return [seal_entry(Entry("restored", body), now)]


async def read_state(connection: AsyncConnection) -> State:
    """How the log stands; empty before the first entry."""
    row = (await connection.execute(select(evidence_log))).first()
    if row is None:
        return State(Frontier())
    peaks = [row.peaks[i : i + HASH_BYTES] for i in range(0, len(row.peaks), HASH_BYTES)]
    return State(Frontier(row.size, peaks), row.restored_from, row.restored_at, row.fault, row.fault_at)


async def read_hashes(connection: AsyncConnection, nodes: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of these nodes. Raises BrokenLog when one is missing."""
    wanted = set(nodes)
    found: dict[Node, bytes] = {}
    for some in _looks(sorted(node for node in wanted if node.level)):
        query = select(_n.level, _n.place, _n.hash).where(or_(*_by_level(some)))
        found |= {Node(row.level, row.place): row.hash for row in await connection.execute(query)}
    for some in _looks([node for node in wanted if not node.level]):
        query = select(_e.place, _e.leaf).where(_e.place.in_([node.place for node in some]))
        found |= {Node(0, row.place): row.leaf for row in await connection.execute(query)}
    if missing := wanted - found.keys():
        raise BrokenLog(f"{len(missing)} nodes of the evidence log are missing, the first {min(missing)}")
    return found


def _by_level(nodes: Iterable[Node]) -> list[ColumnElement[bool]]:
    """One condition for each level: for a list of pairs SQLite would read the whole table."""
    levels: dict[int, list[int]] = {}
    for level, place in nodes:
        levels.setdefault(level, []).append(place)
    return [and_(_n.level == level, _n.place.in_(places)) for level, places in levels.items()]


def _looks(nodes: Sequence[Node]) -> list[Sequence[Node]]:
    return [nodes[first : first + LOOK] for first in range(0, len(nodes), LOOK)]


async def prove(connection: AsyncConnection, spans: Sequence[Span]) -> list[bytes]:
    """The hashes of a proof that consists of these spans. Raises BrokenLog."""
    hashes = await read_hashes(connection, [node for span in spans for node in merkle.parts(span)])
    return merkle.prove(spans, hashes.__getitem__)


async def root_at(connection: AsyncConnection, size: int) -> bytes:
    """The root of the first `size` entries, from the stored nodes. Raises BrokenLog."""
    hashes = await read_hashes(connection, merkle.parts((0, size)))
    return merkle.root_at(size, hashes.__getitem__)


async def list_entries(connection: AsyncConnection, after: int, limit: int) -> list[StoredEntry]:
    """Entries with a place above `after`, in order; what an edit has turned into text is read as its bytes."""
    columns = (_e.place, _e.type, _e.at, cast(_e.body, LargeBinary), cast(_e.leaf, LargeBinary))
    query = select(*columns).where(_e.place > after).order_by(_e.place).limit(limit)
    return [StoredEntry(*row) for row in await connection.execute(query)]


async def find_entry(connection: AsyncConnection, place: int) -> StoredEntry | None:
    """The entry at this place."""
    found = await list_entries(connection, place - 1, 1)
    return found[0] if found and found[0].place == place else None


async def find_leaf(connection: AsyncConnection, leaf: bytes) -> int | None:
    """The place of the first entry with this leaf hash."""
    query = select(func.min(_e.place)).where(_e.leaf == leaf)
    found: int | None = await connection.scalar(query)
    return found
