"""Composes the list of plans and the page of one plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cloud_gateway.board.labels import ROLES, BoardLabels
from cloud_gateway.plans.entries import review_day
from cloud_gateway.plans.labels import LEVELS, PROOFS
from cloud_gateway.plans.model import Plan, Proof, Step
from cloud_gateway.plans.store_network import Contact
from cloud_gateway.plans.store_pages import Drill, PlanFacts
from cloud_gateway.sites.store import Site
from cloud_gateway.warnings.model import Level
from edge_agent.web.times import EPOCH, MILLISECOND, find_zone
from edge_agent.web.words import _

#: Contacts are checked before the season of floods and typhoons; it begins, at the latest, in the spring (month, day).
SEASON = (3, 1)


@dataclass(frozen=True)
class PlanRow:
    """A plan in the list; `drill` is the id of one that is on."""

    id: str
    site: str
    code: str
    hazard: str
    version: int
    review_by: date
    overdue: bool
    unchecked: int
    drill: str | None


@dataclass(frozen=True)
class PlansPage:
    """The list of plans: what is overdue first, then where contacts wait to be checked."""

    rows: tuple[PlanRow, ...]
    more: int
    overdue: int
    contacts: tuple[Contact, ...]
    more_contacts: bool
    since: date
    simulated: bool
    now: int


@dataclass(frozen=True)
class StepRow:
    """A step of a plan in words; `safe` says until when somebody may go out for it, "" where nobody has to."""

    name: str
    text: str
    owner: str
    due: str
    safe: str
    proof: str


@dataclass(frozen=True)
class PlanPage:
    """One version of a plan, with the others, its steps by level, and its drills."""

    id: str
    site: str
    code: str
    zone: str
    hazard: str
    version: int
    made_at: int
    made_by: str
    review_by: date
    overdue: bool
    versions: tuple[Plan, ...]
    steps: tuple[tuple[str, tuple[StepRow, ...]], ...]
    drills: tuple[Drill, ...]
    drill: Drill | None
    simulated: bool
    now: int

    @property
    def is_newest(self) -> bool:
        """Whether this version is the one that an event sets off."""
        return self.versions[0].id == self.id


def season_start(now: int, zone: str) -> date:
    """The newest beginning of a season before `now` (ms UTC): contacts that were tried since then are checked."""
    today = (EPOCH + now * MILLISECOND).astimezone(find_zone(zone)).date()
    begins = date(today.year, *SEASON)
    return begins if begins <= today else date(today.year - 1, *SEASON)


def day_start(day: date, zone: str) -> int:
    """When a day begins in a zone, ms UTC."""
    return (datetime.combine(day, time(), find_zone(zone)) - EPOCH) // timedelta(milliseconds=1)


def compose_plans(
    labels: BoardLabels,
    plans: tuple[Sequence[PlanFacts], int],
    contacts: Sequence[Contact],
    most_contacts: int,
    since: date,
    now: int,
) -> PlansPage:
    """The list; `plans` are those that are shown, in their order, and how many there are."""
    shown, every = plans
    return PlansPage(
        rows=tuple(_row(labels, facts, now) for facts in shown),
        more=every - len(shown),
        overdue=sum(facts.plan.review_by <= now for facts in shown),
        contacts=tuple(sorted(contacts[:most_contacts], key=lambda one: (one.checked_at or 0, one.name))),
        more_contacts=len(contacts) > most_contacts,
        since=since,
        simulated=any(facts.site.simulated for facts in shown),
        now=now,
    )


def compose_plan(
    labels: BoardLabels,
    plan: Plan,
    site: Site,
    versions: Sequence[Plan],
    drills: Sequence[Drill],
    names: Mapping[str, str],
    now: int,
) -> PlanPage:
    """The page of one version; `names` are those of recipients who own steps."""
    return PlanPage(
        id=plan.id,
        site=labels.site(site),
        code=site.code,
        zone=site.zone,
        hazard=labels.hazard(plan.hazard),
        version=plan.version,
        made_at=plan.made_at,
        made_by=plan.made_by,
        review_by=review_day(plan.review_by, site.zone),
        overdue=plan.review_by <= now,
        versions=tuple(versions),
        steps=tuple(
            (labels.text(LEVELS[level]), rows)
            for level in Level
            if (rows := tuple(_step(labels, step, names) for step in plan.steps if step.level is level))
        ),
        drills=tuple(drills),
        drill=next((one for one in drills if one.ended_at is None), None),
        simulated=site.simulated,
        now=now,
    )


def _row(labels: BoardLabels, facts: PlanFacts, now: int) -> PlanRow:
    plan, site = facts.plan, facts.site
    return PlanRow(
        id=plan.id,
        site=labels.site(site),
        code=site.code,
        hazard=labels.hazard(plan.hazard),
        version=plan.version,
        review_by=review_day(plan.review_by, site.zone),
        overdue=plan.review_by <= now,
        unchecked=facts.unchecked,
        drill=facts.drill,
    )


def _step(labels: BoardLabels, step: Step, names: Mapping[str, str]) -> StepRow:
    return StepRow(
        name=step.name,
        text=pick_text(labels, step.text, step.text_zh),
        owner=labels.of(ROLES, names.get(step.owner, step.owner)),
        due=_due(labels, step),
        safe=_safe(labels, step),
        proof="" if step.proof is Proof.NONE else labels.text(PROOFS[step.proof]),
    )


def pick_text(labels: BoardLabels, english: str, chinese: str) -> str:
    """What is to be done, in the reader's language where there is such a text."""
    return (chinese or english) if labels.language == "zh-Hans" else (english or chinese)


def _due(labels: BoardLabels, step: Step) -> str:
    if step.lead_s is not None:
        return labels.text(_("to be done %(span)s before it begins"), span=labels.age(step.lead_s * 1000))
    return labels.text(_("to be done within %(span)s"), span=labels.age(step.deadline_s * 1000))


def _safe(labels: BoardLabels, step: Step) -> str:
    if not step.goes_out:
        return ""
    if not step.safe_lead_s:
        return labels.text(_("somebody goes out; nobody does under red"))
    return labels.text(
        _("somebody goes out; nobody does from %(span)s before it begins"), span=labels.age(step.safe_lead_s * 1000)
    )
