"""The header `Idempotency-Key` of a POST that makes something: the same request again gets the first one's answer."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Depends, Header, Request
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from cloud_gateway.database import transaction
from cloud_gateway.idempotency.store import KeyReused, find_answer, keep_answer
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

FIELD = "Idempotency-Key"
Made = TypeVar("Made")
#: What a route passes on to stores.
Connection: TypeAlias = AsyncConnection
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=FIELD,
        min_length=8,
        max_length=100,
        description="Any text that no other request has; the same request again with it makes nothing new for a day.",
    ),
]


async def make_once(
    request: Request,
    who: Staff,
    key: str | None,
    kind: type[Made],
    make: Callable[[AsyncConnection], Awaitable[Made]],
    *,
    status: int = 201,
) -> Response:
    """Run `make` in a transaction and answer with what it made, as JSON of `kind`; to a known key the kept answer.

    With `status` 204 nothing is answered but that it is done.

    Without a key it is simply made. Raises Problem 422 for a key that came with another request, and what `make` does.
    """
    digest = await _digest(request)
    async with transaction(gateway_of(request).engine) as connection:
        kept = None if key is None else await _find(connection, who.id, key, digest)
        if kept is None:
            made = await make(connection)
            kept = TypeAdapter(kind).dump_json(made).decode()
            if key is not None:
                await keep_answer(connection, who.id, key, digest, kept, now_ms())
    return Response(status_code=204) if status == 204 else Response(kept, status, media_type="application/json")


def require_key(key: IdempotencyKey = None) -> str:
    """The key of a request that must have one: sent twice without, it would make two. Raises Problem 400."""
    if key is None:
        remedy = _("Send a new random Idempotency-Key with every new request, and the same one when you try again.")
        raise Problem(400, "key_needed", _("The request has no Idempotency-Key."), remedy, FIELD)
    return key


RequiredKey = Annotated[str, Depends(require_key)]


async def _find(connection: AsyncConnection, who: str, key: str, digest: str) -> str | None:
    try:
        return await find_answer(connection, who, key, digest, now_ms())
    except KeyReused as exc:
        remedy = _("Use a new Idempotency-Key for a new request.")
        raise Problem(422, "key_reused", _("This Idempotency-Key came with another request."), remedy, FIELD) from exc


async def _digest(request: Request) -> str:
    """SHA-256, hex, of what the request asks."""
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(asked + await request.body()).hexdigest()
