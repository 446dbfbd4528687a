"""Composes the page of one site: what holds there, what is known of it, and its history. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_gateway.board.cards import Card, Desk, simulated_any
from cloud_gateway.board.event_page import TaskRow, task_row
from cloud_gateway.board.labels import ROLES
from cloud_gateway.board.reading import SiteFacts
from cloud_gateway.board.report import judge_event
from cloud_gateway.board.site_words import PastChange, say_history, say_outline
from cloud_gateway.exposures.store_sites import Risk
from cloud_gateway.sites.money import say_amount
from edge_agent.web.words import _


@dataclass(frozen=True)
class Past:
    """An event that is over, with what is told of it in one line."""

    card: Card
    warning_lead: int | None
    told: int
    meant: int
    acted: int


@dataclass(frozen=True)
class PersonLine:
    """Somebody who is to be told about this site."""

    name: str
    role: str
    checked_at: int | None


@dataclass(frozen=True)
class SitePage:
    """Everything that a site's page shows."""

    code: str
    name: str
    latitude: float
    longitude: float
    zone: str
    insured: str
    weaknesses: tuple[str, ...]
    open: tuple[Card, ...]
    past: tuple[Past, ...]
    people: tuple[PersonLine, ...]
    tasks: tuple[TaskRow, ...]
    outline: str
    codes: str
    changes: tuple[PastChange, ...]
    retired_at: int | None
    simulated: bool
    now: int


def compose_site(desk: Desk, facts: SiteFacts) -> SitePage:
    """The page of a site; the desk's events are all of it, the newest first."""
    site, labels = facts.site, desk.labels
    opened = tuple(desk.card(event) for event in facts.case.events if event.closed_at is None)
    return SitePage(
        code=site.code,
        name=labels.site(site),
        latitude=site.latitude,
        longitude=site.longitude,
        zone=site.zone,
        insured=say_amount(facts.risk.insured_minor, facts.risk.currency) if facts.risk else "",
        weaknesses=_weaknesses(desk, facts.risk),
        open=opened,
        past=_history(desk),
        people=tuple(PersonLine(p.name, labels.of(ROLES, p.role), p.contact_checked_at) for p in facts.case.people),
        tasks=tuple(task_row(desk, task) for task in facts.case.tasks),
        outline=say_outline(labels, facts.risk.outline) if facts.risk and facts.risk.outline else "",
        codes=" · ".join(" ".join(pair) for pair in facts.risk.geocodes) if facts.risk else "",
        changes=say_history(labels, facts.changes, site.zone),
        retired_at=facts.retired_at,
        simulated=site.simulated or simulated_any(opened),
        now=desk.now,
    )


def _history(desk: Desk) -> tuple[Past, ...]:
    past = []
    for event in desk.case.events:
        if event.closed_at is not None:
            figures = judge_event(event, desk.standings(event), [])
            counts = (len(figures.told), figures.meant, len(figures.acted))
            past.append(Past(desk.card(event), figures.warning_lead, *counts))
    return tuple(past)


def _weaknesses(desk: Desk, risk: Risk | None) -> tuple[str, ...]:
    if risk is None:
        return ()
    known = (
        (risk.water_sensitive, _("goods that water spoils")),
        (risk.low_ground, _("low ground")),
        (risk.poor_drainage, _("poor drainage")),
    )
    found = [desk.labels.text(word) for holds, word in known if holds]
    if risk.open_rectifications:
        found.append(desk.labels.text(_("open rectifications: %(count)s"), count=risk.open_rectifications))
    return tuple(found)
