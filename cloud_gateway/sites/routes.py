"""The API of sites and of the devices placed on them."""

from __future__ import annotations

import json
from typing import Annotated, Self
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.store_sites import Risk, find_risk, put_risk
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.sites import store
from cloud_gateway.sites.entries import RESERVED
from cloud_gateway.sites.outline import OutlineRefused, read_outline, write_outline
from cloud_gateway.sites.store import NewSite, Site, SiteConflict
from cloud_gateway.sites.store_changes import Author, find_facts, note_difference
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page, read_time
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _
from edge_agent.wire.topics import DEVICE_ID

router = APIRouter(tags=["sites"])
#: Who says where a site is, and who says what it is worth and how vulnerable.
WRITERS = (Role.ADMINISTRATOR, Role.RISK_ENGINEER, Role.OPERATIONS)
INSURERS = (Role.ADMINISTRATOR, Role.RISK_ENGINEER)
Writer = Annotated[Staff, Depends(require_role(*WRITERS))]
Insurer = Annotated[Staff, Depends(require_role(*INSURERS))]


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
    def _known_zone_and_free_code(self) -> Self:
        if self.code in RESERVED:
            raise ValueError(f"{self.code!r} is an address of the console")
        if self.zone not in available_timezones():
            raise ValueError(f"{self.zone!r} is no IANA time zone")
        return self


class Placing(BaseModel):
    """A device that stands at a site from a time on."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(pattern=f"^{DEVICE_ID.pattern}$")
    since: Annotated[str, Field(max_length=40, description="RFC 3339 with a zone, or ms UTC.")]


class Geocoded(BaseModel):
    """A place by code."""

    model_config = ConfigDict(extra="forbid")

    scheme: str = Field(pattern=r"^[^;=]{1,60}$", description="adcode, SAME, UGC, EMMA_ID, NUTS3, ...")
    code: str = Field(pattern=r"^[^;=]{1,40}$")


class RiskEntry(BaseModel):
    """What insurance and inspection know of a site."""

    model_config = ConfigDict(extra="forbid")

    outline: dict[str, JsonValue] | None = Field(None, description="GeoJSON Polygon or MultiPolygon, WGS-84.")
    geocodes: list[Geocoded] = Field(default=[], max_length=50)
    insured_minor: int = Field(0, ge=0, lt=10**17, description="Insured value in minor units of the currency.")
    currency: str = Field("CNY", pattern=r"^[A-Z]{3}$", description="ISO 4217.")
    water_sensitive: bool = Field(False, description="Goods that water spoils.")
    low_ground: bool = False
    poor_drainage: bool = False
    open_rectifications: int = Field(0, ge=0, le=10_000)


@router.get("/sites")
async def list_sites(request: Request, after: After = None, limit: Limit = 100) -> Page[Site]:
    """Insured sites by code."""
    key = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_sites(connection, str(key[0]), limit + 1)
    return make_page(rows, limit, lambda s: [s.code])


@router.post("/sites", status_code=201)
async def add_site(request: Request, who: Writer, entry: SiteEntry) -> Site:
    """Enter a site. The same again answers the same; other content under a known code is refused."""
    try:
        async with transaction(gateway_of(request).engine) as connection:
            before = await find_facts(connection, entry.code)
            made = await store.add_site(connection, NewSite(**entry.model_dump()))
            await note_difference(connection, before, entry.code, Author(who.id, who.name), now_ms())
            return made
    except SiteConflict as exc:
        remedy = _("Choose another code.")
        raise Problem(409, "site_exists", _("Another site has this code."), remedy, "code") from exc


@router.post("/sites/{code}/placements", status_code=204)
async def place_device(request: Request, _who: Writer, code: str, placing: Placing) -> Response:
    """Say that a device stands at this site from a time on; ends its earlier placement."""
    since = read_time("since", placing.since)
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await store.place_device(connection, placing.device, code, since)
    except LookupError as exc:
        raise no_site("code") from exc
    return Response(status_code=204)


@router.get("/sites/{code}/risk")
async def show_risk(request: Request, code: str) -> RiskEntry:
    """What insurance and inspection know of a site; all zero where nothing was entered yet."""
    async with reading(gateway_of(request).engine) as connection:
        known = await store.find_site(connection, code)
        if known is None:
            raise no_site("code")
        risk = await find_risk(connection, known.id) or Risk()
    facts = vars(risk) | {"geocodes": [{"scheme": scheme, "code": text} for scheme, text in risk.geocodes]}
    return RiskEntry.model_validate(facts | {"outline": json.loads(risk.outline) if risk.outline else None})


@router.put("/sites/{code}/risk", status_code=204)
async def change_risk(request: Request, who: Insurer, code: str, entry: RiskEntry) -> Response:
    """Put these facts in place of what was known of a site. The same again changes nothing."""
    risk = _read_risk(entry)
    async with transaction(gateway_of(request).engine) as connection:
        known = await store.find_site(connection, code)
        if known is None:
            raise no_site("code")
        before = await find_facts(connection, code)
        await put_risk(connection, known.id, risk, now_ms())
        await note_difference(connection, before, code, Author(who.id, who.name), now_ms())
    return Response(status_code=204)


def _read_risk(entry: RiskEntry) -> Risk:
    """Raises Problem 422 for an outline that cannot be used."""
    try:
        outline = write_outline(read_outline(json.dumps(entry.outline))) if entry.outline else ""
    except OutlineRefused as exc:
        raise invalid("outline", str(exc)) from exc
    geocodes = tuple((place.scheme, place.code) for place in entry.geocodes)
    return Risk(**entry.model_dump(exclude={"outline", "geocodes"}), outline=outline, geocodes=geocodes)


def no_site(field: str) -> Problem:
    """404: no site has that code."""
    remedy = _("Check the site's code; the list of sites has them all.")
    return Problem(404, "no_site", _("No site has this code."), remedy, field)
