"""The gateway's web process: builds the application from its settings, and serves it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from cloud_gateway.alarms import pages as alarm_pages
from cloud_gateway.alarms import routes as alarms
from cloud_gateway.alarms import routes_hand as alarms_in_hand
from cloud_gateway.audit import routes as audit
from cloud_gateway.audit.addresses import Route
from cloud_gateway.audit.layer import Audit, list_changing
from cloud_gateway.board import closings
from cloud_gateway.board import routes as board
from cloud_gateway.charts import pages as chart_pages
from cloud_gateway.charts import routes as charts
from cloud_gateway.clock import open_clock
from cloud_gateway.complaints import pages as complaint_pages
from cloud_gateway.complaints import routes as complaints
from cloud_gateway.complaints import routes_followups as followups
from cloud_gateway.complaints import routes_handlers as handlers
from cloud_gateway.console import dissents, holds
from cloud_gateway.console import routes as console
from cloud_gateway.database import open_database, reading
from cloud_gateway.database_file import check_database
from cloud_gateway.deadletters import pages as letter_pages
from cloud_gateway.deadletters import routes as deadletters
from cloud_gateway.devices import pages as device_pages
from cloud_gateway.devices import routes as devices
from cloud_gateway.events import routes as events
from cloud_gateway.events.store import kept_events, list_events
from cloud_gateway.evidence import routes as evidence
from cloud_gateway.evidence import verifier
from cloud_gateway.exposures import routes as exposures
from cloud_gateway.outreach import answers, calls
from cloud_gateway.outreach import routes as outreach
from cloud_gateway.plans import pages, pages_network, pages_tasks
from cloud_gateway.plans import routes as plans
from cloud_gateway.plans import routes_network as network
from cloud_gateway.plans.photos import MOST_BYTES
from cloud_gateway.ratings import mask_desk, receipt_routes, wall_desk, wall_routes, web_desk, web_ratings
from cloud_gateway.ratings import pages as figure_pages
from cloud_gateway.ratings import routes as figures
from cloud_gateway.ratings.pace import Pace
from cloud_gateway.readings import routes as readings
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import SeriesStore, StoreUnavailable
from cloud_gateway.running import Gateway, gateway_of
from cloud_gateway.seasons import pages as season_pages
from cloud_gateway.service import description
from cloud_gateway.service import routes as service
from cloud_gateway.service.description import FAILURES, describe_api
from cloud_gateway.service.figures import WebFigures
from cloud_gateway.service.listening import Server, listen
from cloud_gateway.service.timing import Timing
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.sites import pages as site_pages
from cloud_gateway.sites import routes as sites
from cloud_gateway.staff import account, people, routes_people
from cloud_gateway.staff import routes as staff
from cloud_gateway.staff.guard import SignInNeeded, require_staff, ways_back
from cloud_gateway.staff.passwords import Passwords
from cloud_gateway.staff.routes import LONGEST_GOAL
from cloud_gateway.staff.throttle import Throttle
from cloud_gateway.stations import routes as stations
from cloud_gateway.storage import routes as storage
from cloud_gateway.telephony import pages as call_pages
from cloud_gateway.telephony import routes as telephony
from cloud_gateway.telephony import signed as calls_rated
from cloud_gateway.training import pages as training_pages
from cloud_gateway.training import routes as training
from cloud_gateway.twin import routes as twin
from cloud_gateway.warnings import routes as warnings
from edge_agent.web.files import Files
from edge_agent.web.headers import Shield
from edge_agent.web.pages import make_pages
from edge_agent.web.problems import install_problems
from edge_agent.web.streams import Follower
from edge_agent.web.words import LOCALE, read_words

HERE = Path(__file__).parent
SHARED_STATIC = LOCALE.parent / "static"
OWN_STATIC = HERE / "console" / "static"
TEMPLATES = tuple(
    HERE / part / "templates"
    for part in (
        "console",
        "board",
        "alarms",
        "charts",
        "plans",
        "staff",
        "audit",
        "outreach",
        "complaints",
        "telephony",
        "training",
        "ratings",
        "devices",
        "deadletters",
    )
)
OWN_LOCALE = HERE / "locale"
#: How often a store of readings that did not answer at the start is tried again, s.
RETRY_S = 2.0
log = logging.getLogger(__name__)


def create_app(settings: GatewaySettings) -> FastAPI:
    """The whole application; resources are opened when it starts and closed when it ends."""
    app = FastAPI(
        title="Weiran",
        version=version("weiran"),
        lifespan=partial(_live, settings=settings),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.router.routes.extend(_routes())
    app.mount("/static/board", Files(directory=HERE / "board" / "static"), "board-static")
    app.mount("/static/alarms", Files(directory=HERE / "alarms" / "static"), "alarms-static")
    app.mount("/static/charts", Files(directory=HERE / "charts" / "static"), "charts-static")
    app.mount("/static/plans", Files(directory=HERE / "plans" / "static"), "plans-static")
    app.mount("/static/ratings", Files(directory=HERE / "ratings" / "static"), "ratings-static")
    complaint_files = HERE / "complaints" / "static"
    app.mount("/static/complaints", Files(directory=complaint_files), "complaints-static")
    app.mount("/static/devices", Files(directory=HERE / "devices" / "static"), "devices-static")
    app.mount("/static/console", Files(directory=OWN_STATIC), "console-static")
    app.mount("/static", Files(directory=SHARED_STATIC), "static")
    keyed = (
        answers.PREFIX,
        warnings.PUSHED,
        web_ratings.RATE,
        web_ratings.OWN,
        receipt_routes.CHECKS,
        calls_rated.PREFIX,
    )
    app.add_middleware(Audit, routes=_changing(), keyed=keyed)
    app.add_middleware(
        Shield,
        origin=settings.web.origin,
        keyed=keyed,
        bounds=(
            (warnings.PUSHED, warnings.PUSHED_BYTES),
            (site_pages.PREFIX, site_pages.FORM_BYTES),
            (pages_tasks.PREFIX, MOST_BYTES),
        ),
    )
    app.state.figures = WebFigures()
    app.add_middleware(Timing, note=app.state.figures.note_answer)
    app.openapi = partial(describe_api, app)  # type: ignore[method-assign]  # the library's own way to change it
    install_problems(app, lambda request: gateway_of(request).pages)
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """What answers; read once for all applications of a process, for FastAPI takes long to look through them."""
    routes = APIRouter()
    for part in _api():
        routes.include_router(part, prefix="/api/v1", dependencies=[Depends(require_staff)], responses=FAILURES)
    for public in (warnings.push_router, evidence.public_router, calls_rated.router, wall_routes.api):
        routes.include_router(public, responses=FAILURES)
    for page in (
        service,
        console,
        dissents,
        holds,
        alarm_pages,
        site_pages,
        season_pages,
        chart_pages,
        closings,
        board,
        pages,
        pages_tasks,
        pages_network,
        complaint_pages,
        call_pages,
        training_pages,
        staff,
        account,
        people,
        audit,
        answers,
        calls,
        web_ratings,
        wall_routes,
        wall_desk,
        mask_desk,
        receipt_routes,
        verifier,
        figure_pages,
        device_pages,
        letter_pages,
    ):
        routes.routes.extend(page.router.routes)  # as they are: including them would build each a second time
    return routes.routes


@cache
def _changing() -> tuple[Route, ...]:
    return list_changing(_routes())


def _api() -> list[APIRouter]:
    """The API of people who are signed in."""
    parts = (
        devices,
        twin,
        readings,
        charts,
        alarms,
        alarms_in_hand,
        deadletters,
        sites,
        events,
        storage,
        warnings,
        exposures,
        plans,
        network,
        outreach,
        evidence,
        stations,
        figures,
        web_desk,
        complaints,
        followups,
        handlers,
        telephony,
        training,
        routes_people,
    )
    return [*(part.router for part in parts), console.api, audit.api, description.router]


async def _to_sign_in(request: Request, _exc: Exception) -> Response:
    path = _asked_for(request) if request.method == "GET" else "/"
    goal = request.url_for("show_sign_in").include_query_params(next=path)
    return RedirectResponse(f"{goal.path}?{goal.query}" if path != "/" else goal.path, 303)


def _asked_for(request: Request) -> str:
    """The address with its query, which says what a chart or a list shows; without it where the form has no room."""
    path, query = request.url.path, request.url.query
    whole = f"{path}?{query}" if query else path
    return whole if len(whole) <= LONGEST_GOAL else path


@asynccontextmanager
async def _live(app: FastAPI, settings: GatewaySettings) -> AsyncIterator[None]:
    """Open database, series store and event follower; close them in turn. `serve` has looked at the database."""
    engine = open_database(settings.database)
    series = open_series(settings.series, settings.data_dir)
    opening = await _open_series(series, settings)
    follower = Follower(partial(list_events, engine), partial(_newest, engine))
    app.state.gateway = Gateway(
        settings=settings,
        engine=engine,
        series=series,
        pages=make_pages(read_words([LOCALE, OWN_LOCALE]), TEMPLATES, ways_back),
        follower=follower,
        passwords=Passwords(),
        throttle=Throttle(),
        clock=open_clock(settings.clock_file),
        pace=Pace(settings.ratings.visitor_burst),
    )
    following = asyncio.create_task(follower.run(), name="event follower")
    try:
        yield
    finally:
        for task in (following, opening):
            task.cancel()
        await asyncio.wait([following, opening])
        await series.close()
        await engine.dispose()


async def _open_series(series: SeriesStore, settings: GatewaySettings) -> asyncio.Task[None]:
    """Open the store of readings; a server that does not answer yet is tried again while the pages say so.

    Raises StoreUnavailable when it is a file of our own.
    """
    try:
        await series.open()
    except StoreUnavailable as exc:
        if settings.series.store == "sqlite":
            raise
        log.warning("the store of readings does not answer: %s", exc)
        return asyncio.create_task(_open_later(series), name="series opening")
    return asyncio.create_task(asyncio.sleep(0), name="series opened")


async def _open_later(series: SeriesStore) -> None:
    while True:
        await asyncio.sleep(RETRY_S)
        with contextlib.suppress(StoreUnavailable):
            await series.open()
            log.info("the store of readings answers")
            return


async def _newest(engine: AsyncEngine) -> int:
    async with reading(engine) as connection:
        return (await kept_events(connection))[1]


async def serve(settings: GatewaySettings, started: Callable[[int], None] | None = None) -> None:
    """Serve until cancelled. `started` is told the port once requests are taken (port 0: a free one).

    Raises AddressTaken, and what `check_database` raises.
    """
    await asyncio.to_thread(check_database, settings.database)
    listening = listen(settings.web.host, settings.web.port)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
        limit_concurrency=500,
        lifespan="on",
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([listening]), name="web server")
    try:
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait([ready, serving], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if started is not None and server.started:
            started(listening.getsockname()[1])
        await asyncio.shield(serving)
    finally:
        if server.started:
            app.state.gateway.follower.close()
        server.should_exit = True
        await asyncio.wait([serving])
        listening.close()
    if not server.started:
        raise RuntimeError("the web server did not start; the log says why")


def main(settings: GatewaySettings) -> None:
    """Serve until SIGTERM or Ctrl-C; prints the address once requests are taken."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_until_signal(settings))


async def _serve_until_signal(settings: GatewaySettings) -> None:
    serving = asyncio.create_task(serve(settings, lambda port: _say_ready(settings, port)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _say_ready(settings: GatewaySettings, port: int) -> None:
    origin = settings.web.origin or f"http://{settings.web.host}:{port}"
    print(json.dumps({"ready": True, "origin": origin, "port": port}), flush=True)  # noqa: T201  # for who started us
    log.info("web process ready", extra={"port": port})
