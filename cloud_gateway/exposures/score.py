"""How urgently a site is called: an explainable score from dated rules, severity and insured value.

The four criteria and their classes (three or more high, two medium, one low) follow the "631" early-warning rule that
PICC Property and Casualty has published; weights are ours, dated, and named in every result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from cloud_gateway.exposures.model import Exposure, Sure, Vulnerability
from cloud_gateway.warnings.model import Level


class Reason(msgspec.Struct, frozen=True, array_like=True):
    """One factor of a score: `value` is the product of all weights. `rule` is stable, `text` is for people."""

    rule: str
    weight: float
    text: str


class Score(msgspec.Struct, frozen=True):
    """What ranks a site: larger is called first. `version` names the rules that were in force."""

    value: float
    reasons: tuple[Reason, ...]
    version: str


class Rules(msgspec.Struct, frozen=True):
    """Weights in force from a day on, until the next."""

    version: str
    since: date
    classes: tuple[tuple[int, str, float], ...]  # (criteria met at least, name, weight), strictest first
    levels: Mapping[Level, float]
    rectification: float  # added to 1 for each open one
    rectification_most: float
    insured_unit_minor: int  # an insured value of this much counts double
    storm: Mapping[Sure, float]  # within the wind radii of a storm's advisory, by how sure
    paid_unit_minor: int  # paid for claims, this much adds `paid`
    paid: float
    paid_most: float


RULES: tuple[Rules, ...] = (
    Rules(
        version="2026-1",
        since=date(2026, 1, 1),
        classes=((3, "high", 4.0), (2, "medium", 2.5), (1, "low", 1.5), (0, "none", 1.0)),
        levels={Level.NONE: 0.0, Level.MINOR: 1.0, Level.MODERATE: 3.0, Level.SEVERE: 9.0, Level.EXTREME: 27.0},
        rectification=0.1,
        rectification_most=0.5,
        insured_unit_minor=100_000_000,
        storm={Sure.CERTAIN: 1.5, Sure.LIKELY: 1.5, Sure.POSSIBLE: 1.2},
        paid_unit_minor=10_000_000,
        paid=0.1,
        paid_most=0.5,
    ),
)


def score(
    vulnerability: Vulnerability,
    level: Level,
    insured_minor: int,
    day: date,
    *,
    wet: bool = True,
    storm: Exposure | None = None,
    rules: Sequence[Rules] = RULES,
) -> Score:
    """Rank one site for one hazard. `wet` is False for hazards without water: goods, ground and drains do not count.

    `storm` is what the newest advisories of a storm's track say of the site.

    `insured_minor` of all sites that are ranked together has to be in one currency. A day before the first rules is
    judged by the first.
    """
    dated = rules_of(day, rules)
    met = _criteria(vulnerability, wet)
    grade, weight = next((name, weight) for least, name, weight in dated.classes if len(met) >= least)
    open_count = max(vulnerability.open_rectifications, 0)
    raised = 1 + min(dated.rectification * open_count, dated.rectification_most)
    reasons = [
        Reason(f"vulnerability-{grade}", weight, f"vulnerability {grade}: {', '.join(met) or 'no criterion met'}"),
        Reason("severity", dated.levels[level], f"severity {level.name.lower()}"),
        _insured_value(insured_minor, dated),
    ]
    if open_count:
        reasons.append(Reason("rectifications", round(raised, 2), f"rectifications still open: {open_count}"))
    if vulnerability.paid_minor > 0:
        paid = 1 + min(dated.paid * vulnerability.paid_minor / dated.paid_unit_minor, dated.paid_most)
        text = f"paid for claims in five years: {vulnerability.paid_minor / 100:,.0f}"
        reasons.append(Reason("claims-paid", round(paid, 2), text))
    if storm is not None:
        reasons.append(Reason(f"storm-{storm.sure.value}", dated.storm[storm.sure], storm.detail))
    value = math.prod(reason.weight for reason in reasons)
    return Score(round(value, 3), tuple(reasons), dated.version)


def rules_of(day: date, rules: Sequence[Rules] = RULES) -> Rules:
    """The rules in force on a day."""
    begun = [dated for dated in rules if dated.since <= day]
    return max(begun, key=lambda dated: dated.since) if begun else min(rules, key=lambda dated: dated.since)


def _criteria(site: Vulnerability, wet: bool) -> list[str]:
    table = (
        (site.claims > 0, f"claims in five years: {site.claims}"),
        (wet and site.water_sensitive, "goods that water spoils"),
        (wet and site.low_ground, "low ground"),
        (wet and site.poor_drainage, "poor drainage"),
    )
    return [text for met, text in table if met]


def _insured_value(insured_minor: int, dated: Rules) -> Reason:
    """1 at nothing, 2 at the unit, one more for each further tenfold: a large site comes first, but not alone."""
    ratio = max(insured_minor, 0) / dated.insured_unit_minor
    weight = round(1 + (ratio if ratio < 1 else 1 + math.log10(ratio)), 3)
    return Reason("insured-value", weight, f"insured value {max(insured_minor, 0) / 100:,.0f}")
