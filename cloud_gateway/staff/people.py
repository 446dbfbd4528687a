"""The page of people: who may sign in and as what; an administrator adds, changes and shuts out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.audit.subjects import say_subject
from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff import store, words
from cloud_gateway.staff.accounts import LINK_MS, check_name
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import LastAdministrator, NameTaken, Staff
from cloud_gateway.staff.store_sessions import list_sessions
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
require_administrator = require_role(Role.ADMINISTRATOR)
Administrator = Annotated[Staff, Depends(require_administrator)]
Name = Annotated[str, Form(max_length=100)]
RoleWord = Annotated[Role, Form()]
HOUR_MS = 3_600_000


@router.get("/people")
@router.get("/people/{staff}/role")  # where a form was not taken, the page is read again
@router.get("/people/{staff}/disabling")
@router.get("/people/{staff}/links")
async def show_people(request: Request, visitor: Visitor) -> Response:
    """Everybody, with role, state, sessions and what can be done."""
    await require_administrator(request)
    return await _show(request, visitor)


@router.post("/people")
async def add_person(request: Request, who: Administrator, role: RoleWord, name: Name = "") -> Response:
    """Enter a person; they sign in by a link."""
    now = now_ms()
    try:
        async with transaction(gateway_of(request).engine) as connection:
            made = await store.add_staff(connection, check_name(name), role, None, now)
            await store.tell_change(connection, made.id, now)
    except NameTaken:
        return await _show(request, who, 409, words.NAME_TAKEN, name)
    except ValueError:
        return await _show(request, who, 422, words.BAD_NAME, name)
    say_subject(request, f"{made.name}: {role.value}")
    return _back()


@router.post("/people/{staff}/role")
async def change_role(request: Request, who: Administrator, staff: str, role: RoleWord) -> Response:
    """Give a person another role; their sessions end at once."""
    try:
        async with _changing(request, staff) as (connection, found):
            say_subject(request, f"{found.name}: {found.role} > {role.value}")
            if found.role != role:
                await store.change_role(connection, staff, role)
    except LastAdministrator:
        return await _show(request, who, 409, words.LAST_ADMINISTRATOR)
    return _back()


@router.post("/people/{staff}/disabling")
async def disable(request: Request, who: Administrator, staff: str) -> Response:
    """Shut a person out; their sessions end at once, and what they did stays under their name."""
    try:
        async with _changing(request, staff) as (connection, _found):
            await store.disable(connection, staff, now_ms())
    except LastAdministrator:
        return await _show(request, who, 409, words.LAST_ADMINISTRATOR)
    return _back()


@router.post("/people/{staff}/enabling")
async def enable(request: Request, _who: Administrator, staff: str) -> Response:
    """Let a person in again."""
    async with _changing(request, staff) as (connection, _found):
        await store.enable(connection, staff)
    return _back()


@router.post("/people/{staff}/sessions")
async def end_sessions(request: Request, _who: Administrator, staff: str) -> Response:
    """End a person's sessions and links; they may sign in again."""
    async with _changing(request, staff) as (connection, _found):
        await store.end_all(connection, staff)
    return _back()


@router.post("/people/{staff}/links")
async def make_link(request: Request, who: Administrator, staff: str) -> Response:
    """A one-time link, shown once."""
    async with _changing(request, staff) as (connection, found):
        if found.disabled_at is None:
            token = await store.add_link(connection, staff, now_ms() + LINK_MS)
    if found.disabled_at is not None:
        return await _show(request, who, 409, words.SHUT_OUT)
    gateway = gateway_of(request)
    origin = gateway.settings.web.origin or str(request.base_url)
    link = f"{origin.rstrip('/')}/enter#{token}"
    return gateway.pages.render(request, "new-link.html", person=found.name, link=link, hours=LINK_MS // HOUR_MS)


@asynccontextmanager
async def _changing(request: Request, staff: str) -> AsyncIterator[tuple[Connection, Staff]]:
    """A transaction that changes that person, the act's subject. Raises Problem 404."""
    async with transaction(gateway_of(request).engine) as connection:
        found = await store.read_staff(connection, staff)
        if found is None:
            raise Problem(404, "no_person", _("There is no such person."), _("Look at the list of people."), "staff")
        say_subject(request, found.name)
        yield connection, found
        await store.tell_change(connection, staff, now_ms())


async def _show(request: Request, visitor: Staff, status: int = 200, wrong: str = "", name: str = "") -> Response:
    gateway, now = gateway_of(request), now_ms()
    async with reading(gateway.engine) as connection:
        people = await store.list_staff(connection)
        sessions = await list_sessions(connection, now)
        frame = await read_frame(connection, gateway.clock())
    of = {one.id: [session for session in sessions if session.staff == one.id] for one in people}
    return render_page(
        request,
        "people.html",
        visitor,
        frame,
        False,
        status,
        people=[(one, of[one.id]) for one in people],
        roles=words.ROLES,
        wrong=wrong,
        name=name,
        now=now,
    )


def _back() -> Response:
    return RedirectResponse("/people", 303)
