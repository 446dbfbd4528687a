"""The part of a site's page that tells its long record and the outlooks for the season."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from cloud_gateway.board.rendering import labels_of
from cloud_gateway.database import reading
from cloud_gateway.devices.store import Rule, list_rules
from cloud_gateway.exposures.store_sites import find_risk
from cloud_gateway.running import gateway_of
from cloud_gateway.seasons.advice import RecordAdvice, advise, places_of
from cloud_gateway.seasons.labels import QUANTITIES
from cloud_gateway.seasons.store import Outlook, read_outlooks, read_records
from cloud_gateway.sites.routes import no_site
from cloud_gateway.sites.store import Site, devices_at, find_site
from cloud_gateway.staff.guard import Visitor

router = APIRouter(include_in_schema=False)


@router.get("/sites/{code}/record")
async def show_record(request: Request, code: str, _visitor: Visitor) -> Response:
    """What is known before the season, to be put into the site's page by its script."""
    now = gateway_of(request).clock()
    async with reading(gateway_of(request).engine) as connection:
        site = await find_site(connection, code)
        if site is None:
            raise no_site("code")
        records, outlooks = await _read(connection, site, now)
    labels = labels_of(request)
    names = {key: labels.text(word) for key, word in QUANTITIES.items()}
    return gateway_of(request).pages.render(
        request, "site-record.html", site=site, records=records, outlooks=outlooks, names=names, labels=labels
    )


async def _read(connection: AsyncConnection, site: Site, now: int) -> tuple[list[RecordAdvice], list[Outlook]]:
    risk = await find_risk(connection, site.id)
    places = places_of(site.code, risk.geocodes if risk else ())
    rules: list[Rule] = await list_rules(connection, await devices_at(connection, site.code))
    today = datetime.fromtimestamp(now / 1000, ZoneInfo(site.zone)).date().isoformat()
    records = [advise(record, rules) for record in await read_records(connection, places)]
    return records, await read_outlooks(connection, places, today)
