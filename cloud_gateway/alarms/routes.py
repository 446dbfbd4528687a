"""The API of alarms."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from cloud_gateway.alarms import store
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.database import reading
from cloud_gateway.running import gateway_of
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page

router = APIRouter(tags=["alarms"])
State = Annotated[Literal["open", "all"], Query(description="Only what is not cleared, or everything.")]


@router.get("/alarms")
async def list_alarms(request: Request, state: State = "open", after: After = None, limit: Limit = 100) -> Page[Alarm]:
    """Alarms, the newest first."""
    key = decode_cursor(after, int, str, str, int)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_alarms(connection, state == "open", key, limit + 1)
    return make_page(rows, limit, lambda a: [a.raised_at, a.device, a.epoch, a.seq])
