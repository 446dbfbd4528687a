"""The API of dead letters."""

from __future__ import annotations

from fastapi import APIRouter, Request

from cloud_gateway.database import reading
from cloud_gateway.deadletters import store
from cloud_gateway.deadletters.store import DeadLetter
from cloud_gateway.running import gateway_of
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page

router = APIRouter(tags=["dead letters"])


@router.get("/dead-letters")
async def list_dead_letters(request: Request, after: After = None, limit: Limit = 100) -> Page[DeadLetter]:
    """What the gateway refused and kept, the newest first."""
    key = decode_cursor(after, int) or [2**63 - 1]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_dead_letters(connection, int(key[0]), limit + 1)
    return make_page(rows, limit, lambda d: [d.id])
