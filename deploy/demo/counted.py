"""What became of a story's ratings, read back from the gateway, against what the story's own script expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading
from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.tables import evidence_entry, evidence_head, evidence_log
from cloud_gateway.ratings.batches import Cell, find_ripe
from cloud_gateway.ratings.settings import Ratings
from cloud_gateway.ratings.store_batches import has_due
from cloud_gateway.ratings.store_taking import has_new
from cloud_gateway.ratings.tables import rating
from deploy.demo.stage import Stage
from edge_agent.proof.merkle import inclusion_spans, is_included, leaf_hash
from edge_agent.wire.ratings import (
    PRESS,
    RATING,
    SERVICE,
    NotInvited,
    PressBody,
    RatingBody,
    ServedBy,
    ServiceBody,
    Uncounted,
)
from firmware_sim.day import expect_day
from firmware_sim.desk import SIGNAL_SEEN
from firmware_sim.hall import COUNTED
from firmware_sim.scenario import Scenario

_e = evidence_entry.c
#: A rated service as the script and the stores name it: (device, ticket).
Rated = tuple[str, str]


class RatingReport(msgspec.Struct, frozen=True):
    """The counters' day. `expected` and `stored` are presses by outcome, `expected` from the script alone.

    `lost`, `doubled`, `altered` and `unproven` name ratings as device/ticket. `ratings_counted` are in rows of the
    count, `ratings_waiting` are too few of their clerk or counter for that; `overdue` of these are enough, and
    `exposed` names entry/clerk where an entry has fewer of a clerk than are released together. `not_invited` are
    services by why no window opened. `flagged` are presses with nobody at the counter, or with the clerk's card there.
    """

    expected: dict[str, int]
    stored: dict[str, int]
    ratings_expected: int
    ratings_counted: int
    lost: list[str]
    doubled: list[str]
    altered: list[str]
    unproven: list[str]
    proofs_checked: int
    signals_expected: int
    signals_seen: int
    services: int
    walk_ups: int
    not_invited: dict[str, int]
    flagged: int
    entries: int
    heads: int
    ratings_waiting: int = 0
    overdue: int = 0
    exposed: list[str] = []


class Stored(NamedTuple):
    """A record of a terminal with the place of its entry; None for one that has none."""

    device: str
    body: msgspec.Struct
    place: int | None


class Row(msgspec.Struct, frozen=True):
    """What a row of a `count` entry says of a rating, or will say."""

    id: str
    score: int
    station: str = ""
    channel: str = ""
    counter: str = ""
    clerk: str = ""

    @property
    def cell(self) -> Cell:
        """Where it belongs."""
        return Cell(self.station, self.channel, self.counter, self.clerk)


class _Rows(msgspec.Struct):
    rows: list[Row]


class _Batch(msgspec.Struct):
    body: _Rows


class _Named(msgspec.Struct):
    device: str
    epoch: str
    lane: str
    seq: int


class _Record(msgspec.Struct):
    body: _Named


KINDS: Mapping[str, type[msgspec.Struct]] = {PRESS: PressBody, RATING: RatingBody, SERVICE: ServiceBody}
_batches, _records = msgspec.json.Decoder(_Batch), msgspec.json.Decoder(_Record)


class Held(NamedTuple):
    """What the gateway holds: records, the rows of the count with their entries' places, proven places, waiting rows.

    `k` ratings of a clerk and of a counter are released together.
    """

    records: Sequence[Stored]
    rows: Sequence[tuple[Row, int]]
    proven: frozenset[int]
    entries: int
    heads: int
    waiting: Sequence[Row] = ()
    k: int = 1


async def is_counted(connection: AsyncConnection, settings: Ratings, now: int) -> bool:
    """Whether all that came has been taken, all that is due released, and a signed head covers it."""
    if await has_new(connection) or await has_due(connection, settings.batch_k, settings.batch_days, now):
        return False
    head, size = await store_heads.newest_head(connection), await connection.scalar(select(evidence_log.c.size))
    return not size or (head is not None and head.size == size)


async def read_rating_report(stage: Stage) -> RatingReport | None:
    """The report; None for a story that plays no counters."""
    if not stage.has_script:
        return None
    engine = open_database(stage.settings.database)
    try:
        async with reading(engine) as c:
            held = await _read(c, stage.settings.ratings.batch_k)
    finally:
        await engine.dispose()
    lines = (line for fleet in stage.fleets for line in fleet.program.log_lines())
    seen = sum(line.get("message") == SIGNAL_SEEN for line in lines)
    return make_rating_report(stage.scenario, held, seen)


def make_rating_report(scenario: Scenario, held: Held, signals_seen: int) -> RatingReport:
    """Hold what the script expects against what is held."""
    days = {f.id: expect_day(f.rating, scenario.seed) for f in scenario.device if f.rating is not None}
    scores: dict[Rated, int] = {(device, ticket): s for device, day in days.items() for ticket, s in day.scores.items()}
    found = _find_rated(held)
    presses = [record.body for record in held.records if isinstance(record.body, PressBody)]
    services = [record.body for record in held.records if isinstance(record.body, ServiceBody)]
    proven = {rated for rated, each in found.items() if all(one.place in held.proven for one in each)}
    ripe = find_ripe(Counter(row.cell for row in held.waiting), held.k)
    return RatingReport(
        expected=dict(sum((day.outcomes for day in days.values()), Counter[str]())),
        stored=dict(Counter(press.reason.value or COUNTED for press in presses)),
        ratings_expected=len(scores),
        ratings_counted=len(held.rows),
        lost=_names(scores.keys() - found.keys()),
        doubled=_names(rated for rated, each in found.items() if len(each) > 1),
        altered=_names(r for r, each in found.items() if {one.score for one in each} != {scores.get(r)}),
        unproven=_names(found.keys() - proven),
        proofs_checked=len(proven),
        signals_expected=sum(day.signals for day in days.values()),
        signals_seen=signals_seen,
        services=sum(service.by is not ServedBy.WALK_UP for service in services),
        walk_ups=sum(service.by is ServedBy.WALK_UP for service in services),
        not_invited=dict(Counter(s.why_not.value for s in services if s.why_not is not NotInvited.INVITED)),
        flagged=sum(press.present is False or press.reason is Uncounted.STAFF_CARD for press in presses),
        entries=held.entries,
        heads=held.heads,
        ratings_waiting=len(held.waiting),
        overdue=sum(row.cell in ripe for row in held.waiting),
        exposed=_find_exposed(held),
    )


def _find_exposed(held: Held) -> list[str]:
    """Entries that say what fewer than k customers think of a clerk; no story is long enough for ratings to be old."""
    counts = Counter((place, row.clerk) for row, place in held.rows if row.clerk)
    return [f"{place}/{clerk}" for (place, clerk), n in sorted(counts.items()) if n < held.k]


class _Counted(NamedTuple):
    """A rating's row, and its entry's place, while it waits its record's; None where the record has no proof."""

    score: int
    place: int | None


