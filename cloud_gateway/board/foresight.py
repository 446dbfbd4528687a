"""What the end of a warning would set off, found by the same decisions that will be taken, with nothing written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.board.store import sites_of
from cloud_gateway.exposures.alarms import alarms_by_subject
from cloud_gateway.exposures.events import EventChange, HazardEvent, advance
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.store import load_touches, open_events, touches_at
from cloud_gateway.exposures.store_alarms import open_alarms
from cloud_gateway.outreach.model import Change, Recipient, SiteChange
from cloud_gateway.outreach.planning import plan_changes
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.store_situation import read_situation
from cloud_gateway.sites.store import Site


@dataclass(frozen=True)
class Foresight:
    """Who would be told of an all-clear, at which sites it is over, and where something else still stands."""

    told: Sequence[Recipient]
    over: Sequence[Site]
    standing: Sequence[Site]


async def foresee_end(
    connection: AsyncConnection, warning: str, gauges: Gauges, ladder: Sequence[Rung], now: int
) -> Foresight:
    """What would follow if this warning ended at `now` (ms UTC)."""
    sites = {site for site, _hazard in await load_touches(connection, warning)}
    touches = await touches_at(connection, sites)
    alarms = alarms_by_subject(await open_alarms(connection), gauges.speaks)
    over, rest = [], set()
    for subject, event in (await open_events(connection, sites)).items():
        here = touches.get(subject, [])
        if not any(touch.warning == warning for touch in here):
            continue
        left = [touch for touch in here if touch.warning != warning]
        changes = advance(event, left, alarms.get(subject, ()), now)[1]
        over += [_site_change(event, one) for one in changes if one.change is Change.CLEARED]
        rest |= set() if any(one.change is Change.CLEARED for one in changes) else {subject.site}
    named = await sites_of(connection, sites)
    ended = {one.site for one in over}
    told = await _tell(connection, over, ladder, now)
    return Foresight(told, _in_order(named[one] for one in ended), _in_order(named[one] for one in rest))


async def _tell(
    connection: AsyncConnection, over: Sequence[SiteChange], ladder: Sequence[Rung], now: int
) -> list[Recipient]:
    situation = await read_situation(connection, {one.event for one in over}, {one.site for one in over}, now)
    plan = plan_changes(over, situation, ladder, now, lambda: str(uuid7()))
    meant = {message.recipient for message in plan.messages if message.change is Change.CLEARED}
    return [one for one in situation.recipients if one.id in meant]


def _site_change(event: HazardEvent, one: EventChange) -> SiteChange:
    return SiteChange(
        event=event.id,
        number=one.number,
        site=event.site,
        hazard=event.hazard,
        change=one.change,
        level=one.level,
        at=one.at,
        onset=one.onset,
        simulated=event.simulated,
    )


def _in_order(sites: Iterable[Site]) -> list[Site]:
    return sorted(sites, key=lambda one: one.code)
