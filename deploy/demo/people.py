"""The invented people of a demo: who is told of its SIMULATED warnings, who is on duty, and who must hear nothing."""

from __future__ import annotations

from cloud_gateway.outreach.duty import Turn
from cloud_gateway.outreach.recipients import RecipientEntry
from firmware_sim.forms import Site
from firmware_sim.scenario import Scenario

DAY_MS = 86_400_000
ENGINEER, CUSTOMER = "risk-engineer", "customer"
#: Has a telephone only, and nobody takes it up in a demo: after a while the next person is asked.
FIRST = "Engineer on duty (invented)"
#: Gets mail, and answers it.
SECOND = "Second engineer (invented)"
ANSWERING = "second-engineer@example.org"


def invent_people(scenario: Scenario) -> list[RecipientEntry]:
    """Engineers and a rescue partner for all sites; a branch and a customer for each."""
    codes = [site.code for site in scenario.site]
    first, *_ = scenario.site
    everywhere = [
        _person(FIRST, ENGINEER, first, [], phone="555-0101"),
        _person(SECOND, ENGINEER, first, codes, mail=ANSWERING),
        _person("Rescue partner (invented)", "rescue", first, codes, mail="rescue@example.org", least=3),
    ]
    return everywhere + [person for site in scenario.site for person in _people_of(site)]


def invent_duty(scenario: Scenario) -> list[Turn]:
    """The two engineers, in turn, from a day before the story until a month after it."""
    since, until = scenario.start_ms - DAY_MS, scenario.end_ms + 30 * DAY_MS
    return [Turn(rank, name, ENGINEER, since, until, rank) for rank, name in enumerate((FIRST, SECOND), 1)]


def _people_of(site: Site) -> list[RecipientEntry]:
    branch, owner = f"branch-{site.code}@example.org", f"owner-{site.code}@example.org"
    quiet: dict[str, object] = {"quiet_from": "22:00", "quiet_to": "06:00", "breaks_quiet": 3}
    return [
        _person(f"Branch of {site.name} (invented)", "branch", site, [site.code], mail=branch, **quiet),
        _person(f"Owner of {site.name} (invented)", CUSTOMER, site, [site.code], mail=owner),
    ]


def _person(name: str, role: str, site: Site, sites: list[str], **ways: object) -> RecipientEntry:
    language = "zh-Hans" if site.zone.startswith("Asia/") else "en"
    given = {"name": name, "role": role, "language": language, "zone": site.zone, "sites": sites, **ways}
    return RecipientEntry.model_validate(given)
