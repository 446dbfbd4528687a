"""The page of one's own account: where one is signed in, ending sessions, and the password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff import store, words
from cloud_gateway.staff.guard import COOKIE, Visitor, address_of, not_signed_in, require_staff
from cloud_gateway.staff.passwords import LEAST, Busy, WeakPassword
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.staff.store_failures import failure_key, find_failures, forget_failures, note_failure
from cloud_gateway.staff.store_sessions import NAMED_BY, end_named, end_others, find_session, list_sessions
from cloud_gateway.staff.throttle import wait_after

router = APIRouter(include_in_schema=False)
Owner = Annotated[Staff, Depends(require_staff)]
Session = Annotated[str, Form(min_length=NAMED_BY, max_length=NAMED_BY)]
Password = Annotated[str, Form(max_length=1000)]


@router.get("/account")
@router.get("/account/password")  # where a form was not taken, the page is read again
async def show_account(request: Request, visitor: Visitor, changed: bool = False) -> Response:
    """One's sessions, and the form for the password."""
    return await _show(request, visitor, changed=changed)


@router.post("/account/sessions")
async def end_session(request: Request, who: Owner, session: Session) -> Response:
    """End one of one's sessions."""
    async with transaction(gateway_of(request).engine) as connection:
        await end_named(connection, who.id, session)
        await store.tell_change(connection, who.id, now_ms())
    return RedirectResponse("/account", 303)


@router.post("/account/others")
async def end_other_sessions(request: Request, who: Owner) -> Response:
    """End all of one's sessions but this one."""
    async with transaction(gateway_of(request).engine) as connection:
        await end_others(connection, who.id, request.cookies.get(COOKIE, ""))
        await store.tell_change(connection, who.id, now_ms())
    return RedirectResponse("/account", 303)


@router.post("/account/password")
async def change_password(
    request: Request, who: Owner, current: Password = "", new: Password = "", again: Password = ""
) -> Response:
    """Set one's password; all other sessions and links end."""
    gateway = gateway_of(request)
    async with gateway.turns.take(failure_key(who.name, address_of(request))):
        fault = await _find_fault(request, who, current, new, again)
    try:
        hashed = "" if fault else await gateway.passwords.hash(new, (who.name,))
    except WeakPassword as exc:
        fault = Fault(422, *words.why_weak(exc))
    if fault is not None:
        return await _show(request, who, fault)
    async with transaction(gateway.engine) as connection:
        await _check_session(request, connection)
        await store.replace_password(connection, who.id, hashed)
        await end_others(connection, who.id, request.cookies.get(COOKIE, ""))
        await forget_failures(connection, failure_key(who.name, address_of(request)))
        await store.tell_change(connection, who.id, now_ms())
    return RedirectResponse("/account?changed=1", 303)


async def _check_session(request: Request, connection: Connection) -> None:
    """Raises Problem 401 when the session was ended while the passwords were looked at, which takes a while."""
    if await find_session(connection, request.cookies.get(COOKIE, ""), now_ms()) is None:
        raise not_signed_in()


@dataclass(frozen=True)
class Fault:
    """Why a password was not changed: a message id with its values, or how long to wait, ms."""

    status: int
    text: str
    values: Mapping[str, int] = field(default_factory=dict)
    wait: int = 0


async def _find_fault(request: Request, who: Staff, current: str, new: str, again: str) -> Fault | None:
    """What stands against it before the new password is looked at; a wrong current one costs time, as at the door."""
    if new != again:
        return Fault(422, words.NOT_SAME)
    if who.password is None:
        return None
    gateway, key = gateway_of(request), failure_key(who.name, address_of(request))
    async with reading(gateway.engine) as connection:
        wait = wait_after(await find_failures(connection, key), now_ms())
    if wait:
        return Fault(429, words.TOO_MANY, wait=wait + 999)
    try:
        fits = await gateway.passwords.verify(who.password, current)
    except Busy:
        return Fault(503, words.BUSY)
    if fits:
        return None
    async with transaction(gateway.engine) as connection:
        await note_failure(connection, key, now_ms())
    return Fault(403, words.WRONG_PASSWORD)


async def _show(request: Request, visitor: Staff, fault: Fault | None = None, changed: bool = False) -> Response:
    gateway, now = gateway_of(request), now_ms()
    token = request.cookies.get(COOKIE, "")
    async with reading(gateway.engine) as connection:
        sessions = await list_sessions(connection, now, visitor.id)
        frame = await read_frame(connection, gateway.clock())
    return render_page(
        request,
        "account.html",
        visitor,
        frame,
        False,
        fault.status if fault else 200,
        sessions=sessions,
        this=store.token_hash(token)[:NAMED_BY],
        zone=gateway.settings.ratings.zone,
        role=words.ROLES[Role(visitor.role)],
        fault=fault,
        changed=changed,
        least=LEAST,
        now=now,
    )
