"""A small HTTP server for processes that have none: health, readiness and, where there are any, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud_gateway.service.answers import answer_health, answer_metrics, answer_readiness
from cloud_gateway.service.listening import Server, listen
from cloud_gateway.service.readiness import Check, look
from cloud_gateway.service.settings import Service

#: Who asks is a supervisor and a Prometheus or two.
MOST_AT_ONCE = 20
Writer = Callable[[], Awaitable[bytes]]


@asynccontextmanager
async def open_port(
    settings: Service, port: int, checks: Mapping[str, Check], write: Writer | None = None
) -> AsyncIterator[None]:
    """Answer at `port` until the block ends; 0 answers nowhere. Raises AddressTaken."""
    if port == 0:
        yield
        return
    listening = listen(settings.host, port)
    server = Server(_configure(_make_app(settings, checks, write)))
    serving = asyncio.create_task(server.serve([listening]), name="health and metrics")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([serving])
        listening.close()


def _configure(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
        limit_concurrency=MOST_AT_ONCE,
        lifespan="off",
    )


def _make_app(settings: Service, checks: Mapping[str, Check], write: Writer | None) -> Starlette:
    async def show_health(_request: Request) -> Response:
        return answer_health()

    async def show_readiness(_request: Request) -> Response:
        return answer_readiness(await look(checks))

    routes = [Route("/healthz", show_health), Route("/readyz", show_readiness)]
    if write is not None:

        async def show_metrics(request: Request) -> Response:
            return await answer_metrics(request, settings, False, write)

        routes.append(Route("/metrics", show_metrics))
    return Starlette(routes=routes)
