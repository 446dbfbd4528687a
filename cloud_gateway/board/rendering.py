"""Renders the pages of warnings and sites: what they all show around their own content."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from cloud_gateway.board.cards import Desk, sort_case
from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.model import Case
from cloud_gateway.board.reading import Frame
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.store import Staff
from edge_agent.web.pages import language_of


def labels_of(request: Request) -> BoardLabels:
    """The words of the request's language."""
    language = language_of(request)
    return BoardLabels(language, gateway_of(request).pages.words.of(language))


def desk_of(request: Request, case: Case, now: int) -> Desk:
    """A case ready for a page in the request's language."""
    return sort_case(case, labels_of(request), now)


def render_page(
    request: Request, template: str, visitor: Staff, frame: Frame, simulated: bool, /, status: int = 200, **more: object
) -> Response:
    """A page with navigation, ribbon and words for its script."""
    gateway = gateway_of(request)
    shared = {"visitor": visitor, "frame": frame, "notice": gateway.settings.web.notice, "simulated": simulated}
    words = labels_of(request).for_scripts()
    return gateway.pages.render(request, template, status, **shared, script_words=words, **more)
