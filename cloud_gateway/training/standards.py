"""Standards of service as dated checks on figures, and the six chapters of a centre's assessment of itself. Pure.

A figure is a part of a whole that the records give; where they give none, the check says so and is not passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from cloud_gateway.complaints.statistics import thousandths
from edge_agent.web.words import _


class Share(NamedTuple):
    """So many of so many."""

    part: int
    whole: int


@dataclass(frozen=True)
class Standard:
    """A check from `since` on: of the figure's whole at least `least` thousandths."""

    code: str
    version: int
    since: date
    text: str
    least: int


@dataclass(frozen=True)
class Check:
    """How a standard was met; `met` and `share` (thousandths) are None without records to judge by."""

    standard: Standard
    part: int
    whole: int
    share: int | None
    met: bool | None


HOUSE = "rule of this house"
_FIRST = date(2026, 1, 1)
STANDARDS: tuple[Standard, ...] = (
    Standard("invited", 1, _FIRST, _("Customers who were served were invited to rate"), 950),
    Standard("waited", 1, _FIRST, _("Customers whose wait is known waited ten minutes at most"), 900),
    Standard("answered-in-time", 1, _FIRST, _("Complaints were answered by their last day"), 1000),
    Standard("contacted-in-time", 1, _FIRST, _("After a bad rating somebody spoke with the customer in time"), 950),
    Standard("called-in-time", 1, _FIRST, _("Customers were called back in time"), 900),
    Standard("trained", 1, _FIRST, _("Clerks who serve have passed their tests"), 1000),
)


@dataclass(frozen=True)
class Item:
    """A point of the self-assessment: judged by a figure with its least share, or by hand where there is none."""

    code: str
    text: str
    figure: str = ""
    least: int = 0


CHAPTERS: tuple[tuple[str, str, tuple[Item, ...]], ...] = (
    (
        "strategy",
        _("Strategic position"),
        (
            Item("plan-of-the-year", _("There is a plan of the year with goals for each station")),
            Item("owner", _("A member of the management answers for service")),
        ),
    ),
    (
        "premises",
        _("Premises"),
        (
            Item("barrier-free", _("The hall is barrier-free, with seats and a line for discretion")),
            Item("terminals", _("Counters have a rating terminal"), "terminals", 1000),
        ),
    ),
    (
        "people",
        _("People"),
        (
            Item("trained", _("Clerks who serve have passed their tests"), "trained", 1000),
            Item("badges", _("Clerks are shown with name, number and photo"), "photos", 1000),
        ),
    ),
    (
        "processes",
        _("Processes"),
        (
            Item("invited", _("Customers who were served were invited to rate"), "invited", 950),
            Item("answered-in-time", _("Complaints were answered by their last day"), "answered-in-time", 1000),
            Item("contacted", _("Bad ratings were followed up in time"), "contacted-in-time", 950),
            Item("effects", _("Corrective actions had their effect checked"), "effects", 900),
        ),
    ),
    (
        "systems",
        _("Systems"),
        (
            Item("online", _("Devices are connected"), "online", 950),
            Item("backup", _("Somebody has tried to restore a backup this year")),
        ),
    ),
    (
        "emergencies",
        _("Emergencies"),
        (
            Item("drills", _("Emergency plans were exercised this year"), "drills", 1000),
            Item("power", _("What is done without power or network is written down at each counter")),
        ),
    ),
)
BY_HAND = frozenset(item.code for _code, _name, items in CHAPTERS for item in items if not item.figure)


def standards_on(day: date, standards: Iterable[Standard] = STANDARDS) -> list[Standard]:
    """The newest version of each standard that holds on a local day."""
    newest: dict[str, Standard] = {}
    for one in standards:
        known = newest.get(one.code)
        if one.since <= day and (known is None or known.version < one.version):
            newest[one.code] = one
    return list(newest.values())


def check_standards(standards: Iterable[Standard], figures: Mapping[str, Share]) -> list[Check]:
    """Each standard against the figure of its code."""
    return [_check(one, figures.get(one.code, Share(0, 0))) for one in standards]


def judge_item(item: Item, figures: Mapping[str, Share]) -> bool | None:
    """Whether a point is met by its figure; None where there is none, or nothing to judge by."""
    part, whole = figures.get(item.figure, Share(0, 0))
    return part * 1000 >= item.least * whole if whole else None


def _check(standard: Standard, figure: Share) -> Check:
    part, whole = figure
    if not whole:
        return Check(standard, part, whole, None, None)
    return Check(standard, part, whole, thousandths(part, whole), part * 1000 >= standard.least * whole)
