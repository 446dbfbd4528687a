"""Reads and writes exposures and hazard events, for settling what warnings and own alarms mean at each site."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

import msgspec
from sqlalchemy import RowMapping, bindparam, delete, func, insert, null, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.exposures.events import EventChange, HazardEvent, Subject, Touch
from cloud_gateway.exposures.model import Exposure, SiteTouch, Sure, Why
from cloud_gateway.exposures.score import Score
from cloud_gateway.exposures.tables import event_change, exposure, hazard_event, matched_sites
from cloud_gateway.warnings.course import Course, State
from cloud_gateway.warnings.model import Alert, AlertKey, Level
from cloud_gateway.warnings.tables import alert, storm_track, warning

#: So many values in one statement: SQLite has a limit.
BATCH = 500
_Value = TypeVar("_Value")


class Unsettled(NamedTuple):
    """A warning whose sites are to be matched; `alerts` are all of its messages, none of a merged one.

    `stamp` is another when the warning is another.
    """

    id: str
    course: Course
    alerts: Mapping[AlertKey, Alert]
    stamp: tuple[str, str]


class Settlement(NamedTuple):
    """That a warning as it was (`stamp`) is settled, and when time alone may next change its sites; None: never."""

    stamp: tuple[str, str]
    next_at: int | None


class Changed(NamedTuple):
    """An event that is to be written: with its changes, and its rank where that was judged anew."""

    event: HazardEvent
    changes: Sequence[EventChange]
    score: Score | None


async def find_unsettled(connection: AsyncConnection, now: int, most: int) -> list[Unsettled]:
    """Warnings that changed since their sites were matched, or whose time has come; the longest waiting first."""
    query = select(warning.c.id, warning.c.course, warning.c.merged_into)
    rows = list(await connection.execute(query.where(warning.c.settle_at <= now).order_by(warning.c.id).limit(most)))
    said: dict[str, dict[AlertKey, Alert]] = defaultdict(dict)
    ids = [row.id for row in rows if row.merged_into is None]
    messages = select(alert.c.warning, alert.c.parsed).where(alert.c.warning.in_(ids))
    for row in await connection.execute(messages):
        one = msgspec.json.decode(row.parsed, type=Alert)
        said[row.warning][one.key] = one
    return [
        Unsettled(row.id, _course_of(row.course, row.merged_into), said[row.id], (row.course, row.merged_into or ""))
        for row in rows
    ]


async def fresh_level(connection: AsyncConnection) -> Level | None:
    """The gravest level of the warnings that have changed since their sites were matched; None without any.

    One that is over counts as what it was when its sites were matched.
    """
    fresh = warning.c.settle_at == 0
    query = select(func.max(warning.c.level), func.max(exposure.c.level))
    of_warning = (exposure.c.warning == warning.c.id) & exposure.c.until.is_(None)
    row = (await connection.execute(query.select_from(warning.outerjoin(exposure, of_warning)).where(fresh))).one()
    return None if row[0] is None else Level(max(row[0], row[1] or 0))


def _course_of(text: str, merged_into: str | None) -> Course:
    """Of a warning that turned out to be another's nothing stands."""
    course = msgspec.json.decode(text, type=Course)
    return course if merged_into is None else msgspec.structs.replace(course, standing=())


async def mark_settled(connection: AsyncConnection, settled: Mapping[str, Settlement]) -> None:
    """Say when the sites of each warning are next looked at, unless the warning has changed meanwhile."""
    for id_, (stamp, at) in settled.items():
        same = (warning.c.course == stamp[0]) & (func.coalesce(warning.c.merged_into, "") == stamp[1])
        values = {"settle_at": null() if at is None else at}
        await connection.execute(update(warning).where(warning.c.id == id_, same).values(values))


async def noted_sites(connection: AsyncConnection) -> str | None:
    """The sites as they were when warnings were last matched with them."""
    return await connection.scalar(select(matched_sites.c.mark))


async def note_sites(connection: AsyncConnection, mark: str) -> None:
    """Where the sites are others than at the last time, have those of all that stands matched anew."""
    if await noted_sites(connection) == mark:
        return
    await connection.execute(delete(matched_sites))
    await connection.execute(insert(matched_sites).values(mark=mark))
    standing = select(exposure.c.warning).where(exposure.c.until.is_(None))
    wanted = or_(warning.c.id.in_(standing), warning.c.state.not_in([state.value for state in _OVER]))
    await connection.execute(update(warning).where(wanted).values(settle_at=0))
    await connection.execute(update(storm_track).where(storm_track.c.superseded_at.is_(None)).values(settle_at=0))


async def load_touches(connection: AsyncConnection, id_: str) -> dict[tuple[str, str], SiteTouch]:
    """The sites that a warning touched when it was last matched, by (site, hazard)."""
    query = select(exposure).where(exposure.c.warning == id_, exposure.c.until.is_(None))
    rows = (await connection.execute(query)).mappings()
    return {(row["site"], row["hazard"]): _touch_of(row) for row in rows}


async def write_touches(
    connection: AsyncConnection, id_: str, touches: Sequence[SiteTouch], gone: Sequence[tuple[str, str]], now: int
) -> None:
    """Put new and changed exposures in place, and end those that are gone. `since` stays while a site is inside."""
    if touches:
        statement = upsert(exposure)
        kept = {c.name: statement.excluded[c.name] for c in exposure.c if c.name not in {*_KEY, "since"}}
        since = func.iif(exposure.c.until.is_(None), exposure.c.since, statement.excluded.since)
        replacing = statement.on_conflict_do_update(index_elements=_KEY, set_=kept | {"since": since})
        await connection.execute(replacing, [_exposure_row(id_, touch, now) for touch in touches])
    if gone:
        e = exposure.c
        here = (e.warning == bindparam("w")) & (e.site == bindparam("s")) & (e.hazard == bindparam("h"))
        rows = [{"w": id_, "s": site, "h": hazard} for site, hazard in gone]
        await connection.execute(update(exposure).where(here, e.until.is_(None)).values(until=now), rows)


