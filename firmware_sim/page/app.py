"""The web application of the boards of one folder; for the browsers of this machine alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from edge_agent.web.headers import Shield
from edge_agent.web.pages import Pages, make_pages
from edge_agent.web.problems import install_problems
from edge_agent.web.words import LOCALE, read_words
from firmware_sim.page import routes

HERE = Path(__file__).parent


def create_app(boards: Path) -> FastAPI:
    """The application; `boards` is the folder of the boards' sockets. `app.state.closing` ends its event streams."""
    pages = make_pages(read_words([LOCALE, HERE / "locale"]), [HERE / "templates"])
    app = FastAPI(title="Weiran simulated boards", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.boards, app.state.pages = boards, pages
    app.state.closing = asyncio.Event()
    app.include_router(routes.router)
    app.mount("/static/sim", StaticFiles(directory=HERE / "static"), "sim-static")
    app.mount("/static", StaticFiles(directory=LOCALE.parent / "static"), "static")
    install_problems(app, lambda request: _pages(request.app))
    app.add_middleware(Shield)
    return app


def _pages(app: FastAPI) -> Pages:
    pages: Pages = app.state.pages
    return pages
