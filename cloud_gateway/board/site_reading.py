"""Reads how a site does: its devices, alarms, who stood there when, and what there is of it on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.alarms.store_hand import Choice, Held, list_closed, list_held
from cloud_gateway.console.field import Field, judge_field
from cloud_gateway.console.labels import Labels
from cloud_gateway.console.store import Snapshot, by_device, read_snapshot
from cloud_gateway.devices.store import devices_on, list_rules, list_streams
from cloud_gateway.devices.store_page import Stay, list_stays
from cloud_gateway.plans.store_papers import PhotoPaper, PlanPaper, list_photo_papers, list_plan_papers
from cloud_gateway.sites.store import Site

#: Devices, open alarms, closed ones, stays, and papers of a kind that the page shows at most.
DEVICES_MOST, OPEN_MOST, CLOSED_MOST, STAYS_MOST, PAPERS_MOST = 300, 20, 5, 50, 12


@dataclass(frozen=True)
class SiteState:
    """What of a site changes by itself; `field` is the field of its devices alone, `open` may hold one too many."""

    field: Field
    open: Sequence[Held]
    closed: Sequence[Held]
    stays: Sequence[Stay]
    plans: Sequence[PlanPaper]
    photos: Sequence[PhotoPaper]


async def read_state(
    connection: AsyncConnection, site: Site, now: int, labels: Labels, *, in_scenario: bool
) -> SiteState:
    """How the site stands at gateway time `now`, ms UTC."""
    held = await list_held(connection, Choice(site=site.code), "", OPEN_MOST + 1)
    closed = await list_closed(connection, site.code, CLOSED_MOST)
    every = await (read_snapshot(connection) if in_scenario else _read_devices(connection, site))
    field = judge_field(every, now, labels, in_scenario=in_scenario)
    return SiteState(
        field=replace(field, snapshot=narrow(every, site, held, closed)),
        open=held,
        closed=closed,
        stays=await list_stays(connection, site.id, STAYS_MOST),
        plans=await list_plan_papers(connection, site.id, PAPERS_MOST),
        photos=await list_photo_papers(connection, site.id, PAPERS_MOST),
    )


async def _read_devices(connection: AsyncConnection, site: Site) -> Snapshot:
    devices = await devices_on(connection, site.code, DEVICES_MOST)
    names = [one.id for one in devices]
    streams, rules = await list_streams(connection, names), await list_rules(connection, names)
    return Snapshot(devices=devices, streams=by_device(streams), rules=by_device(rules))


def narrow(every: Snapshot, site: Site, held: Sequence[Held], closed: Sequence[Held]) -> Snapshot:
    """What of a snapshot is the site's, with its alarms; only in a story the snapshot is of the whole field."""
    ended = [one.alarm.cleared_at for one in (*held, *closed) if one.alarm.cleared_at is not None]
    return replace(
        every,
        sites=[site],
        devices=[one for one in every.devices if one.site == site.code],
        alarms=[one.alarm for one in held if one.alarm.cleared_at is None],
        hands={one.key: one.hand for one in held},
        last_closed=max(ended, default=None),
    )
