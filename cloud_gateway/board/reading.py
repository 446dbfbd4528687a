"""Reads what each page needs, in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.board import store, store_outreach
from cloud_gateway.board.foresight import Foresight, foresee_end
from cloud_gateway.board.model import Case, Event, Handover, SourceState, Told, Warned
from cloud_gateway.events.store import kept_events
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.store_sites import Risk, find_risk
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.store_calls import list_calls
from cloud_gateway.sites.store import Site, find_site, list_sites
from cloud_gateway.sites.store_changes import Entered, find_retirement, list_changes, retired_sites
from cloud_gateway.warnings.store_views import list_closings
from cloud_gateway.warnings.views import Signed

#: Open events that a page shows; how many more there are is said.
OPEN_MOST = 60
CLOSED_MOST = 8
WARNINGS_MOST = 60
WORDS_MOST = 400
SITES_MOST = 1000
BESIDE_MOST = 200
NOTES_MOST = 5
CALLS_MOST = 500
HISTORY_MOST = 100
CHANGES_MOST = 50


@dataclass(frozen=True)
class Frame:
    """What every page shows around its own content: open events, calls to make, the newest event for live pages."""

    open_events: int
    calls: int
    newest_event: int
    now: int


@dataclass(frozen=True)
class BoardFacts:
    """What the warning board is made of."""

    case: Case
    standing: Sequence[Warned]
    sites: Sequence[Site]
    sources: Sequence[SourceState]
    failing: Sequence[str]
    open_count: int


@dataclass(frozen=True)
class DutyFacts:
    """What the duty screen is made of; `pressing` are the messages to call about now, the most pressing first."""

    case: Case
    pressing: Sequence[str]
    calls: Sequence[Told]
    notes: Sequence[Handover]
    open_count: int


@dataclass(frozen=True)
class ClosingFacts:
    """What the page is made of on which a warning is ended."""

    warned: Warned
    case: Case
    foresight: Foresight
    closings: Sequence[Signed]


@dataclass(frozen=True)
class SiteFacts:
    """What a site's page is made of."""

    site: Site
    risk: Risk | None
    case: Case
    changes: Sequence[Entered]
    retired_at: int | None


async def read_frame(connection: AsyncConnection, now: int) -> Frame:
    """What stands around the content of a page at gateway time `now`, ms UTC."""
    return Frame(
        open_events=await store.count_open(connection),
        calls=len(await list_calls(connection, now)),
        newest_event=(await kept_events(connection))[1],
        now=now,
    )


async def read_board(connection: AsyncConnection, now: int) -> BoardFacts:
    """The open events and the last closed ones, the warnings that stand, and how sources do."""
    events = await store.open_events(connection, OPEN_MOST) + await store.closed_events(connection, CLOSED_MOST)
    case = await _read_case(connection, events)
    standing = await store.standing_warnings(connection, WARNINGS_MOST)
    ids = {one.id for one in standing} | set(case.warnings)
    retired = await retired_sites(connection, now) - {event.site for event in events}
    return BoardFacts(
        case=replace(
            case,
            words=await store.words_of(connection, ids, WORDS_MOST),
            touched=await store.touched_by(connection, {one.id for one in standing}, SITES_MOST),
        ),
        standing=standing,
        sites=[one for one in await list_sites(connection, "", SITES_MOST) if one.id not in retired],
        sources=await store.list_sources(connection),
        failing=await store_outreach.failing_channels(connection),
        open_count=await store.count_open(connection),
    )


async def read_worst(connection: AsyncConnection) -> Case:
    """The gravest open event alone, for other pages; a case without events when none is open."""
    case = await _read_case(connection, await store.open_events(connection, 1))
    return replace(case, words=await store.words_of(connection, set(case.warnings), WORDS_MOST))


