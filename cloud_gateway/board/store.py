"""Reads hazard events and official warnings for the pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row, RowMapping, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.board.model import Change, Event, SourceState, Touched, Warned, Word
from cloud_gateway.exposures.score import Reason
from cloud_gateway.exposures.tables import event_change, exposure, hazard_event
from cloud_gateway.sites.store import Site
from cloud_gateway.tables import site
from cloud_gateway.warnings.course import IN_FORCE, Course, State
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.tables import alert, warning, warning_source

#: So many values in one statement: SQLite has a limit.
BATCH = 500
_Value = TypeVar("_Value")
_STANDING = [state.value for state in (*sorted(IN_FORCE), State.SCHEDULED)]


async def count_open(connection: AsyncConnection) -> int:
    """How many hazard events are open."""
    return await connection.scalar(_count().where(hazard_event.c.closed_at.is_(None))) or 0


def _count() -> Select[Any]:
    return select(func.count()).select_from(hazard_event)


async def open_events(connection: AsyncConnection, most: int) -> list[Event]:
    """The open events: what holds or comes gravest first, then by priority."""
    e = hazard_event.c
    query = select(hazard_event).where(e.closed_at.is_(None)).order_by(e.level.desc(), e.priority.desc(), e.id)
    return await _events(connection, query.limit(most))


async def closed_events(connection: AsyncConnection, most: int) -> list[Event]:
    """The events that ended last."""
    e = hazard_event.c
    query = select(hazard_event).where(e.closed_at.is_not(None)).order_by(e.closed_at.desc(), e.id)
    return await _events(connection, query.limit(most))


async def events_of_site(connection: AsyncConnection, where: str, most: int) -> list[Event]:
    """The events of one site, the newest first."""
    e = hazard_event.c
    query = select(hazard_event).where(e.site == where).order_by(e.opened_at.desc(), e.id.desc())
    return await _events(connection, query.limit(most))


async def events_beside(connection: AsyncConnection, one: Event, most: int) -> list[Event]:
    """That event and the others of its warning, in the order in which their sites are called."""
    e = hazard_event.c
    same = e.id == one.id if one.warning is None else (e.warning == one.warning) & (e.hazard == one.hazard)
    query = select(hazard_event).where(same & (e.simulated == one.simulated))
    return await _events(connection, query.order_by(e.priority.desc(), e.id).limit(most))


async def events_of_warning(connection: AsyncConnection, warned: str, most: int) -> list[Event]:
    """The open events at which that warning counts, the gravest first."""
    e = hazard_event.c
    query = select(hazard_event).where(e.warning == warned, e.closed_at.is_(None))
    return await _events(connection, query.order_by(e.level.desc(), e.priority.desc(), e.id).limit(most))


async def find_event(connection: AsyncConnection, name: str) -> Event | None:
    """The event of that id."""
    return next(iter(await _events(connection, select(hazard_event).where(hazard_event.c.id == name))), None)


async def _events(connection: AsyncConnection, query: Select[Any]) -> list[Event]:
    return [_event(row) for row in (await connection.execute(query)).mappings()]


def _event(row: RowMapping) -> Event:
    reasons = msgspec.json.decode(row["reasons"] or "[]", type=tuple[Reason, ...])
    return msgspec.convert(fields_of(row, Event) | {"reasons": reasons}, Event)


async def sites_of(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Site]:
    """Sites by id."""
    rows = await _in_parts(connection, select(site), site.c.id, ids)
    return {row["id"]: Site(**row) for row in rows}


async def changes_of(connection: AsyncConnection, events: Collection[str]) -> list[Change]:
    """The changes of events, in order."""
    rows = await _in_parts(connection, select(event_change), event_change.c.event, events)
    return sorted(
        (msgspec.convert(fields_of(row, Change), Change) for row in rows), key=lambda c: (c.at, c.event, c.number)
    )


async def standing_warnings(connection: AsyncConnection, most: int) -> list[Warned]:
    """What is in force or scheduled and not part of another: the gravest first."""
    w = warning.c
    query = _warnings().where(w.state.in_(_STANDING), w.merged_into.is_(None))
    rows = await connection.execute(query.order_by(w.level.desc(), w.changed_at.desc()).limit(most))
    return [_warned(row) for row in rows]


async def warnings_of(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Warned]:
    """Warnings by id."""
    found: dict[str, Warned] = {}
    for part in _parts(sorted(ids)):
        for row in await connection.execute(_warnings().where(warning.c.id.in_(part))):
            found[row.id] = _warned(row)
    return found


def _warnings() -> Select[Any]:
    return select(warning, *_word_columns()).join(alert, alert.c.id == warning.c.head)


def _word_columns() -> list[Any]:
    names = ("id", "source", "received_at", "signature", "parsed")
    return [alert.c[name].label(f"alert_{name}") for name in names]


def _warned(row: Row[Any]) -> Warned:
    course = msgspec.json.decode(row.course, type=Course)
    said = {"course": course, "head": _word(row, row.id)}
    return msgspec.convert(fields_of(row._mapping, Warned) | said, Warned)  # the public way to a row's names


def _word(row: Row[Any], of: str) -> Word:
    said = msgspec.json.decode(row.alert_parsed, type=Alert)
    return Word(row.alert_id, of, row.alert_source, row.alert_received_at, row.alert_signature, said)


async def words_of(connection: AsyncConnection, warnings: Collection[str], most: int) -> list[Word]:
    """The messages of warnings in the order in which they were sent."""
    columns = (*_word_columns(), alert.c.warning)
    query = select(*columns).where(alert.c.warning.in_(sorted(warnings)[:BATCH]))
    rows = await connection.execute(query.order_by(alert.c.sent, alert.c.received_at).limit(most))
    return [_word(row, row.warning) for row in rows]


async def touched_by(connection: AsyncConnection, warnings: Collection[str], most: int) -> list[Touched]:
    """The sites that warnings touch or have touched."""
    query = select(exposure).where(exposure.c.warning.in_(sorted(warnings)[:BATCH])).limit(most)
    return [msgspec.convert(fields_of(row, Touched), Touched) for row in (await connection.execute(query)).mappings()]


async def list_sources(connection: AsyncConnection) -> list[SourceState]:
    """How each source does."""
    rows = await connection.execute(select(warning_source).order_by(warning_source.c.name))
    return [msgspec.convert(fields_of(row, SourceState), SourceState) for row in rows.mappings()]


def fields_of(row: RowMapping, model: type[msgspec.Struct]) -> dict[str, object]:
    """What a row has for the fields of a struct, by plain names: a column's name may be quoted."""
    return {name: row[name] for name in model.__struct_fields__ if name in row}


async def _in_parts(
    connection: AsyncConnection, query: Select[Any], column: Any, values: Collection[str]
) -> list[RowMapping]:
    found: list[RowMapping] = []
    for part in _parts(sorted(values)):
        found += (await connection.execute(query.where(column.in_(part)))).mappings()
    return found


def _parts(values: Iterable[_Value]) -> Iterator[Sequence[_Value]]:
    rest = iter(values)
    while part := list(islice(rest, BATCH)):
        yield part
