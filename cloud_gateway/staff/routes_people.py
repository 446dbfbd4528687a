"""People and their sessions as an API: for administrators; one's own sessions for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff import changes, store
from cloud_gateway.staff.guard import COOKIE, require_staff
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.staff.store_sessions import NAMED_BY, Session, end_named, list_sessions
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["people"])
Administrator = Annotated[Staff, Depends(changes.require_administrator)]
Owner = Annotated[Staff, Depends(require_staff)]
Person = Annotated[str, Path(max_length=36, description="Id of a person.")]
Named = Annotated[str, Path(pattern=f"^[0-9a-f]{{{NAMED_BY}}}$", description="Name of a session.")]


class NewPerson(BaseModel):
    """A person to enter."""

    name: str = Field(min_length=1, max_length=64, description="What they type to sign in; printable.")
    role: Role


class RoleGiven(BaseModel):
    """What a person is there for from now on."""

    role: Role


@dataclass(frozen=True)
class PersonView:
    """A person who may sign in, unless `disabled_at` says since when not."""

    id: str
    name: str
    role: Role
    has_password: bool
    created_at: Time
    disabled_at: Time | None


@dataclass(frozen=True)
class SessionView:
    """A sign-in that lasts until `expires_at`; `address` is where it was last used. `this`: the asking one."""

    name: str
    created_at: Time
    expires_at: Time
    seen_at: Time
    address: str
    this: bool


@dataclass(frozen=True)
class LinkView:
    """A one-time link, given here only: whoever opens it first is signed in."""

    link: str
    expires_at: Time


@router.get("/people")
async def list_people(
    request: Request, _who: Administrator, after: After = None, limit: Limit = 100
) -> Page[PersonView]:
    """Everybody by name, those who are shut out too; for administrators."""
    key = decode_cursor(after, str)
    async with reading(gateway_of(request).engine) as connection:
        found = await store.list_staff(connection, "" if key is None else str(key[0]), limit + 1)
    return make_page([_view(one) for one in found], limit, lambda one: (one.name,))


@router.post("/people", status_code=201, response_model=PersonView)
async def add_person(request: Request, who: Administrator, new: NewPerson, key: IdempotencyKey = None) -> Response:
    """Enter a person; they sign in by a one-time link."""

    async def enter(connection: Connection) -> PersonView:
        return _view(await changes.enter(request, connection, new.name, new.role))

    return await make_once(request, who, key, PersonView, enter)


@router.get("/people/{staff}")
async def show_person(request: Request, _who: Administrator, staff: Person) -> PersonView:
    """One person."""
    return _view(await _read(request, staff))


@router.put("/people/{staff}/role")
async def change_role(request: Request, _who: Administrator, staff: Person, given: RoleGiven) -> PersonView:
    """Give a person another role; their sessions and links end. Not the last administrator."""
    await changes.give_role(request, staff, given.role)
    return _view(await _read(request, staff))


@router.post("/people/{staff}/disabling", status_code=204)
async def disable_person(request: Request, _who: Administrator, staff: Person) -> Response:
    """Shut a person out at once; what they did stays under their name. Not the last administrator."""
    await changes.shut_out(request, staff)
    return Response(status_code=204)


@router.delete("/people/{staff}/disabling", status_code=204)
async def enable_person(request: Request, _who: Administrator, staff: Person) -> Response:
    """Let a person in again."""
    await changes.let_in(request, staff)
    return Response(status_code=204)


@router.delete("/people/{staff}/password", status_code=204)
async def remove_password(request: Request, _who: Administrator, staff: Person) -> Response:
    """Take away a password that was lost or told; sessions and links end, and a new link is the way in."""
    await changes.remove_password(request, staff)
    return Response(status_code=204)


@router.post("/people/{staff}/links", status_code=201)
async def make_link(request: Request, _who: Administrator, staff: Person) -> LinkView:
    """A one-time link. It is kept nowhere, so there is no Idempotency-Key: a second call makes a second link."""
    link = await changes.make_link(request, staff)
    return LinkView(link.address, link.expires_at)


@router.get("/people/{staff}/sessions")
async def list_sessions_of(request: Request, _who: Administrator, staff: Person) -> Page[SessionView]:
    """Where a person is signed in, the session that was used last first."""
    await _read(request, staff)
    return await _sessions(request, staff)


@router.delete("/people/{staff}/sessions", status_code=204)
async def end_sessions_of(request: Request, _who: Administrator, staff: Person) -> Response:
    """End all sessions and links of a person; they may sign in again."""
    await changes.end_sessions(request, staff)
    return Response(status_code=204)


@router.delete("/people/{staff}/sessions/{name}", status_code=204)
async def end_session_of(request: Request, _who: Administrator, staff: Person, name: Named) -> Response:
    """End one session of a person."""
    async with changes.changing(request, staff) as (connection, _found):
        await _end(connection, staff, name)
    return Response(status_code=204)


@router.get("/sessions")
async def list_own_sessions(request: Request, who: Owner) -> Page[SessionView]:
    """Where the asking person is signed in."""
    return await _sessions(request, who.id)


@router.delete("/sessions/{name}", status_code=204)
async def end_own_session(request: Request, who: Owner, name: Named) -> Response:
    """End one of one's own sessions."""
    async with transaction(gateway_of(request).engine) as connection:
        await _end(connection, who.id, name)
        await store.tell_change(connection, who.id, now_ms())
    return Response(status_code=204)


async def _read(request: Request, staff: str) -> Staff:
    async with reading(gateway_of(request).engine) as connection:
        found = await store.read_staff(connection, staff)
    if found is None:
        raise changes.no_person()
    return found


async def _end(connection: Connection, staff: str, name: str) -> None:
    if not await end_named(connection, staff, name):
        title, remedy = _("There is no such session, or it has ended."), _("Look at the list of sessions.")
        raise Problem(404, "no_session", title, remedy, "name")


async def _sessions(request: Request, staff: str) -> Page[SessionView]:
    async with reading(gateway_of(request).engine) as connection:
        found = await list_sessions(connection, now_ms(), staff)
    this = store.token_hash(request.cookies.get(COOKIE, ""))[:NAMED_BY]
    return Page(items=[_view_session(one, this) for one in found])


def _view(one: Staff) -> PersonView:
    has_password = one.password is not None
    return PersonView(one.id, one.name, Role(one.role), has_password, one.created_at, one.disabled_at)


def _view_session(one: Session, this: str) -> SessionView:
    return SessionView(one.name, one.created_at, one.expires_at, one.seen_at, one.address, one.name == this)
