"""The API of the flood network: partners, what they lend near a site, requests, and contacts to be checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, RequiredKey, make_once
from cloud_gateway.plans import store_network as store
from cloud_gateway.plans.network import CannotFollow, Kind, Reach, RequestState, rank_offers
from cloud_gateway.running import gateway_of
from cloud_gateway.sites.routes import no_site
from cloud_gateway.sites.store import find_site
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page, read_time
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["flood network"])
KEEPERS = (Role.ADMINISTRATOR, Role.RISK_ENGINEER, Role.OPERATIONS)
Keeper = Annotated[Staff, Depends(require_role(*KEEPERS))]


class Lent(BaseModel):
    """So many of one kind."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    count: int = Field(ge=1, le=1_000_000)
    detail: str = Field("", max_length=200, description="Size, make, where it stands.")


class PartnerEntry(BaseModel):
    """A partner as entered."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$", description="Unique, not blank.")
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False, description="WGS-84, degrees.")
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False, description="WGS-84, degrees.")
    phone: str = Field("", pattern=r"^(\+?[0-9][0-9 ()-]{2,23})?$", description="Digits, spaces, hyphens, a leading +.")
    mail: str = Field("", max_length=200, pattern=r"^([!-?A-~]+@[!-?A-~]+)?$", description="One mail address.")
    resources: list[Lent] = Field(default=[], max_length=len(Kind))

    @field_validator("name")
    @classmethod
    def _is_not_blank(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("a partner needs a name")
        return name

    @model_validator(mode="after")
    def _each_kind_once(self) -> Self:
        kinds = [lent.kind for lent in self.resources]
        if len(set(kinds)) < len(kinds):
            raise ValueError("a kind of resource is named twice")
        return self


class RequestEntry(BaseModel):
    """What is asked of a partner, for the site of an event."""

    model_config = ConfigDict(extra="forbid")

    event: str = Field(max_length=36, description="Id of the hazard event.")
    resource: str = Field(max_length=36)
    count: int = Field(ge=1, le=1_000_000)
    note: str = Field("", max_length=1000)


class Move(BaseModel):
    """Where a request stands now."""

    model_config = ConfigDict(extra="forbid")

    state: RequestState
    note: str = Field("", max_length=1000)


@dataclass(frozen=True)
class PartnerView:
    """A partner and what it lends."""

    id: str
    name: str
    latitude: float
    longitude: float
    phone: str
    mail: str
    checked_at: Time | None
    resources: list[Lent]


@dataclass(frozen=True)
class OfferView:
    """What a partner has of one kind: how far away, and how much of it is free."""

    resource: str
    partner: str
    name: str
    phone: str
    kind: Kind
    count: int
    available: int
    detail: str
    distance_m: float


@dataclass(frozen=True)
class RequestView:
    """A request and where it stands."""

    id: str
    event: str
    site: str
    resource: str
    count: int
    state: RequestState
    at: Time
    by: str


@dataclass(frozen=True)
class WordView:
    """One line of a request's log."""

    number: int
    at: Time
    by: str
    state: RequestState
    note: str


@dataclass(frozen=True)
class ContactView:
    """A recipient or partner whose contacts nobody has tried for long; null: never."""

    kind: str
    id: str
    name: str
    checked_at: Time | None


@router.get("/partners")
async def list_partners(request: Request, after: After = None, limit: Limit = 100) -> Page[PartnerView]:
    """Partners by name."""
    key = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_partners(connection, str(key[0]), limit + 1)
    return make_page([_view(row) for row in rows], limit, lambda partner: [partner.name])


@router.post("/partners", status_code=201, response_model=PartnerView)
async def add_partner(request: Request, who: Keeper, entry: PartnerEntry, key: IdempotencyKey = None) -> Response:
    """Enter a partner. The same again answers the same; other content under a known name is refused."""

    async def make(connection: Connection) -> PartnerView:
        return _view(await store.add_partner(connection, _new(entry)))

    try:
        return await make_once(request, who, key, PartnerView, make)
    except store.PartnerExists as exc:
        raise _taken() from exc


@router.put("/partners/{partner}", dependencies=[Depends(require_role(Role.ADMINISTRATOR, Role.OPERATIONS))])
async def change_partner(request: Request, partner: str, entry: PartnerEntry) -> PartnerView:
    """Put these facts in place of what was known of a partner."""
    try:
        async with transaction(gateway_of(request).engine) as connection:
            return _view(await store.change_partner(connection, partner, _new(entry)))
    except LookupError as exc:
        raise _no_partner() from exc
    except store.PartnerExists as exc:
        raise _taken() from exc


@router.post("/partners/{partner}/contact-check", status_code=204)
async def check_partner(request: Request, _who: Keeper, partner: str) -> Response:
    """Note that somebody has tried a partner's contacts just now."""
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await store.check_partner(connection, partner, gateway_of(request).clock())
    except LookupError as exc:
        raise _no_partner() from exc
    return Response(status_code=204)


