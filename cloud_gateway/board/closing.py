"""Composes the page on which a duty engineer ends a warning that has no end of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_gateway.board.blocks import Signal
from cloud_gateway.board.board import row_of
from cloud_gateway.board.cards import Desk, simulated_any
from cloud_gateway.board.foresight import Foresight
from cloud_gateway.board.labels import ROLES
from cloud_gateway.board.model import Warned
from cloud_gateway.warnings.store_views import OPEN
from cloud_gateway.warnings.views import Signed
from edge_agent.web.words import _

#: What is wrong with what was entered: message id and remedy.
MISTAKES = {
    "reason": (_("The reason is too short."), _("Say who says so, and what was seen: at least five characters.")),
    "signed": (_("It is not signed."), _("Tick the box: you end it in your own name.")),
}


@dataclass(frozen=True)
class Told:
    """Somebody who would get the all-clear."""

    name: str
    role: str


@dataclass(frozen=True)
class ClosingPage:
    """The page. `refusal` says why there is nothing to sign, "" when there is."""

    id: str
    signal: Signal
    state: str
    issuer: str
    headline: str
    language: str
    sent: int
    unconfirmed_since: int | None
    zone: str
    told: tuple[Told, ...]
    over: tuple[tuple[str, str], ...]
    standing: tuple[tuple[str, str], ...]
    closings: Sequence[Signed]
    refusal: str
    reason: str
    wrong: tuple[tuple[str, str, str], ...]
    simulated: bool
    now: int


def compose_closing(
    desk: Desk,
    warned: Warned,
    foresight: Foresight,
    closings: Sequence[Signed],
    reason: str = "",
    wrong: Sequence[str] = (),
) -> ClosingPage:
    """The page of a warning; `wrong` names the fields of MISTAKES."""
    labels, row = desk.labels, row_of(desk, warned)
    first = next(iter((*foresight.over, *foresight.standing)), None)
    return ClosingPage(
        id=warned.id,
        signal=row.signal,
        state=row.state,
        issuer=row.issuer,
        headline=row.headline,
        language=row.language,
        sent=row.sent,
        unconfirmed_since=row.unconfirmed_since,
        zone=first.zone if first else "UTC",
        told=tuple(Told(one.name, labels.of(ROLES, one.role)) for one in foresight.told),
        over=tuple((one.code, labels.site(one)) for one in foresight.over),
        standing=tuple((one.code, labels.site(one)) for one in foresight.standing),
        closings=closings,
        refusal=_refusal(desk, warned),
        reason=reason,
        wrong=tuple((name, labels.text(MISTAKES[name][0]), labels.text(MISTAKES[name][1])) for name in wrong),
        simulated=warned.simulated or simulated_any(desk.card(event) for event in desk.case.events),
        now=desk.now,
    )


def _refusal(desk: Desk, warned: Warned) -> str:
    if warned.state not in OPEN:
        return desk.labels.text(_("This warning is over already."))
    if warned.course.ends is not None:
        return desk.labels.text(_("This warning ends by itself."))
    return ""
