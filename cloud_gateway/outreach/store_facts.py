"""Reads what planning and the words of messages need: changes with their sites, official warnings, people."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import event_change, hazard_event
from cloud_gateway.outreach.facts import Official, SiteFact
from cloud_gateway.outreach.model import Change, Recipient, SiteChange
from cloud_gateway.outreach.tables import duty, message_change, recipient, recipient_site
from cloud_gateway.tables import site
from cloud_gateway.warnings.model import Alert, Level
from cloud_gateway.warnings.tables import alert, warning

#: Values of one IN (...).
BATCH = 5000

#: Is in the cause of a change that our own gauge set off, device/rule, and in no warning's id.
OWN_MARK = "/"

Key = tuple[str, int]  # event and number of a change


class Entry(NamedTuple):
    """A change as planning sees it, and as words tell it. `closed`: its event is over by now, `holds` its level now."""

    change: SiteChange
    fact: SiteFact
    holds: Level
    closed: bool


_entries = (
    select(
        event_change,
        hazard_event.c.site,
        hazard_event.c.hazard,
        hazard_event.c.priority,
        hazard_event.c.reasons,
        hazard_event.c.simulated,
        hazard_event.c.warning,
        hazard_event.c.level.label("level_now"),
        hazard_event.c.closed_at,
        site.c.code,
        site.c.name,
        site.c.name_zh,
        site.c.zone,
    )
    .join(hazard_event, hazard_event.c.id == event_change.c.event)
    .join(site, site.c.id == hazard_event.c.site)
)


async def unplanned(connection: AsyncConnection, limit: int) -> list[Entry]:
    """Changes that no messages were made for yet; all of an event or none, the oldest events first."""
    query = _entries.where(event_change.c.planned_at.is_(None)).order_by(event_change.c.event, event_change.c.number)
    found = await _read(connection, query.limit(limit + 1))
    if len(found) <= limit or found[0].change.event == found[-1].change.event:
        return found[:limit]
    return [entry for entry in found if entry.change.event != found[-1].change.event]


async def entries_of_events(connection: AsyncConnection, events: Collection[str]) -> list[Entry]:
    """All changes of these events, by number."""
    found: list[Entry] = []
    for part in parts(events):
        query = _entries.where(event_change.c.event.in_(part)).order_by(event_change.c.number)
        found += await _read(connection, query)
    return found


async def entries_of_messages(connection: AsyncConnection, messages: Collection[str]) -> dict[str, list[Entry]]:
    """The changes that each of these messages tells."""
    found: dict[str, list[Entry]] = defaultdict(list)
    here = (message_change.c.event == event_change.c.event) & (message_change.c.number == event_change.c.number)
    told = _entries.add_columns(message_change.c.message).join(message_change, here)
    for part in parts(messages):
        rows = await connection.execute(told.where(message_change.c.message.in_(part)).order_by(message_change.c.rank))
        for row in rows:
            found[row.message].append(_entry(row))
    return found


async def officials(connection: AsyncConnection, warnings: Collection[str]) -> dict[str, Official]:
    """The official warnings of these ids, as far as there are such; other words stand for our own gauges."""
    found: dict[str, Official] = {}
    columns = (warning.c.id, warning.c.state, warning.c.ends, warning.c.unconfirmed_since, alert.c.parsed)
    query = select(*columns).join(alert, alert.c.id == warning.c.head)
    for part in parts(warnings):
        for row in await connection.execute(query.where(warning.c.id.in_(part))):
            parsed = msgspec.json.decode(row.parsed, type=Alert)
            found[row.id] = Official(row.id, parsed, row.state, row.ends, row.unconfirmed_since)
    return found


async def recipients_of(connection: AsyncConnection, sites: Collection[str]) -> list[Recipient]:
    """Who is told of these sites, in order of their ids; `sites` of each are those among them."""
    theirs: dict[str, list[str]] = defaultdict(list)
    for part in parts(sites):
        query = select(recipient_site).where(recipient_site.c.site.in_(part)).order_by(recipient_site.c.site)
        for row in await connection.execute(query):
            theirs[row.recipient].append(row.site)
    return await recipients(connection, theirs.keys(), theirs)


async def recipients(
    connection: AsyncConnection, ids: Collection[str], sites: dict[str, list[str]] | None = None
) -> list[Recipient]:
    """These people, without those who are disabled, in order of their ids."""
    found: list[Recipient] = []
    for part in parts(ids):
        query = select(recipient).where(recipient.c.id.in_(part), recipient.c.disabled_at.is_(None))
        found += [make_recipient(row, (sites or {}).get(row.id, ())) for row in await connection.execute(query)]
    return sorted(found, key=lambda one: one.id)


async def on_duty(connection: AsyncConnection, now: int) -> list[str]:
    """Who is on duty, the first to be called first."""
    query = (
        select(duty.c.recipient)
        .join(recipient, recipient.c.id == duty.c.recipient)
        .where(duty.c.since <= now, duty.c.until > now, recipient.c.disabled_at.is_(None))
        .order_by(duty.c.rank, duty.c.since, duty.c.id)
    )
    return list(dict.fromkeys(await connection.scalars(query)))


def make_recipient(row: Row[Any], sites: Iterable[str]) -> Recipient:
    """A recipient from a row of the table."""
    return Recipient(
        id=row.id,
        name=row.name,
        role=row.role,
        language=row.language,
        zone=row.zone,
        sites=tuple(sites),
        mail=row.mail,
        chat=row.chat,
        phone=row.phone,
        device=row.device,
        quiet_from_min=row.quiet_from_min,
        quiet_to_min=row.quiet_to_min,
        breaks_quiet=Level(row.breaks_quiet),
        least=Level(row.least),
        hazards=tuple(json.loads(row.hazards)),
    )


def parts(values: Collection[str]) -> Iterator[Sequence[str]]:
    """The values, so many at a time as one statement takes."""
    rest = iter(sorted(values))
    while part := list(islice(rest, BATCH)):
        yield part


async def _read(connection: AsyncConnection, query: Select[Any]) -> list[Entry]:
    return [_entry(row) for row in await connection.execute(query)]


def _entry(row: Row[Any]) -> Entry:
    level, change = Level(row.level), Change(row.change)
    told = SiteChange(
        event=row.event,
        number=row.number,
        site=row.site,
        hazard=row.hazard,
        change=change,
        level=level,
        at=row.at,
        priority=row.priority,
        onset=row.onset,
        simulated=row.simulated,
    )
    fact = SiteFact(
        event=row.event,
        site=row.site,
        code=row.code,
        name=row.name,
        name_zh=row.name_zh,
        zone=row.zone,
        change=change,
        level=level,
        at=row.at,
        onset=row.onset,
        priority=row.priority,
        reasons=tuple((rule, weight, text) for rule, weight, text in json.loads(row.reasons)),
        cause=row.cause,
        warning=row.warning or ("" if OWN_MARK in row.cause else row.cause),
    )
    return Entry(told, fact, Level(row.level_now), row.closed_at is not None)
