"""What stands around every page of plans: the visitor, the way between pages, and the words of the live script."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.reading import Frame
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.store import Staff
from edge_agent.web.pages import language_of


def labels_of(request: Request) -> BoardLabels:
    """The words of the request's language."""
    language = language_of(request)
    return BoardLabels(language, gateway_of(request).pages.words.of(language))


def show_page(
    request: Request,
    template: str,
    visitor: Staff,
    frame: Frame,
    simulated: bool,
    status: int = 200,
    **context: object,
) -> Response:
    """The page `template`; `simulated` puts the ribbon on it."""
    gateway = gateway_of(request)
    shared = {"visitor": visitor, "frame": frame, "notice": gateway.settings.web.notice, "simulated": simulated}
    words = labels_of(request).for_scripts()
    return gateway.pages.render(request, template, status, **shared, script_words=words, **context)
