"""Compares what the stores hold at the end with what devices were promised: every difference in words."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from cloud_gateway.readings.series import Point, point_time
from cloud_gateway.readings.sqlite import SqliteStore
from edge_agent.wire.messages import ALARM, GAP, READING
from edge_agent.wire.topics import Lane
from tests.delivery.book import Book, Key
from tests.delivery.facts import Fact, digest

K = TypeVar("K")
V = TypeVar("V")

IDENTITY = "device, epoch, lane, seq"


class Row(NamedTuple):
    """A stored record."""

    kind: str
    at: int
    body: bytes


class Letter(NamedTuple):
    """A dead letter of a record."""

    code: str
    sha256: str


class Placed(NamedTuple):
    """A stored value by its place."""

    stream: str
    time_ns: int
    value: object


@dataclass
class Holdings:
    """What is in the stores at the end."""

    records: dict[Key, Row] = field(default_factory=dict)
    letters: dict[Key, Letter] = field(default_factory=dict)
    points: dict[Key, set[Placed]] = field(default_factory=dict)
    gaps: dict[Key, int] = field(default_factory=dict)
    alarms: dict[Key, int | None] = field(default_factory=dict)
    ledger: dict[tuple[str, str, str], tuple[int, str]] = field(default_factory=dict)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


async def read_holdings(database: Path, readings: Path, devices: Iterable[str]) -> Holdings:
    """Read both stores with fresh eyes."""
    held = Holdings()
    with closing(sqlite3.connect(database)) as c:
        _read_database(c, held)
    store = SqliteStore(readings)
    await store.open()
    try:
        for device in devices:
            async for point in store.scan(device):
                key = Key(device, point.epoch, Lane.READING.value, point.seq)
                held.points.setdefault(key, set()).add(_placed(point))
    finally:
        await store.close()
    return held


def _read_database(c: sqlite3.Connection, held: Holdings) -> None:
    for *identity, kind, at, body in c.execute(f"SELECT {IDENTITY}, kind, at, body FROM record"):
        held.records[Key(*identity)] = Row(kind, at, body)
    for *identity, code, sha256 in c.execute(f"SELECT {IDENTITY}, code, sha256 FROM dead_letter WHERE seq NOT NULL"):
        held.letters[Key(*identity)] = Letter(code, sha256)
    for *identity, count in c.execute(f"SELECT {IDENTITY}, count FROM gap"):
        held.gaps[Key(*identity)] = count
    for device, epoch, seq, cleared in c.execute("SELECT device, epoch, seq, cleared_at FROM alarm"):
        held.alarms[Key(device, epoch, Lane.ALARM.value, seq)] = cleared
    for *line, upto, ranges in c.execute("SELECT device, epoch, lane, upto, ranges FROM ledger"):
        held.ledger[line[0], line[1], line[2]] = (upto, ranges)
    for topic, body in c.execute("SELECT topic, body FROM event WHERE topic IN ('alarm', 'gap', 'dead_letter')"):
        held.events[topic, _told(topic, json.loads(body))] += 1
    query = "SELECT device, detail FROM dead_letter WHERE code='handler_failed'"
    held.failures = [f"the gateway set a message aside: {detail}" for _, detail in c.execute(query)]


def _placed(point: Point) -> Placed:
    return Placed(point.stream, point.time_ns, point.value)


def _told(topic: str, body: dict[str, object]) -> str:
    """What of an event says which fact it is about."""
    names = {"alarm": ("device", "epoch", "seq"), "gap": ("device", "lane", "count"), "dead_letter": ("device", "code")}
    return " ".join(str(body[name]) for name in names[topic])


# -- comparing ----------------------------------------------------------------------------------------------------


def compare(book: Book, held: Holdings) -> Iterator[str]:
    """Every way in which the stores do not hold what was promised, once."""
    yield from held.failures
    for key, written in book.promised.items():
        yield from _compare_one(key, book.said.get(written), written, held)
    yield from _find_strangers(book, held)
    yield from _find_doubles(held)
    yield from _compare_effects(held)


def _compare_one(key: Key, fact: Fact | None, written: str, held: Holdings) -> Iterator[str]:
    """A promised fact is in one place, and as it was said. A gap made by the outbox was said by nobody."""
    row, letter, points = held.records.get(key), held.letters.get(key), held.points.get(key, set())
    if fact is not None and fact.code is not None:
        if letter != (fact.code, written):
            yield f"{key} should be refused as {fact.code}: {letter}"
        if row is not None or points:
            yield f"{key} was refused and stored"
    elif fact is not None and (fact.item.lane, fact.item.kind) == (Lane.READING, READING):
        yield from _compare_points(key, fact, points)
        if row is not None or letter is not None:
            yield f"{key} is a reading and a record"
    elif row is None:
        yield f"{key} is lost" if letter is None else f"{key} was refused: {letter.code}"
    elif digest(row.body) != written or letter is not None or points:
        yield f"{key} was altered"


def _compare_points(key: Key, fact: Fact, points: set[Placed]) -> Iterator[str]:
    wanted = {Placed(v.stream, point_time(v.at, key.seq), v.value) for v in fact.values}
    if wanted - points:
        yield f"{key} is lost" if not points else f"{key} was altered"
    if points - wanted:
        yield f"{key} has values that nobody measured"


def _find_strangers(book: Book, held: Holdings) -> Iterator[str]:
    """What is stored was said; a kill may have kept the promise from being heard."""
    for key, row in held.records.items():
        if digest(row.body) not in book.said and row.kind != GAP:
            yield f"{key} was stored and never said"
    for key, letter in held.letters.items():
        if letter.sha256 not in book.said:
            yield f"{key} was refused and never said"


def _find_doubles(held: Holdings) -> Iterator[str]:
    """No body is stored under two identities, whatever happened to it on its way."""
    stored = [digest(row.body) for row in held.records.values() if row.kind != GAP]
    stored += [letter.sha256 for letter in held.letters.values()]
    stored += [_fingerprint(points) for points in held.points.values()]
    for written, times in Counter(stored).items():
        if times > 1:
            yield f"{written} is stored {times} times"


def _fingerprint(points: set[Placed]) -> str:
    """Of a reading's values without their places: every value of a run is another."""
    return hashlib.sha256(repr(sorted(str(p.value) for p in points)).encode()).hexdigest()


