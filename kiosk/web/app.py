"""The web application of a terminal: its screen, touches, and the events of services. Served on the device itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from edge_agent.web.headers import Shield
from edge_agent.web.pages import Pages, make_pages
from edge_agent.web.problems import install_problems
from edge_agent.web.words import LOCALE, read_words
from kiosk.rating.terminal import Terminal
from kiosk.web import routes

HERE = Path(__file__).parent
SHARED_STATIC = LOCALE.parent / "static"


def create_app(terminal: Terminal) -> FastAPI:
    """The application of one terminal. `app.state.closing` ends its event streams."""
    words = read_words([LOCALE, HERE / "locale"])
    pages = make_pages(words, [HERE / "templates"])
    app = FastAPI(title="Weiran rating terminal", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.terminal, app.state.pages, app.state.words = terminal, pages, words
    app.state.closing = asyncio.Event()
    app.include_router(routes.router)
    app.mount("/static/kiosk", StaticFiles(directory=HERE / "static"), "kiosk-static")
    app.mount("/static", StaticFiles(directory=SHARED_STATIC), "static")
    install_problems(app, lambda request: _pages(request.app))
    app.add_middleware(Shield, keyed=(routes.SERVICES,))
    return app


def _pages(app: FastAPI) -> Pages:
    pages: Pages = app.state.pages
    return pages
