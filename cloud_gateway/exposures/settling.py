"""Settles what warnings and own alarms mean at each site: exposures, hazard events, and what is to be told of them.

What is unsettled stands in the database, and settling it again changes nothing: a kill at any moment loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.exposures import store
from cloud_gateway.exposures.alarms import alarms_by_subject
from cloud_gateway.exposures.events import HazardEvent, OwnAlarm, Subject, advance, gravest
from cloud_gateway.exposures.index import SiteIndex
from cloud_gateway.exposures.reach import reach_of
from cloud_gateway.exposures.score import Score, score
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.store import Changed, Unsettled
from cloud_gateway.exposures.store_alarms import open_alarms
from cloud_gateway.exposures.store_sites import list_places, places_mark, standings
from cloud_gateway.exposures.store_steps import note_steps
from cloud_gateway.warnings.hazards import HAZARDS, OTHER, WATER

#: Warnings settled in one transaction: others wait for the database meanwhile.
MOST_WARNINGS = 200
#: Hazards that bring water to goods, low ground and drains.
WET = WATER | {"typhoon", "thunderstorm"}


class Settled(NamedTuple):
    """What one round did; `more` says that warnings still wait."""

    warnings: int
    events: int
    changes: int
    more: bool


class Settling:
    """Keeps the index of sites between rounds; all else is in the database."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._index = SiteIndex(())
        self._mark: str | None = None

    async def settle(self, connection: AsyncConnection, now: int, most: int = MOST_WARNINGS) -> Settled:
        """Bring exposures and events up to `now` (ms UTC), within the caller's writing transaction."""
        await self._look_at_sites(connection, now)
        unsettled = await store.find_unsettled(connection, now, most)
        sites: set[str] = set()
        moments: dict[str, int | None] = {}
        for one in unsettled:
            touched, moments[one.id] = await self._match(connection, one, now)
            sites |= touched
        await store.mark_settled(connection, moments)
        alarms = alarms_by_subject(await open_alarms(connection), self._gauges.speaks)
        sites |= _newly_gauged(alarms, await store.gauged_subjects(connection))
        changed = await _advance_all(connection, sites, alarms, now)
        await store.write_events(connection, changed, now)
        told = sum(len(one.changes) for one in changed)
        return Settled(len(unsettled), len(changed), told, len(unsettled) == most)

    async def _look_at_sites(self, connection: AsyncConnection, now: int) -> None:
        mark = "/".join(map(str, await places_mark(connection, now)))
        if mark != self._mark:
            self._index = await asyncio.to_thread(SiteIndex, await list_places(connection, now))
            self._mark = mark
        await store.note_sites(connection, mark)

    async def _match(self, connection: AsyncConnection, one: Unsettled, now: int) -> tuple[set[str], int | None]:
        """Write the exposures of a warning; gives the sites where something changed, and when it is looked at next."""
        touches, next_at = await asyncio.to_thread(reach_of, one.course, one.alerts, self._index, now)
        before = await store.load_touches(connection, one.id)
        after = {(touch.exposure.site, touch.hazard): touch for touch in touches}
        new = [touch for place, touch in after.items() if before.get(place) != touch]
        gone = [place for place in before if place not in after]
        await store.write_touches(connection, one.id, new, gone, now)
        return {touch.exposure.site for touch in new} | {site for site, _ in gone}, next_at


def _newly_gauged(alarms: Mapping[Subject, Sequence[OwnAlarm]], known: Mapping[Subject, str]) -> set[str]:
    """The sites at which another own alarm counts than the one that their event knows of."""
    keys = {subject: gravest(some).key for subject, some in alarms.items()}
    return {subject.site for subject in keys | dict(known) if keys.get(subject) != known.get(subject)}


async def _advance_all(
    connection: AsyncConnection, sites: set[str], alarms: Mapping[Subject, Sequence[OwnAlarm]], now: int
) -> list[Changed]:
    """The events of these sites that are other than they were."""
    touches = await store.touches_at(connection, sites)
    events = await store.open_events(connection, sites)
    here = {subject for subject in alarms if subject.site in sites}
    await note_steps(connection, sites, touches, now)
    moved = []
    for subject in sorted({*touches, *events, *here}):
        before = events.get(subject) or HazardEvent(str(uuid7()), *subject)
        after, changes = advance(before, touches.get(subject, ()), alarms.get(subject, ()), now)
        if after != before:
            moved.append(Changed(after, changes, None))
    scores = await _rank(connection, [one.event for one in moved if one.changes and one.event.level], now)
    return [one._replace(score=scores.get(one.event.id)) for one in moved]


async def _rank(connection: AsyncConnection, events: Iterable[HazardEvent], now: int) -> dict[str, Score]:
    """How urgently each site is called, by event."""
    by_hazard: dict[str, list[HazardEvent]] = defaultdict(list)
    for event in events:
        by_hazard[event.hazard].append(event)
    day = datetime.fromtimestamp(now / 1000, UTC).date()
    scores = {}
    for hazard, some in by_hazard.items():
        known = await standings(connection, {event.site for event in some}, _kindred(hazard), now)
        for event in some:
            one = known[event.site]
            scores[event.id] = score(one.vulnerability, event.level, one.insured_minor, day, wet=hazard in WET)
    return scores


def _kindred(hazard: str) -> set[str]:
    """Hazards that do the same harm: claims of any of them count."""
    family = HAZARDS.get(hazard, HAZARDS[OTHER]).family
    return {key for key, one in HAZARDS.items() if one.family == family}
