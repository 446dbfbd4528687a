"""The API of official warnings: where they stand, what their sources said, and closing those without an end."""

from __future__ import annotations

import logging
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.database import reading, transaction
from cloud_gateway.running import Gateway, gateway_of
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.warnings import store_views
from cloud_gateway.warnings.entries import MAX_BYTES
from cloud_gateway.warnings.freshness import judge
from cloud_gateway.warnings.receipts import Receipt
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store_closings import CannotClose, close_warning
from cloud_gateway.warnings.store_sources import SourceState, load_sources
from cloud_gateway.warnings.views import Refusal, Sight, Signed, SourceSight, Story
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["warnings"])
#: For programs with a token of their own; no session.
push_router = APIRouter(prefix="/api/v1", tags=["warnings"])
#: What is posted below it carries the source's token; larger bodies are taken there than elsewhere.
PUSHED = "/api/v1/warning-sources/"
PUSHED_BYTES = MAX_BYTES
log = logging.getLogger(__name__)

#: Who may sign that a warning without an end is over.
CLOSERS = (Role.ADMINISTRATOR, Role.RISK_ENGINEER)
LEAST_REASON, MOST_REASON = 5, 1000
Closer = Annotated[Staff, Depends(require_role(*CLOSERS))]
Which = Annotated[Literal["open", "all"], Query(description="Only what holds or is to come, or everything.")]
Id = Annotated[str, Path(max_length=36)]
OfSource = Annotated[str | None, Query(max_length=32, description="Only those of this source.")]
Bearer = Annotated[str, Header(alias="Authorization", max_length=1000, description="Bearer, and the source's token.")]


class Reason(BaseModel):
    """Why a warning without an end is over."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=LEAST_REASON, max_length=MOST_REASON, description="Who says so, and what was seen.")


@router.get("/warnings")
async def list_warnings(
    request: Request, state: Which = "open", after: After = None, limit: Limit = 100
) -> Page[Sight]:
    """Official warnings, the newest change first."""
    key = decode_cursor(after, int, str)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store_views.list_warnings(connection, state == "open", key, limit + 1)
    return make_page(rows, limit, lambda one: [one.changed_at, one.id])


@router.get("/warnings/{warning}")
async def show_warning(request: Request, warning: Id) -> Story:
    """A warning: its course, its chain of messages in the issuer's words, and the sites it touches."""
    async with reading(gateway_of(request).engine) as connection:
        story = await store_views.find_story(connection, warning)
    if story is None:
        raise no_warning()
    return story


@router.get(
    "/warnings/{warning}/messages/{message}/raw",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def download_message(request: Request, warning: Id, message: Id) -> Response:
    """The bytes of one message, as they were published."""
    async with reading(gateway_of(request).engine) as connection:
        raw = await store_views.find_raw(connection, warning, message)
    if raw is None:
        raise no_warning()
    name = f"{message}.{'xml' if raw.body.lstrip()[:1] == b'<' else 'bin'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(raw.body, media_type="application/octet-stream", headers=headers)


@router.post("/warnings/{warning}/closings", status_code=201)
async def sign_closing(request: Request, who: Closer, warning: Id, said: Reason) -> Signed:
    """Sign that a warning without an end is over: it counts as cancelled. The same again answers the same.

    A warning that has an end is left to its issuer.
    """
    try:
        async with transaction(gateway_of(request).engine) as connection:
            return await close_warning(connection, warning, who, said.reason, gateway_of(request).clock())
    except LookupError as exc:
        raise no_warning() from exc
    except CannotClose as exc:
        title = {"over": _("This warning is over already."), "has_end": _("This warning ends by itself.")}[exc.code]
        remedy = _("Only a warning in force without an end can be closed by hand.")
        raise Problem(409, f"warning_{exc.code}", title, remedy) from exc


@router.get("/warning-sources")
async def list_sources(request: Request) -> list[SourceSight]:
    """The configured sources and how each does."""
    gateway = gateway_of(request)
    async with reading(gateway.engine) as connection:
        states = await load_sources(connection, [source.name for source in gateway.settings.sources])
        refused = await store_views.count_refused(connection)
    sources = gateway.settings.sources
    return [_sight(source, states.get(source.name), refused.get(source.name, 0)) for source in sources]


def _sight(source: Source, state: SourceState | None, refused: int) -> SourceSight:
    known = state or SourceState(source.name, "", "", "", None, None, None, 0, "", 0, None, 0)
    return SourceSight(
        name=source.name,
        kind=source.kind,
        health=judge(known.answered_at, known.failures, silent=known.silent_since is not None).value,
        simulated=source.simulated,
        polled_at=known.polled_at,
        answered_at=known.answered_at,
        changed_at=known.changed_at,
        silent_since=known.silent_since,
        next_at=known.next_at or None,
        failures=known.failures,
        error=known.error,
        refused=refused,
    )


@router.get("/warning-refusals")
async def list_refusals(
    request: Request, source: OfSource = None, after: After = None, limit: Limit = 100
) -> Page[Refusal]:
    """What sources sent and could not be taken, the newest first."""
    key = decode_cursor(after, int, int)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store_views.list_refusals(connection, key, limit + 1, source)
    return make_page(rows, limit, lambda one: [one.received_at, one.id])


@push_router.post("/warning-sources/{name}/messages")
async def push_messages(request: Request, name: str, authorization: Bearer = "") -> Receipt:
    """Take warnings from a source of kind `push`: CAP, an index that holds alerts, or JSON of a known feed.

    Each message is taken or refused by itself. An empty body is a sign of life. 422 when nothing could be taken.
    """
    from cloud_gateway.warnings.pushed import take_push  # noqa: PLC0415 - reads XML, which no other request does

    gateway = gateway_of(request)
    source = _find_pusher(gateway, name, authorization)
    try:
        receipt = await take_push(gateway.engine, source, await request.body(), gateway_of(request).clock())
    except (OSError, ValueError) as exc:
        raise _cannot_check(source.name, exc) from exc
    if receipt.refused and not receipt.new and not receipt.known:
        first = receipt.refused[0]
        remedy = _("Correct what is named and send it again.")
        detail = f"{first.code}: {first.detail} {first.remedy}"
        raise Problem(422, first.code, _("Nothing of this could be taken."), remedy, first.field, detail)
    return receipt


def _find_pusher(gateway: Gateway, name: str, authorization: str) -> Source:
    from cloud_gateway.warnings.pushed import find_pusher  # noqa: PLC0415 - reads XML, which no other request does

    scheme, _space, token = authorization.partition(" ")
    try:
        source = find_pusher(gateway.settings.sources, name, token if scheme.lower() == "bearer" else "")
    except (OSError, ValueError) as exc:
        raise _cannot_check(name, exc) from exc
    if source is None:
        remedy = _("Send the source's token as Authorization: Bearer.")
        raise Problem(401, "wrong_token", _("This token is not the source's."), remedy, "Authorization")
    return source


def _cannot_check(name: str, exc: Exception) -> Problem:
    log.error("a file of the source cannot be used: %s", exc, extra={"source": name})
    remedy = _("Tell an administrator; the gateway's log says more.")
    return Problem(503, "source_not_ready", _("The source is not set up completely."), remedy)


def no_warning() -> Problem:
    """404: no warning has that id."""
    remedy = _("Check the address; the list of warnings has them all.")
    return Problem(404, "no_warning", _("There is no such warning."), remedy)
