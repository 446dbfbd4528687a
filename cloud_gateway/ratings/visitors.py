"""What all public pages share: they are for anybody, at a bounded pace, and their addresses go to no other site."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from cloud_gateway.running import gateway_of, now_ms
from edge_agent.web.problems import Problem
from edge_agent.web.words import _


def address_of(request: Request) -> str:
    """Where the request comes from, as far as can be seen."""
    return request.client.host if request.client else ""


async def keep_pace(request: Request) -> None:
    """Raises Problem 429 for a visitor who asks too fast."""
    wait = gateway_of(request).pace.wait_ms(address_of(request), now_ms())
    if wait:
        remedy = _("Wait a few seconds, then try again.")
        raise Problem(429, "too_fast", _("Those were many requests at once."), remedy, retry_after_s=wait // 1000 + 1)


AtPace = Annotated[None, Depends(keep_pace)]


def seal(response: Response) -> Response:
    """The page, or its address, is for its visitor alone: no other site gets to see where he comes from."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def origin_of(request: Request) -> str:
    """How visitors address this gateway, without a slash at the end."""
    return (gateway_of(request).settings.web.origin or str(request.base_url)).rstrip("/")