async def touches_at(connection: AsyncConnection, sites: Collection[str]) -> dict[Subject, list[Touch]]:
    """All that official warnings say of these sites now."""
    columns = (warning.c.issuer, warning.c.simulated, t.site.c.simulated.label("site_simulated"))
    query = (
        select(exposure, *columns)
        .join(warning, warning.c.id == exposure.c.warning)
        .join(t.site, t.site.c.id == exposure.c.site)
        .where(exposure.c.until.is_(None))
    )
    found: dict[Subject, list[Touch]] = defaultdict(list)
    for part in _parts(sorted(sites)):
        for row in await connection.execute(query.where(exposure.c.site.in_(part))):
            subject = Subject(row.site, row.hazard, row.simulated or row.site_simulated)
            touch = Touch(row.warning, row.issuer, Level(row.holds), Level(row.level), row.onset, row.ends)
            found[subject].append(touch)
    return found


async def open_events(connection: AsyncConnection, sites: Collection[str]) -> dict[Subject, HazardEvent]:
    """The events of these sites that are open."""
    query = select(hazard_event).where(hazard_event.c.closed_at.is_(None))
    found: dict[Subject, HazardEvent] = {}
    for part in _parts(sorted(sites)):
        for row in (await connection.execute(query.where(hazard_event.c.site.in_(part)))).mappings():
            event = event_of(row)
            found[event.subject] = event
    return found


async def gauged_subjects(connection: AsyncConnection) -> dict[Subject, str]:
    """The own alarm that counts in each open event that has one."""
    e = hazard_event.c
    query = select(e.site, e.hazard, e.simulated, e.gauge).where(e.closed_at.is_(None), e.gauge != "")
    return {Subject(row.site, row.hazard, row.simulated): row.gauge for row in await connection.execute(query)}


async def write_events(connection: AsyncConnection, changed: Sequence[Changed], now: int) -> None:
    """Write events and what is to be told of them, and let live pages know."""
    ranked = [_event_row(one.event) | _rank_row(one.score) for one in changed if one.score is not None]
    noted = [_event_row(one.event) for one in changed if one.score is None]
    if ranked:
        statement = upsert(hazard_event)
        kept = {name: statement.excluded[name] for name in ranked[0] if name != "id"}
        await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=kept), ranked)
    if noted:
        values: dict[str, object] = {name: bindparam(f"new_{name}") for name in noted[0] if name != "id"}
        updating = update(hazard_event).where(hazard_event.c.id == bindparam("new_id")).values(values)
        await connection.execute(updating, [{f"new_{name}": v for name, v in row.items()} for row in noted])
    told = [(one.event, change) for one in changed for change in one.changes]
    if told:
        await connection.execute(insert(event_change), [_change_row(event, change) for event, change in told])
        await connection.execute(insert(t.event).values(at=now, topic="exposure", body=_news(told)))


def event_of(row: RowMapping) -> HazardEvent:
    """An event from its row."""
    return msgspec.convert({name: row[name] for name in HazardEvent.__struct_fields__}, HazardEvent)


_KEY = ["warning", "site", "hazard"]
_OVER = (State.CANCELLED, State.EXPIRED, State.NOT_FOR_PUBLIC)
#: Changes that are named to live pages; they read the list where there are more.
_NAMED = 20


def _touch_of(row: RowMapping) -> SiteTouch:
    exposed = Exposure(
        row["site"],
        Why(row["why"]),
        Sure(row["sure"]),
        Level(row["level"]),
        row["detail"],
        row["distance_m"],
        row["repaired"],
    )
    return SiteTouch(exposed, row["hazard"], Level(row["holds"]), row["onset"], row["ends"])


def _exposure_row(id_: str, touch: SiteTouch, now: int) -> dict[str, object]:
    one = touch.exposure
    return {
        "warning": id_,
        "site": one.site,
        "hazard": touch.hazard,
        "why": one.why.value,
        "sure": one.sure.value,
        "level": int(one.level),
        "holds": int(touch.holds),
        "onset": touch.onset,
        "ends": touch.ends,
        "detail": one.detail,
        "distance_m": one.distance_m,
        "repaired": one.repaired,
        "since": now,
        "until": None,
    }


def _event_row(event: HazardEvent) -> dict[str, object]:
    row: dict[str, object] = msgspec.structs.asdict(event)
    return row | {name: int(level) for name, level in row.items() if isinstance(level, Level)}


def _rank_row(score: Score) -> dict[str, object]:
    return {"priority": score.value, "reasons": msgspec.json.encode(score.reasons).decode()}


def _change_row(event: HazardEvent, change: EventChange) -> dict[str, object]:
    return {
        "event": event.id,
        "number": change.number,
        "change": change.change.value,
        "level": int(change.level),
        "at": change.at,
        "onset": change.onset,
        "cause": change.cause,
        "planned_at": None,
    }


def _news(told: Sequence[tuple[HazardEvent, EventChange]]) -> str:
    named = [
        {"event": event.id, "site": event.site, "hazard": event.hazard, "change": change.change, "level": change.level}
        for event, change in told[:_NAMED]
    ]
    return json.dumps({"count": len(told), "changes": named})


def _parts(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    rest = iter(values)
    while part := list(islice(rest, BATCH)):
        yield part