@router.get("/sites/{code}/resource-offers")
async def list_offers(
    request: Request,
    code: str,
    kind: Annotated[Kind | None, Query(description="Of this kind only.")] = None,
    least: Annotated[int, Query(ge=1, le=1_000_000, description="So many at least are available.")] = 1,
    limit: Limit = 100,
) -> list[OfferView]:
    """What partners have available, the nearest to the site first."""
    async with reading(gateway_of(request).engine) as connection:
        site = await find_site(connection, code)
        if site is None:
            raise no_site("code")
        offers = await store.list_offers(connection, kind)
    return [_offer(reach) for reach in rank_offers(offers, site.latitude, site.longitude, least)[:limit]]


@router.get("/resource-requests")
async def list_requests(
    request: Request,
    after: After = None,
    limit: Limit = 100,
    event: Annotated[str | None, Query(max_length=36, description="Of this hazard event only.")] = None,
) -> Page[RequestView]:
    """Requests in the order they were made."""
    key = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_requests(connection, str(key[0]), limit + 1, event)
    return make_page([RequestView(**vars(row)) for row in rows], limit, lambda asked: [asked.id])


@router.post("/resource-requests", status_code=201, response_model=RequestView)
async def ask(request: Request, who: Keeper, entry: RequestEntry, key: RequiredKey) -> Response:
    """Ask a partner. What is asked for is held until it is declined or returned."""

    async def make(connection: Connection) -> RequestView:
        new = store.NewRequest(**entry.model_dump())
        return RequestView(**vars(await store.ask(connection, new, who.name, gateway_of(request).clock())))

    try:
        return await make_once(request, who, key, RequestView, make)
    except LookupError as exc:
        field = str(exc.args[0])
        title = _("There is no such event.") if field == "event" else _("There is no such resource.")
        raise Problem(404, f"no_{field}", title, _("Check the id."), field) from exc
    except store.NotEnough as exc:
        remedy = _("Ask for fewer, or ask another partner.")
        title = _("The partner has not so many available.")
        raise Problem(409, "not_enough", title, remedy, "count", detail=str(exc)) from exc


@router.get("/resource-requests/{asked}/log")
async def show_log(request: Request, asked: str) -> list[WordView]:
    """Every word on a request, in order."""
    async with reading(gateway_of(request).engine) as connection:
        words = await store.request_log(connection, asked)
    if not words:
        raise _no_request()
    return [WordView(**vars(word)) for word in words]


@router.put("/resource-requests/{asked}/state")
async def move_request(request: Request, who: Keeper, asked: str, move: Move) -> RequestView:
    """Say where a request stands now. The state it has already changes nothing."""
    try:
        async with transaction(gateway_of(request).engine) as connection:
            moved = await store.move_request(
                connection, asked, move.state, move.note, who.name, gateway_of(request).clock()
            )
    except LookupError as exc:
        raise _no_request() from exc
    except CannotFollow as exc:
        remedy = _("Read the request again.")
        title = _("The request cannot go to that state.")
        raise Problem(409, "cannot_follow", title, remedy, "state", detail=str(exc)) from exc
    return RequestView(**vars(moved))


@router.get("/unchecked-contacts")
async def list_unchecked(
    request: Request,
    since: Annotated[str, Query(max_length=40, description="RFC 3339 or ms UTC: the beginning of the checks.")],
    after: After = None,
    limit: Limit = 100,
) -> Page[ContactView]:
    """Recipients and partners whose contacts nobody has tried since then: to be done before the season."""
    key = decode_cursor(after, str, str) or ["", ""]
    at = read_time("since", since)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.unchecked_contacts(connection, at, (str(key[0]), str(key[1])), limit + 1)
    views = [ContactView(row.kind, row.id, row.name, row.checked_at) for row in rows]
    return make_page(views, limit, lambda contact: [contact.kind, contact.id])


def _new(entry: PartnerEntry) -> store.NewPartner:
    lent = tuple((one.kind, one.count, one.detail) for one in entry.resources)
    return store.NewPartner(**entry.model_dump(exclude={"resources"}), resources=lent)


def _view(partner: store.Partner) -> PartnerView:
    resources = [Lent(kind=kind, count=count, detail=detail) for kind, count, detail in partner.resources]
    return PartnerView(**(msgspec.structs.asdict(partner) | {"resources": resources}))


def _offer(reach: Reach) -> OfferView:
    names = [name for name in OfferView.__dataclass_fields__ if name != "distance_m"]
    facts = {name: getattr(reach.offer, name) for name in names}
    return OfferView(distance_m=round(reach.distance_m, 1), **facts)


def _taken() -> Problem:
    return Problem(409, "partner_exists", _("Another partner has this name."), _("Choose another name."), "name")


def _no_partner() -> Problem:
    return Problem(404, "no_partner", _("There is no such partner."), _("Check the partner's id."), "partner")


def _no_request() -> Problem:
    return Problem(404, "no_request", _("There is no such request."), _("Check the request's id."), "asked")
