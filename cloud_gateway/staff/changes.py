"""Changes of people that the page and the API share, each one act about that person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from fastapi import Request

from cloud_gateway.audit.subjects import say_subject
from cloud_gateway.database import transaction
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff import store, words
from cloud_gateway.staff.accounts import LINK_MS, check_name
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import LastAdministrator, NameTaken, Staff
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

require_administrator = require_role(Role.ADMINISTRATOR)


class Link(NamedTuple):
    """A one-time link: its address with the token in the fragment, and how long it lasts, ms UTC."""

    person: Staff
    address: str
    expires_at: int


async def enter(request: Request, connection: Connection, name: str, role: Role) -> Staff:
    """Enter a person; they sign in by a link. Raises Problem 409 and 422 about the name."""
    now = now_ms()
    try:
        made = await store.add_staff(connection, check_name(name), role, None, now)
    except NameTaken as exc:
        raise Problem(409, "name_taken", words.NAME_TAKEN, _("Choose another name."), "name") from exc
    except ValueError as exc:
        raise Problem(422, "bad_name", words.BAD_NAME, _("Correct the name."), "name") from exc
    say_subject(request, f"{made.name}: {role.value}")
    await store.tell_change(connection, made.id, now)
    return made


async def give_role(request: Request, staff: str, role: Role) -> Staff:
    """Give a person another role; their sessions end at once. Raises Problem 404, 409."""
    async with changing(request, staff) as (connection, found):
        say_subject(request, f"{found.name}: {found.role} > {role.value}")
        if found.role != role:
            await store.change_role(connection, staff, role)
    return found


async def shut_out(request: Request, staff: str) -> Staff:
    """Their sessions end at once, and what they did stays under their name. Raises Problem 404, 409."""
    async with changing(request, staff) as (connection, found):
        await store.disable(connection, staff, now_ms())
    return found


async def let_in(request: Request, staff: str) -> Staff:
    """Let a person in again. Raises Problem 404."""
    async with changing(request, staff) as (connection, found):
        await store.enable(connection, staff)
    return found


async def end_sessions(request: Request, staff: str) -> Staff:
    """End a person's sessions and links; they may sign in again. Raises Problem 404."""
    async with changing(request, staff) as (connection, found):
        await store.end_all(connection, staff)
    return found


async def remove_password(request: Request, staff: str) -> Staff:
    """A password that was lost or told is none any more, and all sessions end: a link is then the way in.

    Raises Problem 404.
    """
    async with changing(request, staff) as (connection, found):
        await store.remove_password(connection, staff)
    return found


async def make_link(request: Request, staff: str) -> Link:
    """A one-time link, which is shown to its maker alone and kept nowhere. Raises Problem 404, 409."""
    expires_at = now_ms() + LINK_MS
    async with changing(request, staff) as (connection, found):
        if found.disabled_at is not None:
            raise Problem(409, "shut_out", words.SHUT_OUT, _("Let them in again first."), "staff")
        token = await store.add_link(connection, staff, expires_at)
    origin = gateway_of(request).settings.web.origin or str(request.base_url)
    return Link(found, f"{origin.rstrip('/')}/enter#{token}", expires_at)


@asynccontextmanager
async def changing(request: Request, staff: str) -> AsyncIterator[tuple[Connection, Staff]]:
    """A transaction that changes that person, the act's subject. Raises Problem 404, 409."""
    async with transaction(gateway_of(request).engine) as connection:
        found = await store.read_staff(connection, staff)
        if found is None:
            raise no_person()
        say_subject(request, found.name)
        try:
            yield connection, found
        except LastAdministrator as exc:
            remedy = _("Give somebody else that role, then try again.")
            raise Problem(409, "last_administrator", words.LAST_ADMINISTRATOR, remedy, "staff") from exc
        await store.tell_change(connection, staff, now_ms())


def no_person() -> Problem:
    """404."""
    return Problem(404, "no_person", _("There is no such person."), _("Look at the list of people."), "staff")
