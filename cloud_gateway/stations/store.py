"""Stations, counters, terminals and clerks in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.stations.entries import ClerkEntry, CounterEntry, StationEntry, minute_of
from cloud_gateway.stations.tables import clerk, counter, station, terminal
from edge_agent.wire.ratings import card_digest

_s, _c, _t, _k = station.c, counter.c, terminal.c, clerk.c


class EntryRefused(Exception):
    """What is entered does not fit with what is known, or cannot be read; `field` says which part of it."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Station(NamedTuple):
    """A service point; `opens` and `closes` in minutes of its local day."""

    code: str
    name: str
    name_zh: str
    zone: str
    opens: int
    closes: int
    duty_device: str | None


class Counter(NamedTuple):
    """A window of a station, and the terminal that stands there now."""

    number: str
    name: str
    name_zh: str
    device: str | None


class Clerk(NamedTuple):
    """A person behind the counters. `card` is a digest under the key of cards, `photo` base64."""

    number: str
    station: str
    name: str
    card: str
    photo: str
    gone: bool
    staff: str | None
    stars: int | None
    star_ratings: int
    star_day: str


async def put_station(connection: AsyncConnection, entry: StationEntry, now: int, card_key: bytes | None) -> None:
    """Enter a station, or what is new of it. The same again changes nothing that is seen.

    Raises EntryRefused, for a card also when there is no key of cards.
    """
    row: dict[str, object] = {"name": entry.name, "name_zh": entry.name_zh, "zone": entry.zone, "changed_at": now}
    row |= {"opens": minute_of(entry.opens), "closes": minute_of(entry.closes)}
    row |= {"duty_device": entry.duty_device or None}
    statement = upsert(station).values(code=entry.code, **row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=row))
    for one in entry.counter:
        await _put_counter(connection, entry.code, one, now)
    for person in entry.clerk:
        await _put_clerk(connection, entry.code, person, card_key)


async def _put_counter(connection: AsyncConnection, code: str, entry: CounterEntry, now: int) -> None:
    names = {"name": entry.name, "name_zh": entry.name_zh}
    statement = upsert(counter).values(station=code, number=entry.number, **names)
    await connection.execute(statement.on_conflict_do_update(index_elements=["station", "number"], set_=names))
    if entry.device:
        await place_terminal(connection, entry.device, code, entry.number, now)


async def place_terminal(connection: AsyncConnection, device: str, code: str, number: str, now: int) -> None:
    """A terminal stands at a counter from now on; ends what stood there before.

    One that stood nowhere has stood here since then: what it said meanwhile would belong to nobody for ever.
    """
    here = and_(_t.station == code, _t.counter == number)
    standing = _t.until.is_(None)
    if (await connection.execute(select(_t.since).where(_t.device == device, here, standing))).first():
        return
    stood = (await connection.execute(select(_t.until).where(_t.device == device))).scalars().all()
    since = now if None in stood else max((until for until in stood if until is not None), default=0)
    await connection.execute(update(terminal).where(standing, or_(here, _t.device == device)).values(until=now))
    await connection.execute(delete(terminal).where(_t.device == device, _t.since == since))
    row = {"device": device, "since": since, "station": code, "counter": number, "until": None}
    await connection.execute(insert(terminal).values(**row))


async def _put_clerk(connection: AsyncConnection, code: str, entry: ClerkEntry, card_key: bytes | None) -> None:
    known = await find_clerk(connection, entry.number)
    if known is not None and known.station != code and not known.gone:
        raise EntryRefused("clerk.number", f"the clerk {entry.number!r} serves at {known.station}")
    card = _card(entry, card_key)
    await _check_free(connection, entry, card)
    row = {
        "station": code,
        "name": entry.name,
        "gone": entry.gone,
        "card": card if card is not None else known.card if known else "",
        "photo": entry.photo if entry.photo is not None else known.photo if known else "",
        "staff": (entry.staff or None) if entry.staff is not None else known.staff if known else None,
    }
    statement = upsert(clerk).values(number=entry.number, star_ratings=0, star_day="", **row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["number"], set_=row))


def _card(entry: ClerkEntry, card_key: bytes | None) -> str | None:
    """What the card that is entered is known by, empty for none; None when the entry does not say."""
    if entry.card is None:
        return None
    if not entry.card.strip():
        return ""
    if card_key is None:
        raise EntryRefused("clerk.card", "cards are known by a key: name ratings.card_key_file in the settings")
    return card_digest(card_key, entry.card)


async def _check_free(connection: AsyncConnection, entry: ClerkEntry, card: str | None) -> None:
    """Raises EntryRefused for a card or a sign-in that is another clerk's."""
    others = _k.number != entry.number
    if entry.staff and (await connection.execute(select(_k.number).where(others, _k.staff == entry.staff))).first():
        raise EntryRefused("clerk.staff", f"the sign-in {entry.staff!r} is another clerk's")
    if card and (await connection.execute(select(_k.number).where(others, _k.card == card, ~_k.gone))).first():
        raise EntryRefused("clerk.card", f"the card of the clerk {entry.number!r} is another clerk's, too")


async def list_stations(connection: AsyncConnection, after: str = "", limit: int = 1000) -> list[Station]:
    """Stations with a code above `after`, by code."""
    columns = [_s[name] for name in Station._fields]
    rows = await connection.execute(select(*columns).where(_s.code > after).order_by(_s.code).limit(limit))
    return [Station(*row) for row in rows]


async def find_station(connection: AsyncConnection, code: str) -> Station | None:
    """The station of that code."""
    row = (await connection.execute(select(*(_s[name] for name in Station._fields)).where(_s.code == code))).first()
    return None if row is None else Station(*row)


async def list_counters(connection: AsyncConnection, code: str) -> list[Counter]:
    """The counters of a station by number."""
    stands = and_(_t.station == _c.station, _t.counter == _c.number, _t.until.is_(None))
    query = select(_c.number, _c.name, _c.name_zh, _t.device).join_from(counter, terminal, stands, isouter=True)
    return [Counter(*row) for row in await connection.execute(query.where(_c.station == code).order_by(_c.number))]


async def list_clerks(connection: AsyncConnection, code: str | None = None) -> list[Clerk]:
    """The clerks of a station, or all of them, by number; those who have left, too."""
    query = select(*(_k[name] for name in Clerk._fields)).order_by(_k.number)
    rows = await connection.execute(query if code is None else query.where(_k.station == code))
    return [Clerk(*row) for row in rows]


async def find_clerk(connection: AsyncConnection, number: str) -> Clerk | None:
    """The clerk of that number."""
    row = (await connection.execute(select(*(_k[name] for name in Clerk._fields)).where(_k.number == number))).first()
    return None if row is None else Clerk(*row)


async def find_clerk_of(connection: AsyncConnection, staff: str) -> Clerk | None:
    """The clerk whose own sign-in that is."""
    row = (await connection.execute(select(*(_k[name] for name in Clerk._fields)).where(_k.staff == staff))).first()
    return None if row is None else Clerk(*row)


class Stand(NamedTuple):
    """Where a device stood from `since` until `until` (ms UTC; null: still), and the zone there."""

    device: str
    since: int
    until: int | None
    station: str
    counter: str
    zone: str


async def list_stands(connection: AsyncConnection, devices: Sequence[str]) -> list[Stand]:
    """Every stand of these devices, the oldest first."""
    query = select(_t.device, _t.since, _t.until, _t.station, _t.counter, _s.zone)
    query = query.join(station, _s.code == _t.station).where(_t.device.in_(devices)).order_by(_t.device, _t.since)
    return [Stand(*row) for row in await connection.execute(query)]
