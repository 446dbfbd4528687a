"""Partners, what they can lend, requests for it, and the log of every word on them; and contacts to be checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from sqlalchemy import RowMapping, Select, func, insert, literal, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.tables import recipient
from cloud_gateway.plans.network import HOLDING, Kind, Offer, RequestState, follow
from cloud_gateway.plans.tables import partner, resource, resource_log, resource_request


class NewPartner(msgspec.Struct, frozen=True):
    """A partner as entered; the position is WGS-84 degrees, `resources` (kind, count, detail)."""

    name: str
    latitude: float
    longitude: float
    phone: str = ""
    mail: str = ""
    resources: tuple[tuple[Kind, int, str], ...] = ()


class Partner(NewPartner, frozen=True, kw_only=True):
    """A partner; `checked_at` (ms UTC) is when somebody last tried its contacts."""

    id: str
    checked_at: int | None = None


@dataclass(frozen=True)
class NewRequest:
    """So many of a resource, for the site of an event."""

    event: str
    resource: str
    count: int
    note: str


@dataclass(frozen=True)
class Word:
    """One line of a request's log."""

    number: int
    at: int
    by: str
    state: RequestState
    note: str


@dataclass(frozen=True)
class ResourceRequest:
    """A request and where it stands."""

    id: str
    event: str
    site: str
    resource: str
    count: int
    state: RequestState
    at: int
    by: str


@dataclass(frozen=True)
class Contact:
    """Somebody whose addresses nobody has tried for long; `kind` is recipient or partner."""

    kind: str
    id: str
    name: str
    checked_at: int | None
    phone: str
    mail: str


class PartnerExists(Exception):
    """Another partner has this name."""


class NotEnough(Exception):
    """A partner has fewer available than are asked for."""


async def add_partner(connection: AsyncConnection, new: NewPartner) -> Partner:
    """Enter a partner; the same again changes nothing. Raises PartnerExists for other content under its name."""
    query = select(partner.c.id).where(partner.c.name == new.name)
    if (name := await connection.scalar(query)) is not None:
        known = (await partners(connection, [str(name)]))[0]
        if _entered(known) != _entered(new):
            raise PartnerExists(new.name)
        return known
    made = str(uuid7())
    await connection.execute(insert(partner).values(id=made, **_row(new)))
    await _put_resources(connection, made, new)
    return (await partners(connection, [made]))[0]


async def change_partner(connection: AsyncConnection, name: str, new: NewPartner) -> Partner:
    """Put these facts in place of what was known of partner id `name`; a kind that is left out has none any more.

    Raises LookupError without such a partner, PartnerExists where another has the new name.
    """
    other = select(partner.c.id).where(partner.c.name == new.name, partner.c.id != name)
    if await connection.scalar(other) is not None:
        raise PartnerExists(new.name)
    done = await connection.execute(update(partner).where(partner.c.id == name).values(**_row(new)))
    if not done.rowcount:
        raise LookupError(name)
    await connection.execute(update(resource).where(resource.c.partner == name).values(count=0))
    await _put_resources(connection, name, new)
    return (await partners(connection, [name]))[0]


async def check_partner(connection: AsyncConnection, name: str, now: int) -> None:
    """Note that somebody has tried the contacts of partner id `name`. Raises LookupError without such a partner."""
    done = await connection.execute(update(partner).where(partner.c.id == name).values(checked_at=now))
    if not done.rowcount:
        raise LookupError(name)


async def list_partners(connection: AsyncConnection, after: str, limit: int) -> list[Partner]:
    """Partners by name, above `after`."""
    query = select(partner.c.id).where(partner.c.name > after).order_by(partner.c.name).limit(limit)
    return await partners(connection, list(await connection.scalars(query)))


async def partners(connection: AsyncConnection, ids: Collection[str]) -> list[Partner]:
    """The partners of these ids, by name."""
    rows = (await connection.execute(select(partner).where(partner.c.id.in_(ids)).order_by(partner.c.name))).mappings()
    lent = select(resource).where(resource.c.partner.in_(ids), resource.c.count > 0).order_by(resource.c.kind)
    resources: dict[str, list[tuple[Kind, int, str]]] = {}
    for one in (await connection.execute(lent)).mappings():
        resources.setdefault(one["partner"], []).append((Kind(one["kind"]), one["count"], one["detail"]))
    return [Partner(**row, resources=tuple(resources.get(row["id"], ()))) for row in rows]


async def list_offers(connection: AsyncConnection, kind: Kind | None = None) -> list[Offer]:
    """Everything that partners lend, with what requests hold of it; of one kind only if it is given."""
    query = _offers().where(resource.c.count > 0)
    if kind is not None:
        query = query.where(resource.c.kind == kind)
    rows = (await connection.execute(query)).mappings()
    return [_offer(row) for row in rows]


