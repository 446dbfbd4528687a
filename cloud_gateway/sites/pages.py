"""The pages that list, enter and change sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import labels_of, render_page
from cloud_gateway.board.site_form import Conflict, compose_conflict, compose_form
from cloud_gateway.board.site_list import PAGE_MOST, compose_sites
from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import gateway_of
from cloud_gateway.sites.changes import Facts, compare_facts, digest_of
from cloud_gateway.sites.corners import Doubt
from cloud_gateway.sites.forms import FIELDS, read_form
from cloud_gateway.sites.routes import INSURERS, WRITERS, no_site
from cloud_gateway.sites.store import find_site, list_sites
from cloud_gateway.sites.store_changes import (
    Author,
    Entered,
    count_sites,
    find_facts,
    list_changes,
    search_sites,
    write_facts,
)
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.store import Staff
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
#: Forms of sites are posted below it; an outline of many corners is long.
PREFIX = "/sites/"
FORM_BYTES = 256 * 1024
#: Other sites that the map of a form shows.
OTHERS_MOST = 300
require_writer = require_role(*WRITERS)
Writer = Annotated[Staff, Depends(require_writer)]
Search = Annotated[str, Query(max_length=120)]
After = Annotated[str, Query(max_length=32)]


@dataclass(frozen=True)
class Refused:
    """A form that was not taken: what is wrong with it, or who was faster."""

    known: Facts | None
    doubts: tuple[Doubt, ...] = ()
    mine: Facts | None = None
    faster: Entered | None = None


@router.get("/sites")
async def show_sites(request: Request, visitor: Visitor, q: Search = "", after: After = "") -> Response:
    """The list of sites, those that a search finds."""
    now, words = gateway_of(request).clock(), q.strip()
    async with reading(gateway_of(request).engine) as connection:
        found = await search_sites(connection, words, after, PAGE_MOST + 1)
        count = await count_sites(connection, words)
        frame = await read_frame(connection, now)
    page = compose_sites(labels_of(request), found, words, after, count, now)
    simulated = any(row.simulated for row in page.rows)
    may = visitor.role in WRITERS
    return render_page(request, "sites.html", visitor, frame, simulated, page=page, may_edit=may)


@router.get("/sites/new")
async def show_new(request: Request, visitor: Visitor) -> Response:
    """The empty form."""
    await require_writer(request)
    return await _show_form(request, visitor, None)


@router.post("/sites/new")
async def enter_site(request: Request, who: Writer) -> Response:
    """Enter a site, or show the form again with what is wrong."""
    sent = await _read_sent(request)
    now = gateway_of(request).clock()
    async with transaction(gateway_of(request).engine) as connection:
        outcome = await _enter(connection, sent, who, now)
    return await _answer(request, who, sent, outcome)


@router.get("/sites/{code}/edit")
async def show_edit(request: Request, visitor: Visitor, code: str) -> Response:
    """The form of one site."""
    await require_writer(request)
    async with reading(gateway_of(request).engine) as connection:
        known = await find_facts(connection, code)
    if known is None:
        raise no_site("code")
    return await _show_form(request, visitor, known)


@router.post("/sites/{code}/edit")
async def change_site(request: Request, who: Writer, code: str) -> Response:
    """Change a site, or show the form again with what is wrong, or with what somebody else changed meanwhile."""
    sent = await _read_sent(request)
    now = gateway_of(request).clock()
    async with transaction(gateway_of(request).engine) as connection:
        outcome = await _change(connection, code, sent, who, now)
    return await _answer(request, who, sent, outcome)


async def _enter(connection: Connection, sent: Mapping[str, str], who: Staff, now: int) -> Facts | Refused:
    mine = read_form(sent, None, may_insure=who.role in INSURERS)
    if isinstance(mine, tuple):
        return Refused(None, mine)
    there = await find_facts(connection, mine.site.code)
    if there is not None and compare_facts(there, mine):
        return Refused(None, (Doubt("code", _("Another site has this code."), _("Choose another code.")),))
    await write_facts(connection, there, mine, Author(who.id, who.name), now)
    return mine


async def _change(connection: Connection, code: str, sent: Mapping[str, str], who: Staff, now: int) -> Facts | Refused:
    there, where = await find_facts(connection, code), await find_site(connection, code)
    if there is None or where is None:
        raise no_site("code")
    mine = read_form(sent, there, may_insure=who.role in INSURERS)
    if isinstance(mine, tuple):
        return Refused(there, mine)
    if sent.get("seen") != digest_of(there) and compare_facts(there, mine):
        newest = await list_changes(connection, where.id, 1)
        return Refused(there, (), mine, newest[0] if newest else Entered(now, "", ()))
    await write_facts(connection, there, mine, Author(who.id, who.name), now)
    return mine


async def _answer(request: Request, who: Staff, sent: Mapping[str, str], outcome: Facts | Refused) -> Response:
    if isinstance(outcome, Facts):
        return RedirectResponse(f"/sites/{outcome.site.code}", 303)
    return await _show_form(request, who, outcome.known, sent, outcome)


async def _show_form(
    request: Request,
    who: Staff,
    known: Facts | None,
    sent: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    labels, now = labels_of(request), gateway_of(request).clock()
    async with reading(gateway_of(request).engine) as connection:
        frame = await read_frame(connection, now)
        others = await list_sites(connection, "", OTHERS_MOST)
    conflict: Conflict | None = None
    if refused is not None and refused.known is not None and refused.mine is not None and refused.faster is not None:
        by = refused.faster
        conflict = compose_conflict(labels, refused.known, refused.mine, by.by, by.at)
    doubts = refused.doubts if refused is not None else ()
    page = compose_form(labels, known, who.role in INSURERS, others, sent, doubts, conflict)
    status = 200 if refused is None else 409 if conflict is not None else 422
    return render_page(request, "site-edit.html", who, frame, page.simulated, status=status, page=page)


async def _read_sent(request: Request) -> dict[str, str]:
    """The texts of the form's own fields."""
    form = await request.form(max_files=0, max_fields=len(FIELDS) + 4, max_part_size=FORM_BYTES)
    texts = {name: form.get(name, "") for name in (*FIELDS, "seen")}
    return {name: text for name, text in texts.items() if not isinstance(text, UploadFile)}
