"""The answers of health, readiness and metrics, the same for every process of the gateway."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from cloud_gateway.service.access import NoToken, asker_of, may_read, read_token
from cloud_gateway.service.figures import MEDIA_TYPE
from cloud_gateway.service.readiness import Readiness
from cloud_gateway.service.settings import Service

logger = logging.getLogger(__name__)


def answer_health() -> JSONResponse:
    """200: the event loop of the process turns."""
    return JSONResponse({"alive": True})


def answer_readiness(found: Readiness) -> JSONResponse:
    """200, or 503 that names what is not ready."""
    return JSONResponse(asdict(found), 200 if found.ready else 503)


async def answer_metrics(
    request: Request, settings: Service, has_origin: bool, write: Callable[[], Awaitable[bytes]]
) -> Response:
    """The figures, or 401 for who may not read them, 503 when the token's file cannot be used."""
    try:
        token = read_token(settings.metrics_token_file)
    except NoToken as exc:
        logger.error("metrics are refused to everybody: %s", exc)
        return PlainTextResponse("The token's file cannot be used; the log says why.\n", 503)
    if not may_read(asker_of(request), token, has_origin):
        refusal = "Show the token of service.metrics_token_file, or ask from the gateway's own machine.\n"
        return PlainTextResponse(refusal, 401, {"WWW-Authenticate": "Bearer"})
    return Response(await write(), media_type=MEDIA_TYPE)
