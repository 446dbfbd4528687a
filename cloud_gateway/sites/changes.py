"""What is known of a site as plain texts by field: to see what a change changes, and whether two saw the same. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from cloud_gateway.exposures.store_sites import Risk
from cloud_gateway.sites.store import NewSite


@dataclass(frozen=True)
class Facts:
    """All that can be changed of a site; `retired_at` is ms UTC."""

    site: NewSite
    risk: Risk
    retired_at: int | None = None


class Changed(NamedTuple):
    """One field that is other than it was; texts as `facts_by_field` gives them."""

    field: str
    before: str
    after: str


def facts_by_field(facts: Facts) -> dict[str, str]:
    """The facts in words of no language: numbers, yes and no, GeoJSON; "" for what is not there."""
    site, risk = facts.site, facts.risk
    return {
        "name": site.name,
        "name_zh": site.name_zh,
        "position": f"{site.latitude}, {site.longitude}",
        "zone": site.zone,
        "outline": risk.outline,
        "codes": ";".join(f"{scheme}={code}" for scheme, code in risk.geocodes),
        "insured": f"{risk.insured_minor} {risk.currency}",
        "water_sensitive": _word(risk.water_sensitive),
        "low_ground": _word(risk.low_ground),
        "poor_drainage": _word(risk.poor_drainage),
        "open_rectifications": str(risk.open_rectifications),
        "simulated": _word(site.simulated),
        "retired_at": "" if facts.retired_at is None else str(facts.retired_at),
    }


def compare_facts(before: Facts | None, after: Facts) -> tuple[Changed, ...]:
    """The fields that differ; without `before` all that a new site has."""
    old = {} if before is None else facts_by_field(before)
    new = facts_by_field(after)
    return tuple(Changed(name, old.get(name, ""), text) for name, text in new.items() if old.get(name, "") != text)


def digest_of(facts: Facts) -> str:
    """The same for the same facts: who saw it has seen these."""
    return hashlib.sha256(json.dumps(facts_by_field(facts)).encode()).hexdigest()[:32]


def _word(holds: bool) -> str:
    return "yes" if holds else "no"