def _find_rated(held: Held) -> dict[Rated, list[_Counted]]:
    """The rows of the count by the service that they rate: from ticket to window to rating to row."""
    tickets = {(r.device, r.body.window): r.body.ticket for r in held.records if isinstance(r.body, ServiceBody)}
    rows: dict[str, list[tuple[Row, int | None]]] = {}
    for row, place in [*held.rows, *((row, None) for row in held.waiting)]:
        rows.setdefault(row.id, []).append((row, place))
    found: dict[Rated, list[_Counted]] = {}
    for record in held.records:
        if isinstance(record.body, RatingBody):
            rated = (record.device, tickets.get((record.device, record.body.window), record.body.window))
            counted = [_judge(record, row, place, held.proven) for row, place in rows.get(record.body.count, [])]
            found.setdefault(rated, []).extend(counted)
    return {rated: each for rated, each in found.items() if each}


def _judge(record: Stored, row: Row, place: int | None, proven: frozenset[int]) -> _Counted:
    return _Counted(row.score, (record.place if place is None else place) if record.place in proven else None)


def _names(rated: Iterable[Rated]) -> list[str]:
    return sorted("/".join(one) for one in rated)


def find_broken(report: RatingReport | None) -> list[str]:
    """What was promised of ratings and not kept."""
    if report is None:
        return []
    names = ("lost", "doubled", "altered", "unproven", "exposed")
    short = [f"ratings: {name} {len(getattr(report, name))}" for name in names if getattr(report, name)]
    pairs = {
        "presses": (report.expected, report.stored),
        "ratings": (report.ratings_expected, report.ratings_counted + report.ratings_waiting),
        "ratings that should be released": (0, report.overdue),
        "signals": (report.signals_expected, report.signals_seen),
    }
    return short + [f"ratings: {name}: {was} for {due}" for name, (due, was) in pairs.items() if due != was]


async def _read(c: AsyncConnection, k: int) -> Held:
    """Read the records of terminals, the log's rows, and prove each entry of both against the newest head."""
    places, batches = await _read_entries(c)
    r = t.record.c
    rows = (await c.execute(select(r.device, r.epoch, r.lane, r.seq, r.kind, r.body).where(r.kind.in_(KINDS)))).all()
    records = [
        Stored(row.device, msgspec.json.decode(row.body, type=KINDS[row.kind]), places.get(tuple(row[:4])))
        for row in rows
    ]
    wanted = {one.place for one in records if isinstance(one.body, RatingBody) and one.place is not None}
    head = await store_heads.newest_head(c)
    proven = await _prove(c, sorted(wanted | {place for _, place in batches}), head)
    heads = len((await c.execute(select(evidence_head.c.size))).all())
    return Held(records, batches, frozenset(proven), 0 if head is None else head.size, heads, await _read_waiting(c), k)


async def _read_waiting(c: AsyncConnection) -> list[Row]:
    w = rating.c
    rows = await c.execute(select(w.count, *(w[name] for name in Row.__struct_fields__[1:])).where(w.place.is_(None)))
    return [Row(*row) for row in rows]


async def _read_entries(c: AsyncConnection) -> tuple[dict[tuple[object, ...], int], list[tuple[Row, int]]]:
    """The places of records by their identity, and the rows of the count with the places of their entries."""
    places: dict[tuple[object, ...], int] = {}
    rows: list[tuple[Row, int]] = []
    for place, kind, body in await c.execute(
        select(_e.place, _e.type, _e.body).where(_e.type.in_(("record", "count")))
    ):
        if kind == "count":
            rows += [(row, place) for row in _batches.decode(body).body.rows]
        else:
            named = _records.decode(body).body
            places[named.device, named.epoch, named.lane, named.seq] = place
    return places, rows


async def _prove(c: AsyncConnection, places: Sequence[int], head: store_heads.Head | None) -> set[int]:
    """The places whose entries, hashed anew, are shown by their proofs to be in the signed head."""
    proven: set[int] = set()
    for place in places:
        entry = await store.find_entry(c, place)
        if head is None or entry is None or place >= head.size:
            continue
        proof = await store.prove(c, inclusion_spans(place, head.size))
        if is_included(leaf_hash(entry.body), place, head.size, proof, head.root):
            proven.add(place)
    return proven