async def read_event(connection: AsyncConnection, name: str) -> tuple[Event, Case] | None:
    """An event with those beside it, its people and its tasks; None without such an event."""
    event = await store.find_event(connection, name)
    if event is None:
        return None
    beside = await store.events_beside(connection, event, BESIDE_MOST)
    rest = [one for one in beside if one.id != event.id]
    case = await _read_case(connection, [event, *rest])
    causes = {change.cause for change in case.changes if change.event == event.id and "/" not in change.cause}
    ids = (causes | {event.warning or ""}) - {""}
    full = replace(
        case,
        events=beside if event in beside else [event, *beside],
        warnings={**case.warnings, **await store.warnings_of(connection, ids)},
        words=await store.words_of(connection, ids, WORDS_MOST),
        touched=await store.touched_by(connection, ids, BESIDE_MOST),
        people=await store_outreach.people_of(connection, event.site),
        people_of=event.site,
        tasks=await store_outreach.tasks_of(connection, [event.id]),
        closings=[signed for one in sorted(ids) for signed in await list_closings(connection, one)],
    )
    return event, full


async def read_closing(
    connection: AsyncConnection, warning: str, gauges: Gauges, ladder: Sequence[Rung], now: int
) -> ClosingFacts | None:
    """A warning with its open events, the gravest first, and what its end would set off; None without it."""
    warned = (await store.warnings_of(connection, [warning])).get(warning)
    if warned is None:
        return None
    case = await _read_case(connection, await store.events_of_warning(connection, warning, OPEN_MOST))
    full = replace(
        case,
        words=await store.words_of(connection, [warning], WORDS_MOST),
        touched=await store.touched_by(connection, [warning], SITES_MOST),
    )
    foresight = await foresee_end(connection, warning, gauges, ladder, now)
    return ClosingFacts(warned, full, foresight, await list_closings(connection, warning))


async def read_duty(connection: AsyncConnection, now: int) -> DutyFacts:
    """Calls to make, the open events, and the newest hand-over notes with their events."""
    pressing = [call.message for call in await list_calls(connection, now)]
    calls = await store_outreach.open_calls(connection, CALLS_MOST)
    notes = await store_outreach.list_handovers(connection, NOTES_MOST)
    events = await store.open_events(connection, OPEN_MOST)
    named = {one.event for one in calls} | {name for note in notes for name in note.events[:OPEN_MOST]}
    others = [await store.find_event(connection, name) for name in sorted(named - {e.id for e in events})]
    case = await _read_case(connection, [*events, *(one for one in others if one is not None)])
    words = await store.words_of(connection, set(case.warnings), WORDS_MOST)
    return DutyFacts(replace(case, words=words), pressing, calls, notes, await store.count_open(connection))


async def read_site(connection: AsyncConnection, code: str) -> SiteFacts | None:
    """A site with its events; None without such a site."""
    site = await find_site(connection, code)
    if site is None:
        return None
    events = await store.events_of_site(connection, site.id, HISTORY_MOST)
    case = await _read_case(connection, events)
    full = replace(
        case,
        words=await store.words_of(connection, set(case.warnings), WORDS_MOST),
        people=await store_outreach.people_of(connection, site.id),
        people_of=site.id,
        tasks=await store_outreach.tasks_of(connection, [e.id for e in events if e.closed_at is None]),
    )
    return SiteFacts(
        site=site,
        risk=await find_risk(connection, site.id),
        case=full,
        changes=await list_changes(connection, site.id, CHANGES_MOST),
        retired_at=await find_retirement(connection, site.id),
    )


async def _read_case(connection: AsyncConnection, events: Sequence[Event]) -> Case:
    names = {event.id for event in events}
    told = await store_outreach.told_of(connection, names)
    return Case(
        events=events,
        sites=await store.sites_of(connection, {event.site for event in events}),
        changes=await store.changes_of(connection, names),
        warnings=await store.warnings_of(connection, {event.warning for event in events if event.warning}),
        told=told,
        answers=await store_outreach.answers_to(connection, {one.id for one in told}),
    )
