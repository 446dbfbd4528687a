"""Composes the list of sites. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.devices.condition import Tone
from cloud_gateway.sites.money import say_amount
from cloud_gateway.sites.store_changes import Listed
from cloud_gateway.warnings.model import Level
from edge_agent.web.words import _

PAGE_MOST = 100


@dataclass(frozen=True)
class SiteRow:
    """One site in the list."""

    code: str
    name: str
    insured: str
    codes: tuple[str, ...]
    tone: Tone
    word: str
    simulated: bool


@dataclass(frozen=True)
class SiteList:
    """A page of the list; `after` leads to the next one, "" on the last; `count` is all that the search finds."""

    rows: tuple[SiteRow, ...]
    search: str
    after: str
    count: int
    first: bool


def compose_sites(
    labels: BoardLabels, found: Sequence[Listed], search: str, after: str, count: int, now: int
) -> SiteList:
    """The page of the sites found, of which there may be one more than `PAGE_MOST`."""
    shown = found[:PAGE_MOST]
    following = shown[-1].site.code if len(found) > PAGE_MOST else ""
    return SiteList(tuple(_row(labels, one, now) for one in shown), search, following, count, not after)


def _row(labels: BoardLabels, one: Listed, now: int) -> SiteRow:
    tone, word = _state(one, now)
    codes = tuple(f"{scheme} {code}" if scheme != "adcode" else code for scheme, code in one.geocodes)
    insured = say_amount(one.insured_minor, one.currency)
    site = one.site
    return SiteRow(site.code, labels.site(site), insured, codes, tone, labels.text(word), site.simulated)


def _state(one: Listed, now: int) -> tuple[Tone, str]:
    if one.level is not None:
        return (Tone.BAD if one.level >= Level.SEVERE else Tone.LATE), _("event open")
    if one.retired_at is not None and one.retired_at <= now:
        return Tone.OFF, _("retired")
    return Tone.OK, _("nothing open")
