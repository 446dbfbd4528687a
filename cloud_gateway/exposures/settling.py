"""Settles what warnings, storms and own alarms mean at each site: exposures, events, and what is to be told of them.

What is unsettled stands in the database, and settling it again changes nothing: a kill at any moment loses nothing.
What a round has found is written site by site, so many sites in a transaction, the gravest first; each site with all
that the round says of it, so that it is told the same however the round is cut. Only the last transaction calls it
settled.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils import uuid7

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures import store, store_brief, store_storms
from cloud_gateway.exposures.alarms import alarms_by_subject
from cloud_gateway.exposures.events import HazardEvent, OwnAlarm, Subject, Touch, advance, gravest
from cloud_gateway.exposures.index import SiteIndex
from cloud_gateway.exposures.model import Place, SiteTouch, StormTouch
from cloud_gateway.exposures.ranking import STORM, rank_events
from cloud_gateway.exposures.reach import reach_of
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.store import Changed, Settlement, Unsettled
from cloud_gateway.exposures.store_alarms import open_alarms
from cloud_gateway.exposures.store_sites import list_places, places_mark
from cloud_gateway.exposures.store_steps import note_steps
from cloud_gateway.exposures.store_storms import UnsettledTrack
from cloud_gateway.exposures.storm import storm_touches
from cloud_gateway.warnings.model import Level

#: Warnings settled in one round.
MOST_WARNINGS = 200
#: Sites written in one transaction: others wait for the database meanwhile.
MOST_SITES = 250
#: Between two of them the database is left alone, s: SQLite has no queue, and who waits looks every 0.1 s.
LET_IN_S = 0.11
Alarms = Mapping[Subject, Sequence[OwnAlarm]]


class Settled(NamedTuple):
    """What one round did; `more` says that warnings still wait."""

    warnings: int
    events: int
    changes: int
    more: bool


class _SiteWork(NamedTuple):
    """What a round has to write of one site: by warning (id) the touches that are new and the hazards that are gone."""

    touches: dict[str, list[SiteTouch]]
    gone: dict[str, list[str]]
    storms: dict[str, StormTouch | None]  # by advisory; None: it reaches the site no more

    @property
    def level(self) -> int:
        """The gravest that now holds there."""
        return max((touch.holds for some in self.touches.values() for touch in some), default=0)


@dataclass
class _Round:
    """What a round has found; nothing of it is written yet."""

    now: int
    sites: dict[str, _SiteWork] = field(default_factory=lambda: defaultdict(lambda: _SiteWork({}, {}, {})))
    settled: dict[str, Settlement] = field(default_factory=dict)
    tracks: dict[str, tuple[bool, int | None]] = field(default_factory=dict)
    alarms: Alarms = field(default_factory=dict)
    brief: Alarms = field(default_factory=dict)
    alarms_seen: int | None = None
    is_full: bool = False

    def parts(self, most: int) -> Iterator[list[str]]:
        """The sites by their gravity, so many at a time; those at which an own alarm is new go with the gravest."""
        gauged = {subject.site for subject in (*self.alarms, *self.brief)}
        levels = {site: Level.EXTREME if site in gauged else work.level for site, work in self.sites.items()}
        ordered = sorted(self.sites, key=lambda site: (-levels[site], site))
        return (ordered[start : start + most] for start in range(0, len(ordered), most))


class Settling:
    """Keeps the index of sites between rounds; all else is in the database."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._places: list[Place] = []
        self._index = SiteIndex(())
        self._mark: str | None = None

    async def settle(self, connection: AsyncConnection, now: int, most: int = MOST_WARNINGS) -> Settled:
        """Bring exposures and events up to `now` (ms UTC), all within the caller's writing transaction."""
        await self._look_at_sites(connection, now)
        await store.note_sites(connection, str(self._mark))
        found = await self._find(connection, now, most)
        events = [await _write(connection, found, part) for part in found.parts(max(len(found.sites), 1))]
        await _close(connection, found)
        return _settled(found, [one for some in events for one in some])

    async def settle_in_parts(
        self, engine: AsyncEngine, now: int, most: int = MOST_WARNINGS, most_sites: int = MOST_SITES
    ) -> Settled:
        """The same in transactions of its own, none of which holds the database for long."""
        done = [part async for part in self.parts(engine, now, most, most_sites)]
        return done[-1] if done else Settled(0, 0, 0, more=False)

    async def parts(
        self, engine: AsyncEngine, now: int, most: int = MOST_WARNINGS, most_sites: int = MOST_SITES
    ) -> AsyncGenerator[Settled, None]:
        """The same transaction by transaction, with what was done so far; left at any of them it may begin again."""
        async with reading(engine) as connection:
            await self._look_at_sites(connection, now)
        await self._note_sites(engine)
        async with reading(engine) as connection:
            found = await self._find(connection, now, most)
        events: list[Changed] = []
        for number, part in enumerate(found.parts(most_sites)):
            if number:
                await asyncio.sleep(LET_IN_S)
            async with transaction(engine) as connection:
                events += await _write(connection, found, part)
            yield _settled(found, events)
        if found.settled or found.tracks or found.alarms_seen is not None:
            async with transaction(engine) as connection:
                await _close(connection, found)
            yield _settled(found, events)

    async def _note_sites(self, engine: AsyncEngine) -> None:
        async with reading(engine) as connection:
            is_known = await store.noted_sites(connection) == self._mark
        if not is_known:
            async with transaction(engine) as connection:
                await store.note_sites(connection, str(self._mark))

    async def _look_at_sites(self, connection: AsyncConnection, now: int) -> None:
        mark = "/".join(map(str, await places_mark(connection, now)))
        if mark != self._mark:
            self._places = await list_places(connection, now)
            self._index = await asyncio.to_thread(SiteIndex, self._places)
            self._mark = mark

    async def _find(self, connection: AsyncConnection, now: int, most: int) -> _Round:
        """What is other than it was, by site."""
        found = _Round(now)
        unsettled = await store.find_unsettled(connection, now, most)
        for one in unsettled:
            await self._match(connection, one, found)
        for track in await store_storms.find_unsettled_tracks(connection, now):
            await self._match_track(connection, track, found)
        found.is_full = 0 < most == len(unsettled)
        found.alarms = alarms_by_subject(await open_alarms(connection), self._gauges.speaks)
        brief, found.alarms_seen = await store_brief.brief_alarms(connection, self._gauges.speaks, now)
        found.brief = alarms_by_subject(brief, self._gauges.speaks)
        gauged = _newly_gauged(found.alarms, await store.gauged_subjects(connection))
        for site in gauged | {subject.site for subject in found.brief}:
            found.sites[site]
        return found

    async def _match(self, connection: AsyncConnection, one: Unsettled, found: _Round) -> None:
        """The exposures of a warning that are new, others or gone, and when it is looked at next."""
        touches, next_at = await asyncio.to_thread(reach_of, one.course, one.alerts, self._index, found.now)
        before = await store.load_touches(connection, one.id)
        after = {(touch.exposure.site, touch.hazard): touch for touch in touches}
        for (site, hazard), touch in after.items():
            if before.get((site, hazard)) != touch:
                found.sites[site].touches.setdefault(one.id, []).append(touch)
        for site, hazard in before.keys() - after.keys():
            found.sites[site].gone.setdefault(one.id, []).append(hazard)
        found.settled[one.id] = Settlement(one.stamp, next_at)

    async def _match_track(self, connection: AsyncConnection, one: UnsettledTrack, found: _Round) -> None:
        reached = (
            [] if one.is_superseded else await asyncio.to_thread(storm_touches, one.track, self._places, found.now)
        )
        before = await store_storms.load_storm_touches(connection, one.id)
        after = {touch.exposure.site: touch for touch in reached}
        for site in before.keys() | after.keys():
            if before.get(site) != after.get(site):
                found.sites[site].storms[one.id] = after.get(site)
        found.tracks[one.id] = one.is_superseded, min((touch.leaves for touch in reached), default=None)