# -- effects ------------------------------------------------------------------------------------------------------


def _compare_effects(held: Holdings) -> Iterator[str]:
    """Rows and events that follow from records: each once, and none besides."""
    alarms = sorted((k, r) for k, r in held.records.items() if r.kind == ALARM)
    gaps = {k: json.loads(r.body)["count"] for k, r in held.records.items() if r.kind == GAP}
    yield from _differ("alarms", _standing_alarms(alarms), held.alarms)
    yield from _differ("gaps", gaps, held.gaps)
    wanted: Counter[tuple[str, str]] = Counter()
    wanted.update(("alarm", f"{k.device} {k.epoch} {k.seq}") for k, _ in alarms)
    wanted.update(("gap", f"{k.device} {k.lane} {count}") for k, count in gaps.items())
    wanted.update(("dead_letter", f"{k.device} {letter.code}") for k, letter in held.letters.items())
    told = {event: times for event, times in held.events.items() if not event[1].endswith(UNREADABLE)}
    yield from _differ("events", dict(wanted), told)
    for key in held.gaps:
        if key.lane in (Lane.ALARM, Lane.RECORD):
            yield f"{key} is a gap in a lane that has none"


#: Codes of whole messages, which are counted and not delivered once.
UNREADABLE = ("unknown_version", "malformed_frame", "malformed_message", "bad_topic")


def _standing_alarms(alarms: Iterable[tuple[Key, Row]]) -> dict[Key, int | None]:
    """What the records say, read in order: each raising, and when it was cleared."""
    standing: dict[Key, int | None] = {}
    uncleared: dict[tuple[str, str], list[Key]] = {}
    for key, row in alarms:
        body = json.loads(row.body)
        rule = (key.device, body["rule"])
        if body["state"] == "raised":
            standing[key] = None
            uncleared.setdefault(rule, []).append(key)
        else:
            standing.update(dict.fromkeys(uncleared.pop(rule, []), row.at))
    return standing


def _differ(what: str, wanted: Mapping[K, V], found: Mapping[K, V]) -> Iterator[str]:
    for key in wanted.keys() | found.keys():
        if (key in wanted, wanted.get(key)) != (key in found, found.get(key)):
            yield f"{what}: {key} should be {wanted.get(key)} and is {found.get(key)}"


# -- outboxes -----------------------------------------------------------------------------------------------------


def compare_outbox(device: str, file: Path, held: Holdings) -> Iterator[str]:
    """The outbox is empty, and the ledger has every seq that it ever gave: no hole, none besides."""
    with closing(sqlite3.connect(file)) as c:
        for lane, count in c.execute("SELECT lane, count(*) FROM pending GROUP BY lane"):
            yield f"{device} {lane}: {count} facts are left in the outbox"
        (epoch,) = c.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()
        for lane, following in c.execute("SELECT name, next FROM lane"):
            found = held.ledger.get((device, epoch, lane), (0, "[]"))
            if found != (following - 1, "[]"):
                yield f"{device} {lane}: the ledger says {found}, the outbox gave {following - 1}"
