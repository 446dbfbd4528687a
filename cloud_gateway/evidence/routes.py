"""The API of the evidence log: heads and proofs for anybody, entries and the state of the log for staff."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import store, store_heads, store_keys, store_witnesses
from cloud_gateway.evidence.proofs import Consistency, Inclusion, NotCovered, prove_consistency, prove_inclusion
from cloud_gateway.evidence.store import BrokenLog
from cloud_gateway.ratings.desk import Onlooker, Reader
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.proof.checkpoints import LogKey
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

#: For anybody: they hold hashes and signatures only.
public_router = APIRouter(prefix="/api/v1/evidence", tags=["evidence"])
router = APIRouter(prefix="/evidence", tags=["evidence"])

Closer = Annotated[Staff, Depends(require_role(Role.ADMINISTRATOR, Role.OPERATIONS))]
LeafHash = Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$", description="Leaf hash of the entry, hex.")]
EntryIndex = Annotated[int | None, Query(ge=0, lt=2**53, description="Or its index, from 0.")]
Size = Annotated[
    int | None, Query(ge=1, lt=2**53, description="Entries of the log that holds it; else the newest head.")
]
First = Annotated[int, Query(alias="from", ge=0, lt=2**53, description="Entries of the older head.")]
Second = Annotated[int | None, Query(alias="to", ge=1, lt=2**53, description="Of the newer; else the newest head.")]


@dataclass(frozen=True)
class EntryView:
    """One entry. `leaf` is its leaf hash, hex; `entry` canonically encoded gives it."""

    index: int
    type: str
    at: Time
    leaf: str
    entry: dict[str, object]


@dataclass(frozen=True)
class DissentView:
    """A device that has seen another log. `root` is base64, as it saw it first."""

    device: str
    origin: str
    code: str
    size: int
    root: str
    first_at: Time
    at: Time


@dataclass(frozen=True)
class LogState:
    """How the log stands. `fault` is why no head can be signed, empty when it can; `keys` are the log's C2SP vkeys."""

    size: int
    signed_size: int
    signed_at: Time | None
    origin: str
    fault: str
    keys: list[str]
    dissents: list[DissentView]


class Closing(BaseModel):
    """A dissent that was looked into."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(max_length=32)
    origin: str = Field(max_length=200)
    code: str = Field(max_length=16)
    reason: str = Field(min_length=5, max_length=1000, description="What was found.")


@public_router.get("/checkpoint", response_class=PlainTextResponse)
async def show_checkpoint(request: Request) -> str:
    """The newest signed head, a C2SP tlog-checkpoint."""
    async with reading(gateway_of(request).engine) as connection:
        head = await store_heads.newest_head(connection)
        fault = (await store.read_state(connection)).fault
    if head is None:
        raise _no_head(fault)
    return head.note


@public_router.get("/keys")
async def list_keys(request: Request) -> list[str]:
    """The keys that have signed heads, as C2SP vkeys, the oldest first; to trust them, get them another way, too."""
    async with reading(gateway_of(request).engine) as connection:
        return [_vkey(name, key) for name, key in await store_keys.list_log_keys(connection)]


@public_router.get("/inclusion")
async def show_inclusion(
    request: Request, leaf: LeafHash = None, index: EntryIndex = None, size: Size = None
) -> Inclusion:
    """The proof that an entry is in the log, by its leaf hash or index."""
    if (leaf is None) == (index is None):
        raise invalid("leaf", "give either leaf or index")
    async with reading(gateway_of(request).engine) as connection:
        place = index if leaf is None else await store.find_leaf(connection, bytes.fromhex(leaf))
        if place is None:
            raise _unknown()
        try:
            return await prove_inclusion(connection, place, size)
        except NotCovered as exc:
            raise _not_covered(str(exc)) from exc
        except BrokenLog as exc:
            raise _broken(str(exc)) from exc


@public_router.get("/consistency")
async def show_consistency(request: Request, first: First, second: Second = None) -> Consistency:
    """The proof that a newer head only added to an older one."""
    async with reading(gateway_of(request).engine) as connection:
        try:
            return await prove_consistency(connection, first, second)
        except NotCovered as exc:
            raise _not_covered(str(exc)) from exc
        except BrokenLog as exc:
            raise _broken(str(exc)) from exc


@router.get("/entries")
async def list_entries(request: Request, _who: Reader, after: After = None, limit: Limit = 100) -> Page[EntryView]:
    """The entries of the log in order; for those who may see figures: it holds each row of the count with its clerk."""
    key = decode_cursor(after, int) or [-1]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_entries(connection, int(key[0]), limit + 1)
    views = [EntryView(row.place, row.type, row.at, row.leaf.hex(), json.loads(row.body)) for row in rows]
    return make_page(views, limit, lambda one: [one.index])


@router.get("/state")
async def show_state(request: Request, _who: Onlooker) -> LogState:
    """How far the log has grown and is signed, and who disagrees with it."""
    gateway = gateway_of(request)
    async with reading(gateway.engine) as connection:
        state, head = await store.read_state(connection), await store_heads.newest_head(connection)
        life = await store_heads.newest_life(connection)
        keys = await store_keys.list_log_keys(connection)
        dissents = await store_witnesses.list_open(connection)
    return LogState(
        size=state.frontier.size,
        signed_size=0 if head is None else head.size,
        signed_at=None if head is None else head.at,
        origin=gateway.settings.evidence.origin if life is None else life.origin,
        fault=state.fault,
        keys=[_vkey(name, key) for name, key in keys],
        dissents=[DissentView(d.device, d.origin, d.code, d.size, _text(d.root), d.first_at, d.at) for d in dissents],
    )


@router.post("/dissents/closing", status_code=204)
async def close_dissent(request: Request, closing: Closing, closer: Closer) -> None:
    """Say that a dissent was looked into; it stands in the log for ever."""
    async with transaction(gateway_of(request).engine) as connection:
        which = (closing.device, closing.origin, closing.code)
        if not await store_witnesses.close_dissent(connection, *which, closer.name, closing.reason, now_ms()):
            raise _unknown()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _vkey(name: str, key: str) -> str:
    return LogKey(name, base64.b64decode(key)).vkey


def _no_head(fault: str) -> Problem:
    title = _("The evidence log has no signed head.")
    if fault:
        return Problem(503, "not_signed", title, _("Try again once heads are signed."), detail=fault)
    return Problem(404, "no_head", title, _("Try again once something is in the log."))


def _unknown() -> Problem:
    return Problem(404, "not_found", _("The evidence log holds no such thing."), _("Check what you ask for."))


def _not_covered(detail: str) -> Problem:
    remedy = _("Try again when the next head is signed.")
    return Problem(409, "not_covered", _("No signed head of the evidence log covers that."), remedy, detail=detail)


def _broken(detail: str) -> Problem:
    remedy = _("Tell the operator: nothing can be proven until this is found.")
    return Problem(500, "broken_log", _("The evidence log is damaged."), remedy, detail=detail)
