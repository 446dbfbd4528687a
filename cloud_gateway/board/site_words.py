"""The words for what is known of a site, and for what was changed of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.sites.changes import Changed
from cloud_gateway.sites.money import say_amount
from cloud_gateway.sites.outline import OutlineRefused, read_outline
from cloud_gateway.sites.store_changes import Entered
from edge_agent.web.times import wall_time
from edge_agent.web.words import _, _n

NAMES = {
    "name": _("Name, English"),
    "name_zh": _("Name, Chinese"),
    "position": _("Position"),
    "zone": _("Time zone"),
    "outline": _("Outline"),
    "codes": _("Administrative codes"),
    "insured": _("Insured value"),
    "water_sensitive": _("Goods that water spoils"),
    "low_ground": _("Low ground"),
    "poor_drainage": _("Poor drainage"),
    "open_rectifications": _("Open rectifications"),
    "simulated": _("Simulated"),
    "retired_at": _("Not matched with warnings from"),
}
WORDS = {"yes": _("yes"), "no": _("no")}


@dataclass(frozen=True)
class Difference:
    """One field in words, before and after; "" where there was nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class PastChange:
    """One entry of a site's history; `first` is its entering."""

    at: int
    by: str
    first: bool
    differences: tuple[Difference, ...]


def say_history(labels: BoardLabels, entries: Iterable[Entered], zone: str) -> tuple[PastChange, ...]:
    """Who changed what, the newest first."""
    return tuple(
        PastChange(one.at, one.by or labels.text(_("import")), _is_first(one), say_changes(labels, one.fields, zone))
        for one in entries
    )


def say_changes(labels: BoardLabels, changed: Iterable[Changed], zone: str) -> tuple[Difference, ...]:
    """Changed fields in words."""
    return tuple(
        Difference(
            labels.of(NAMES, one.field),
            _say(labels, one.field, one.before, zone),
            _say(labels, one.field, one.after, zone),
        )
        for one in changed
    )


def _is_first(entry: Entered) -> bool:
    return any(one.field == "name" and not one.before for one in entry.fields)


def _say(labels: BoardLabels, field: str, text: str, zone: str) -> str:
    if field == "outline":
        return say_outline(labels, text)
    if field == "insured" and text:
        minor, _space, currency = text.partition(" ")
        return say_amount(int(minor), currency) or labels.text(_("not entered"))
    if field == "retired_at" and text:
        return wall_time(int(text), zone)
    return labels.of(WORDS, text)


def say_outline(labels: BoardLabels, text: str) -> str:
    """An outline by the number of its corners: nobody reads coordinates."""
    try:
        corners = sum(len(ring) - 1 for ring in read_outline(text))
    except OutlineRefused:
        return text
    return labels.count(_n("%(count)s corner", "%(count)s corners"), corners) if corners else labels.text(_("none"))
