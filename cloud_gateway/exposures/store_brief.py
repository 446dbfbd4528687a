"""Finds own alarms that were raised and cleared between two rounds, so that they too leave an event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.exposures.alarms import OpenAlarm, alarms_by_subject
from cloud_gateway.exposures.events import Subject
from cloud_gateway.exposures.settings import Speaks
from cloud_gateway.exposures.store_alarms import ended_alarms
from cloud_gateway.exposures.tables import gateway_alarm, hazard_event, seen_alarms

#: A batch may be committed so long after the time that its alarms say they were received: looked at again.
OVERLAP_MS = 600_000


class _Span(NamedTuple):
    """An event that our gauge had a part in, from when (device time) to when (None: it is open), and its peak."""

    first: int
    last: int | None
    peak: int


async def brief_alarms(
    connection: AsyncConnection, speaks: Sequence[Speaks], now: int
) -> tuple[list[OpenAlarm], int | None]:
    """Ended alarms that no event knows of, and up to where alarms have now been looked at; None: no further."""
    seen = await connection.scalar(select(func.max(seen_alarms.c.received_at)))
    newest = await _newest(connection)
    since = (now if seen is None else seen) - OVERLAP_MS
    ended = await ended_alarms(connection, since)
    spans = await _spans(connection, ended)
    unknown = [alarm for alarm in ended if not _is_known(alarm, spans, speaks)]
    mark = max(newest, since if seen is None else seen)
    return unknown, None if mark == seen else mark


async def note_seen(connection: AsyncConnection, received_at: int) -> None:
    """Alarms received up to then have been looked at."""
    await connection.execute(delete(seen_alarms))
    await connection.execute(insert(seen_alarms).values(received_at=received_at))


def _is_known(alarm: OpenAlarm, spans: Mapping[Subject, Sequence[_Span]], speaks: Sequence[Speaks]) -> bool:
    """Whether every event that it would make holds it already: its gauge spoke by then, at least as gravely."""
    return all(
        any(
            span.first <= own.raised_at and (span.last is None or span.last >= own.raised_at) and own.level <= span.peak
            for span in spans.get(subject, ())
        )
        for subject, (own,) in alarms_by_subject([alarm], speaks).items()
    )


async def _newest(connection: AsyncConnection) -> int:
    times = [await connection.scalar(select(func.max(table.c.received_at))) for table in (t.alarm, gateway_alarm)]
    return max(time or 0 for time in times)


async def _spans(connection: AsyncConnection, ended: Iterable[OpenAlarm]) -> dict[Subject, list[_Span]]:
    """The events of these alarms' sites in which a gauge had a part, and which may reach as far."""
    first: dict[str, int] = {}
    for alarm in ended:
        first[alarm.site] = min(first.get(alarm.site, alarm.raised_at), alarm.raised_at)
    e = hazard_event.c
    found: dict[Subject, list[_Span]] = defaultdict(list)
    for site, since in first.items():
        query = select(e.hazard, e.simulated, e.gauge_at, e.closed_at, e.peak).where(e.site == site)
        query = query.where(e.gauge_at.is_not(None), or_(e.closed_at.is_(None), e.closed_at >= since))
        for row in await connection.execute(query):
            found[Subject(site, row.hazard, row.simulated)].append(_Span(row.gauge_at, row.closed_at, row.peak))
    return found