async def ask(connection: AsyncConnection, new: NewRequest, by: str, now: int) -> ResourceRequest:
    """Ask a partner; what is asked for is held until it is declined or returned.

    Raises LookupError("event") or LookupError("resource"), NotEnough.
    """
    where = await connection.scalar(select(hazard_event.c.site).where(hazard_event.c.id == new.event))
    if where is None:
        raise LookupError("event")
    row = (await connection.execute(_offers().where(resource.c.id == new.resource))).mappings().first()
    if row is None:
        raise LookupError("resource")
    offer = _offer(row)
    if offer.available < new.count:
        raise NotEnough(f"{offer.available} of {offer.count} are available")
    made = ResourceRequest(str(uuid7()), new.event, where, new.resource, new.count, RequestState.ASKED, now, by)
    await connection.execute(insert(resource_request).values(**vars(made)))
    await _log(connection, made.id, Word(1, now, by, made.state, new.note))
    return made


async def move_request(
    connection: AsyncConnection, name: str, state: RequestState, note: str, by: str, now: int
) -> ResourceRequest:
    """Move request id `name` and log the word; the state it has already changes nothing.

    Raises LookupError without such a request, network.CannotFollow.
    """
    found = await find_request(connection, name)
    if found is None:
        raise LookupError(name)
    if follow(found.state, state):
        await connection.execute(update(resource_request).where(resource_request.c.id == name).values(state=state))
        words = await request_log(connection, name)
        await _log(connection, name, Word(words[-1].number + 1, now, by, state, note))
    moved = await find_request(connection, name)
    assert moved is not None
    return moved


async def find_request(connection: AsyncConnection, name: str) -> ResourceRequest | None:
    """The request of that id."""
    query = select(resource_request).where(resource_request.c.id == name)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _request(row)


async def list_requests(connection: AsyncConnection, after: str, limit: int, of: str | None) -> list[ResourceRequest]:
    """Requests by id above `after`; of one event only if it is given."""
    above = resource_request.c.id > after
    query = select(resource_request).where(above).order_by(resource_request.c.id).limit(limit)
    if of is not None:
        query = query.where(resource_request.c.event == of)
    rows = (await connection.execute(query)).mappings()
    return [_request(row) for row in rows]


async def request_log(connection: AsyncConnection, name: str) -> list[Word]:
    """Every word on a request, in order."""
    query = select(resource_log).where(resource_log.c.request == name).order_by(resource_log.c.number)
    rows = (await connection.execute(query)).mappings()
    return [msgspec.convert({name: row[name] for name in Word.__dataclass_fields__}, Word) for row in rows]


async def unchecked_contacts(
    connection: AsyncConnection, since: int, after: tuple[str, str], limit: int
) -> list[Contact]:
    """Recipients and partners whose contacts nobody has tried since (ms UTC), by (kind, id) above `after`."""
    theirs = (recipient.c.id, recipient.c.name, recipient.c.contact_checked_at, recipient.c.phone, recipient.c.mail)
    people = select(literal("recipient").label("kind"), *theirs).where(recipient.c.disabled_at.is_(None))
    ours = (partner.c.id, partner.c.name, partner.c.checked_at, partner.c.phone, partner.c.mail)
    lenders = select(literal("partner"), *ours)
    both = union_all(people, lenders).subquery()
    checked = both.c.contact_checked_at
    above = (both.c.kind > after[0]) | ((both.c.kind == after[0]) & (both.c.id > after[1]))
    query = select(both).where(or_(checked.is_(None), checked < since), above)
    rows = await connection.execute(query.order_by(both.c.kind, both.c.id).limit(limit))
    return [Contact(row.kind, row.id, row.name, row.contact_checked_at, row.phone, row.mail) for row in rows]


def _offers() -> Select[tuple[object, ...]]:
    holding = (resource_request.c.resource == resource.c.id) & resource_request.c.state.in_(HOLDING)
    held = select(func.coalesce(func.sum(resource_request.c.count), 0)).where(holding).scalar_subquery()
    whose = (partner.c.name, partner.c.phone, partner.c.latitude, partner.c.longitude)
    own = (resource.c.id.label("resource"), resource.c.partner, resource.c.kind, resource.c.count, resource.c.detail)
    return select(*own, *whose, held.label("held")).join(partner, partner.c.id == resource.c.partner)


def _offer(row: RowMapping) -> Offer:
    return msgspec.convert({name: row[name] for name in Offer.__struct_fields__}, Offer)


def _request(row: RowMapping) -> ResourceRequest:
    return msgspec.convert({name: row[name] for name in ResourceRequest.__dataclass_fields__}, ResourceRequest)


def _row(new: NewPartner) -> dict[str, object]:
    return {name: getattr(new, name) for name in ("name", "latitude", "longitude", "phone", "mail")}


def _entered(one: NewPartner) -> tuple[dict[str, object], list[tuple[Kind, int, str]]]:
    return _row(one), sorted(lent for lent in one.resources if lent[1])


async def _put_resources(connection: AsyncConnection, name: str, new: NewPartner) -> None:
    known = set(await connection.scalars(select(resource.c.kind).where(resource.c.partner == name)))
    for kind, count, detail in new.resources:
        facts = {"count": count, "detail": detail}
        if kind in known:
            this = (resource.c.partner == name) & (resource.c.kind == kind)
            await connection.execute(update(resource).where(this).values(**facts))
        else:
            await connection.execute(insert(resource).values(id=str(uuid7()), partner=name, kind=kind, **facts))


async def _log(connection: AsyncConnection, name: str, word: Word) -> None:
    await connection.execute(insert(resource_log).values(request=name, **vars(word)))