def _settled(found: _Round, changed: Sequence[Changed]) -> Settled:
    return Settled(len(found.settled), len(changed), sum(len(one.changes) for one in changed), found.is_full)


def _newly_gauged(alarms: Alarms, known: Mapping[Subject, str]) -> set[str]:
    """The sites at which another own alarm counts than the one that their event knows of."""
    keys = {subject: gravest(some).key for subject, some in alarms.items()}
    return {subject.site for subject in keys | dict(known) if keys.get(subject) != known.get(subject)}


async def _write(connection: AsyncConnection, found: _Round, sites: Sequence[str]) -> list[Changed]:
    """Exposures and events of these sites."""
    await _write_touches(connection, found, sites)
    await _write_storms(connection, found, sites)
    changed = await _advance_all(connection, set(sites), found)
    await store.write_events(connection, changed, found.now)
    return changed


async def _write_touches(connection: AsyncConnection, found: _Round, sites: Sequence[str]) -> None:
    works = [(site, found.sites[site]) for site in sites]
    for id_ in dict.fromkeys(id_ for _, work in works for id_ in (*work.touches, *work.gone)):
        new = [touch for _, work in works for touch in work.touches.get(id_, ())]
        gone = [(site, hazard) for site, work in works for hazard in work.gone.get(id_, ())]
        await store.write_touches(connection, id_, new, gone, found.now)


