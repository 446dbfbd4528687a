"""The figures that standards and the self-assessment are judged by, counted in the database."""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import ColumnElement, FromClause, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.complaints.deadlines import local_day
from cloud_gateway.complaints.tables import complaint, corrective_action, follow_up
from cloud_gateway.plans.tables import drill, plan
from cloud_gateway.ratings.tables import service
from cloud_gateway.stations.tables import clerk, counter, terminal
from cloud_gateway.tables import device
from cloud_gateway.telephony.tables import call_back
from cloud_gateway.training.standards import Share
from cloud_gateway.training.store import list_untrained
from cloud_gateway.training.tables import assessment_answer

#: A wait that is short enough, s.
SHORT_WAIT_S = 600


class Answer(msgspec.Struct, frozen=True):
    """What somebody said of a point that no data can judge: yes, partly or no."""

    item: str
    met: str
    note: str
    at: int
    by: str


async def read_figures(
    connection: AsyncConnection, first: date, last: date, zone: str, today: date
) -> dict[str, Share]:
    """The figures of a span of local days, both included, in the house's zone; what has no span is as of `today`."""
    c = connection
    span = (str(first), str(last))
    days = service.c.day.between(*span)
    return {
        "invited": await _share(c, service, days, service.c.invited),
        "waited": await _share(c, service, days & service.c.waited_s.is_not(None), service.c.waited_s <= SHORT_WAIT_S),
        "answered-in-time": await _answered(c, span, today),
        "contacted-in-time": await _contacted(c, span, today),
        "called-in-time": await _called(c, span, zone, today),
        "trained": await _trained(c, today),
        "photos": await _share(c, clerk, ~clerk.c.gone, clerk.c.photo != ""),
        "terminals": await _terminals(c),
        "effects": await _share(
            c,
            corrective_action,
            corrective_action.c.due.between(*span) & (corrective_action.c.due <= str(today)),
            corrective_action.c.checked_at.is_not(None),
        ),
        "online": await _share(c, device, device.c.presence.is_not(None), device.c.presence == "online"),
        "drills": await _drilled(c, first),
    }


async def add_answer(connection: AsyncConnection, new: Answer) -> None:
    """Keep what somebody said; the newest counts."""
    await connection.execute(insert(assessment_answer).values(id=str(uuid7()), **msgspec.structs.asdict(new)))


async def newest_answers(connection: AsyncConnection) -> dict[str, Answer]:
    """The newest answer to each point, by point."""
    a = assessment_answer.c
    rows = await connection.execute(select(a.item, a.met, a.note, a.at, a.by).order_by(a.at, a.id))
    return {row.item: Answer(*row) for row in rows}


async def _share(c: AsyncConnection, table: FromClause, among: ColumnElement[bool], good: ColumnElement[bool]) -> Share:
    query = select(func.count().filter(good), func.count()).select_from(table).where(among)
    part, whole = (await c.execute(query)).one()
    return Share(part, whole)


async def _answered(c: AsyncConnection, span: tuple[str, str], today: date) -> Share:
    k = complaint.c
    judged = k.received.between(*span) & (k.state != "withdrawn")
    judged &= k.first_answered.is_not(None) | (k.first_due < str(today))
    return await _share(c, complaint, judged, k.first_answered <= k.first_due)


async def _contacted(c: AsyncConnection, span: tuple[str, str], today: date) -> Share:
    """A customer who had left could not be spoken with, and is not counted."""
    f = follow_up.c
    query = select(f.zone, f.contact_due, f.contacted_at).where(f.contact_due.between(*span), f.outcome != "left")
    rows = (await c.execute(query)).all()
    judged = [row for row in rows if row.contacted_at is not None or row.contact_due < str(today)]
    good = [row for row in judged if row.contacted_at and str(local_day(row.contacted_at, row.zone)) <= row.contact_due]
    return Share(len(good), len(judged))


async def _called(c: AsyncConnection, span: tuple[str, str], zone: str, today: date) -> Share:
    b = call_back.c
    rows = (await c.execute(select(b.due, b.ended_at).where(b.due.between(*span)))).all()
    judged = [row for row in rows if row.ended_at is not None or row.due < str(today)]
    good = [row for row in judged if row.ended_at and str(local_day(row.ended_at, zone)) <= row.due]
    return Share(len(good), len(judged))


async def _trained(c: AsyncConnection, today: date) -> Share:
    serving = int(await c.scalar(select(func.count()).select_from(clerk).where(~clerk.c.gone)) or 0)
    return Share(serving - len(await list_untrained(c, today)), serving)


async def _terminals(c: AsyncConnection) -> Share:
    same = (terminal.c.station == counter.c.station) & (terminal.c.counter == counter.c.number)
    stands = select(terminal.c.device).where(same, terminal.c.until.is_(None)).exists()
    return await _share(c, counter, counter.c.number != "", stands)


async def _drilled(c: AsyncConnection, first: date) -> Share:
    """Plans that were exercised since a day; versions of one plan are one."""
    pairs = select(plan.c.site, plan.c.hazard).distinct()
    whole = int(await c.scalar(select(func.count()).select_from(pairs.subquery())) or 0)
    since = func.unixepoch(str(first)) * 1000
    done = pairs.join(drill, drill.c.plan == plan.c.id).where(drill.c.begun_at >= since)
    return Share(int(await c.scalar(select(func.count()).select_from(done.subquery())) or 0), whole)
