"""The API of sites and of the devices placed on them."""

from __future__ import annotations

from typing import Annotated, Self
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_gateway.database import reading, transaction
from cloud_gateway.running import gateway_of
from cloud_gateway.sites import store
from cloud_gateway.sites.store import NewSite, Site, SiteConflict
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page, read_time
from edge_agent.web.problems import Problem
from edge_agent.web.words import _
from edge_agent.wire.topics import DEVICE_ID

router = APIRouter(tags=["sites"])
writers = Depends(require_role(Role.ADMINISTRATOR, Role.RISK_ENGINEER, Role.OPERATIONS))


class SiteEntry(BaseModel):
    """A site as it is entered."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[a-z0-9-]{2,32}$", description="Short name, unique.")
    name: str = Field(min_length=1, max_length=120, description="Name, English.")
    name_zh: str = Field(min_length=1, max_length=120, description="Name, Chinese.")
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False, description="WGS-84, degrees.")
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False, description="WGS-84, degrees.")
    zone: str = Field(max_length=64, description="IANA time zone.")
    simulated: bool = False

    @model_validator(mode="after")
    def _known_zone(self) -> Self:
        if self.zone not in available_timezones():
            raise ValueError(f"{self.zone!r} is no IANA time zone")
        return self


class Placing(BaseModel):
    """A device that stands at a site from a time on."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(pattern=f"^{DEVICE_ID.pattern}$")
    since: Annotated[str, Field(max_length=40, description="RFC 3339 with a zone, or ms UTC.")]


@router.get("/sites")
async def list_sites(request: Request, after: After = None, limit: Limit = 100) -> Page[Site]:
    """Insured sites by code."""
    key = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_sites(connection, str(key[0]), limit + 1)
    return make_page(rows, limit, lambda s: [s.code])


@router.post("/sites", status_code=201, dependencies=[writers])
async def add_site(request: Request, entry: SiteEntry) -> Site:
    """Enter a site. The same again answers the same; other content under a known code is refused."""
    try:
        async with transaction(gateway_of(request).engine) as connection:
            return await store.add_site(connection, NewSite(**entry.model_dump()))
    except SiteConflict as exc:
        remedy = _("Choose another code.")
        raise Problem(409, "site_exists", _("Another site has this code."), remedy, "code") from exc


@router.post("/sites/{code}/placements", status_code=204, dependencies=[writers])
async def place_device(request: Request, code: str, placing: Placing) -> Response:
    """Say that a device stands at this site from a time on; ends its earlier placement."""
    since = read_time("since", placing.since)
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await store.place_device(connection, placing.device, code, since)
    except LookupError as exc:
        raise no_site("code") from exc
    return Response(status_code=204)


def no_site(field: str) -> Problem:
    """404: no site has that code."""
    remedy = _("Check the site's code; the list of sites has them all.")
    return Problem(404, "no_site", _("No site has this code."), remedy, field)