async def _write_storms(connection: AsyncConnection, found: _Round, sites: Sequence[str]) -> None:
    works = [(site, found.sites[site].storms) for site in sites]
    for id_ in dict.fromkeys(id_ for _, storms in works for id_ in storms):
        said = [(site, storms[id_]) for site, storms in works if id_ in storms]
        new = [touch for _, touch in said if touch is not None]
        gone = [site for site, touch in said if touch is None]
        await store_storms.write_storm_touches(connection, id_, new, gone, found.now)


async def _close(connection: AsyncConnection, found: _Round) -> None:
    """Say that all of it is settled."""
    await store.mark_settled(connection, found.settled)
    await store_storms.mark_tracks_settled(connection, found.tracks)
    if found.alarms_seen is not None:
        await store_brief.note_seen(connection, found.alarms_seen)


async def _advance_all(connection: AsyncConnection, sites: set[str], found: _Round) -> list[Changed]:
    """The events of these sites that are other than they were, or to be ranked anew."""
    touches = await store.touches_at(connection, sites)
    events = await store.open_events(connection, sites)
    here = {subject for subject in (*found.alarms, *found.brief) if subject.site in sites}
    await note_steps(connection, sites, touches, found.now)
    moved = []
    for subject in sorted({*touches, *events, *here}):
        before = events.get(subject) or HazardEvent(str(uuid7()), *subject)
        one = _advance(before, touches.get(subject, ()), found)
        if one.event != before or _is_reranked(one.event, found):
            moved.append(one)
    ranked = [one.event for one in moved if _is_ranked(one, found, is_new=one.event.subject not in events)]
    scores = await rank_events(connection, ranked, found.now)
    return [one._replace(score=scores.get(one.event.id)) for one in moved]


def _advance(before: HazardEvent, touches: Sequence[Touch], found: _Round) -> Changed:
    """The event with what stands now; an alarm that came and went since the last round is told as both."""
    alarms = found.alarms.get(before.subject, ())
    brief = found.brief.get(before.subject, ())
    if not brief:
        return Changed(*advance(before, touches, alarms, found.now), None)
    between, rise = advance(before, touches, [*alarms, *brief], found.now)
    after, fall = advance(between, touches, alarms, found.now)
    return Changed(after, (*rise, *fall), None)


def _is_ranked(one: Changed, found: _Round, *, is_new: bool) -> bool:
    """Whether its priority is judged: while it is open, and once for one that began and ended between two rounds."""
    if not one.event.level:
        return is_new and bool(one.changes)
    return bool(one.changes) or _is_reranked(one.event, found)


def _is_reranked(event: HazardEvent, found: _Round) -> bool:
    """Whether the storms over an open event's site are others than they were."""
    return bool(event.level) and event.hazard == STORM and bool(found.sites[event.site].storms)
