"""The page of people: who may sign in and as what; an administrator adds, changes and shuts out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff import changes, store, words
from cloud_gateway.staff.accounts import LINK_MS
from cloud_gateway.staff.changes import require_administrator
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.staff.store_sessions import list_sessions
from edge_agent.web.problems import Problem

router = APIRouter(include_in_schema=False)
Administrator = Annotated[Staff, Depends(require_administrator)]
Name = Annotated[str, Form(max_length=100)]
RoleWord = Annotated[Role, Form()]
Done = Annotated[str, Query(max_length=20)]
Of = Annotated[str, Query(max_length=36)]
HOUR_MS = 3_600_000


@router.get("/people")
@router.get("/people/{staff}/role")  # where a form was not taken, the page is read again
@router.get("/people/{staff}/disabling")
@router.get("/people/{staff}/links")
async def show_people(request: Request, visitor: Visitor, done: Done = "", of: Of = "") -> Response:
    """Everybody, with role, state, sessions and what can be done; `done` has just been done to person id `of`."""
    await require_administrator(request)
    return await _show(request, visitor, done=done, of=of)


@router.post("/people")
async def add_person(request: Request, who: Administrator, role: RoleWord, name: Name = "") -> Response:
    """Enter a person; they sign in by a link."""
    try:
        async with transaction(gateway_of(request).engine) as connection:
            made = await changes.enter(request, connection, name, role)
    except Problem as wrong:
        return await _show(request, who, wrong, name=name, role=role)
    return _back("added", made)


@router.post("/people/{staff}/role")
async def change_role(request: Request, who: Administrator, staff: str, role: RoleWord) -> Response:
    """Give a person another role."""
    try:
        return _back("role", await changes.give_role(request, staff, role))
    except Problem as wrong:
        return await _show(request, who, wrong)


@router.post("/people/{staff}/disabling")
async def disable(request: Request, who: Administrator, staff: str) -> Response:
    """Shut a person out."""
    try:
        return _back("shut-out", await changes.shut_out(request, staff))
    except Problem as wrong:
        return await _show(request, who, wrong)


@router.post("/people/{staff}/enabling")
async def enable(request: Request, _who: Administrator, staff: str) -> Response:
    """Let a person in again."""
    return _back("let-in", await changes.let_in(request, staff))


@router.post("/people/{staff}/sessions")
async def end_sessions(request: Request, _who: Administrator, staff: str) -> Response:
    """End a person's sessions and links."""
    return _back("sessions", await changes.end_sessions(request, staff))


@router.post("/people/{staff}/password-removal")
async def remove_password(request: Request, _who: Administrator, staff: str) -> Response:
    """Take away a password that was lost."""
    return _back("password", await changes.remove_password(request, staff))


@router.post("/people/{staff}/links")
async def make_link(request: Request, who: Administrator, staff: str) -> Response:
    """A one-time link, shown once."""
    try:
        link = await changes.make_link(request, staff)
    except Problem as wrong:
        return await _show(request, who, wrong)
    shown = {"person": link.person.name, "link": link.address, "hours": LINK_MS // HOUR_MS}
    return gateway_of(request).pages.render(request, "new-link.html", **shown)


async def _show(
    request: Request,
    visitor: Staff,
    wrong: Problem | None = None,
    done: str = "",
    of: str = "",
    name: str = "",
    role: str = "",
) -> Response:
    """The page; `wrong` says why a form was not taken, and `name` and `role` what was in it."""
    if wrong is not None and wrong.status == 404:
        raise wrong
    gateway, now = gateway_of(request), now_ms()
    async with reading(gateway.engine) as connection:
        people = await store.list_staff(connection)
        sessions = await list_sessions(connection, now)
        frame = await read_frame(connection, gateway.clock())
    by_person = {one.id: [session for session in sessions if session.staff == one.id] for one in people}
    return render_page(
        request,
        "people.html",
        visitor,
        frame,
        False,
        wrong.status if wrong else 200,
        people=[(one, by_person[one.id]) for one in people],
        roles=words.ROLES,
        wrong=wrong,
        done=words.DONE.get(done, ""),
        of=next((one for one in people if one.id == of), None),
        name=name,
        role=role,
        now=now,
    )


def _back(done: str, of: Staff) -> Response:
    return RedirectResponse(f"/people?done={done}&of={of.id}", 303)
