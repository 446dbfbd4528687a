"""Tells a record that came again from another one under its number: that of a second device with a copied outbox.

Alarms and records have rows to compare with; a look at them is taken only for numbers that the ledger has already. Of
readings the series store alone could tell: at another time the points of both are kept under one (epoch, seq), and in
the very place of a stored point SQLite refuses another value, while InfluxDB lets the later one stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.ingest.validation import Accepted, Rejected
from edge_agent.proof.digest import digest
from edge_agent.wire.messages import Record
from edge_agent.wire.topics import Lane

SEQ_CONFLICT = "seq_conflict"
DETAIL = "another record has this number; this one is kept here whole. Was the device's outbox copied?"
#: Lanes whose records are compared.
COMPARED = frozenset({Lane.ALARM, Lane.RECORD})
#: Numbers of one look.
LOOK = 500

_r, _d = t.record.c, t.dead_letter.c
_encoder = msgspec.json.Encoder()


class Place(NamedTuple):
    """The number of a record."""

    device: str
    epoch: str
    lane: str
    seq: int


class Seal(NamedTuple):
    """What a device says in a record; a resend says the same."""

    boot: str
    kind: str
    at: int
    clock: str
    mono: int
    body: bytes


class Letter(NamedTuple):
    """A record for the dead letters: the payload's hash tells it from others of its number."""

    accepted: Accepted
    rejected: Rejected
    payload: bytes
    sha256: str


@dataclass
class Repeats:
    """Records of one transaction whose numbers were in the ledger already. Empty but after resends."""

    _good: list[tuple[Accepted, Record]] = field(default_factory=list)
    _bad: list[tuple[Accepted, Rejected]] = field(default_factory=list)

    def add(self, accepted: Accepted, good: Iterable[Record], bad: Iterable[Rejected]) -> None:
        """Of one frame, those that pass all checks and those that do not."""
        if accepted.frame.lane in COMPARED:
            self._good += [(accepted, record) for record in good]
            self._bad += [(accepted, rejected) for rejected in bad]

    async def find(self, c: AsyncConnection) -> list[tuple[Letter, bool]]:
        """Those that say something else than what is kept under their number, and whether each is new."""
        places = {_place(a, r) for a, r in self._good} | {_place(a, r.record) for a, r in self._bad}
        if not places:
            return []
        stored, letters = await _read_stored(c, places), await _read_letters(c, places)
        found: dict[tuple[Place, str], tuple[Letter, bool]] = {}
        for letter in self._differing(stored, letters):
            place = _place(letter.accepted, letter.rejected.record)
            found.setdefault((place, letter.sha256), (letter, letter.sha256 not in letters.get(place, ())))
        return list(found.values())

    def _differing(self, stored: dict[Place, Seal], letters: dict[Place, set[str]]) -> Iterator[Letter]:
        for accepted, record in self._good:
            known = letters.get(place := _place(accepted, record), set())
            if place not in stored and (not known or digest(bytes(record.body)) in known):
                continue  # it was refused before, or there is nothing to compare it with
            if stored.get(place) != _seal(accepted, record):
                yield _conflict(accepted, record)
        for accepted, rejected in self._bad:
            body = bytes(rejected.record.body)
            if stored.get(_place(accepted, rejected.record)) != _seal(accepted, rejected.record):
                yield Letter(accepted, rejected, body, digest(body))


def _place(accepted: Accepted, record: Record) -> Place:
    return Place(accepted.device, accepted.frame.epoch, accepted.frame.lane.value, record.seq)


def _seal(accepted: Accepted, record: Record) -> Seal:
    said_at, clock = accepted.said_at(record), record.clock.value
    return Seal(accepted.frame.boot, record.kind, said_at, clock, record.mono, bytes(record.body))


def _conflict(accepted: Accepted, record: Record) -> Letter:
    """Its payload is a frame of it alone, as the device said it."""
    said = msgspec.structs.replace(record, at=accepted.said_at(record))
    payload = _encoder.encode(msgspec.structs.replace(accepted.frame, records=[said]))
    return Letter(accepted, Rejected(record, SEQ_CONFLICT, DETAIL), payload, digest(payload))


def _parts(places: set[Place]) -> list[list[Place]]:
    every = sorted(places)  # few lanes in each part
    return [every[first : first + LOOK] for first in range(0, len(every), LOOK)]


def _are_in(table: Table, places: Iterable[Place]) -> ColumnElement[bool]:
    """One condition for each lane: for a list of whole keys SQLite would read the table through."""
    lanes: dict[tuple[str, str, str], list[int]] = {}
    for device, epoch, lane, seq in places:
        lanes.setdefault((device, epoch, lane), []).append(seq)
    c = table.c
    return or_(
        *(
            and_(c.device == device, c.epoch == epoch, c.lane == lane, c.seq.in_(numbers))
            for (device, epoch, lane), numbers in lanes.items()
        )
    )


async def _read_stored(c: AsyncConnection, places: set[Place]) -> dict[Place, Seal]:
    said_at = func.coalesce(_r.said_at, _r.at).label("said")
    query = select(_r.device, _r.epoch, _r.lane, _r.seq, _r.boot, _r.kind, said_at, _r.clock, _r.mono, _r.body)
    stored: dict[Place, Seal] = {}
    for some in _parts(places):
        for row in await c.execute(query.where(_are_in(t.record, some))):
            stored[Place(*row[:4])] = Seal(row.boot, row.kind, row.said, row.clock, row.mono, row.body)
    return stored


async def _read_letters(c: AsyncConnection, places: set[Place]) -> dict[Place, set[str]]:
    query = select(_d.device, _d.epoch, _d.lane, _d.seq, _d.sha256)
    letters: dict[Place, set[str]] = {}
    for some in _parts(places):
        for row in await c.execute(query.where(_are_in(t.dead_letter, some))):
            letters.setdefault(Place(*row[:4]), set()).add(row.sha256)
    return letters
