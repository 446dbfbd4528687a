"""The dated rules of deadlines, as data: which holds on a day, and on which local day something is due. Pure.

All are counted in calendar days of the station's zone; the day on which the clock begins is not counted, the last one
is counted whole. No official text was read: every rule says so, and a case names the version that it was counted by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from edge_agent.web.times import EPOCH, MILLISECOND, find_zone
from edge_agent.web.words import _

UNREAD = _("to be confirmed with the regulation's text")


class NoRule(LookupError):
    """No rule is entered for this day."""


@dataclass(frozen=True)
class Rule:
    """Deadlines of complaints received from `since` on; all in days."""

    version: str
    since: date
    simple_days: int
    complex_days: int  # in all, since the complaint was received
    extension_days: int  # more, once a higher body has approved and the complainant was told
    review_asked_days: int  # after the answer
    review_days: int  # to decide, after the review was asked for
    source: str
    standing: str = UNREAD


@dataclass(frozen=True)
class FollowUpRule:
    """The clock of bad ratings from `since` on: a word with the customer, and the end, after so many days."""

    version: str
    since: date
    contact_days: int
    close_days: int
    source: str
    standing: str


COMPLAINT_RULES: tuple[Rule, ...] = (
    Rule(
        "cbirc-2020-03-01",
        date(2020, 3, 1),
        simple_days=15,
        complex_days=30,
        extension_days=30,
        review_asked_days=30,
        review_days=30,
        source=_("Measures on complaints in banking and insurance, in force 2020-03-01, by press reports"),
    ),
)
FOLLOW_UP_RULES: tuple[FollowUpRule, ...] = (
    FollowUpRule(
        "house-1",
        date(1970, 1, 1),  # no rating is too old to be followed up
        contact_days=1,
        close_days=5,
        source="rule of this house; 好差评 of government services allows 15 working days",
        standing="no regulation for insurers is known",
    ),
)
#: Who complains together is spoken for by so many at most (by the same reports).
MOST_REPRESENTATIVES = 5


def rule_on(day: date, rules: Sequence[Rule] = COMPLAINT_RULES) -> Rule:
    """The rule for complaints that are received that local day. Raises NoRule."""
    known = [rule for rule in rules if rule.since <= day]
    if not known:
        raise NoRule(f"no rule of deadlines is entered for {day}")
    return max(known, key=lambda rule: rule.since)


def rule_named(version: str, rules: Sequence[Rule] = COMPLAINT_RULES) -> Rule:
    """The rule that a case was counted by. Raises NoRule."""
    found = next((rule for rule in rules if rule.version == version), None)
    if found is None:
        raise NoRule(f"no rule of deadlines is called {version!r}")
    return found


def follow_up_rule_on(day: date, rules: Sequence[FollowUpRule] = FOLLOW_UP_RULES) -> FollowUpRule:
    """The rule for ratings of that local day. Raises NoRule."""
    known = [rule for rule in rules if rule.since <= day]
    if not known:
        raise NoRule(f"no rule of follow-ups is entered for {day}")
    return max(known, key=lambda rule: rule.since)


def local_day(at: int, zone: str) -> date:
    """The local day of `at` (ms UTC) in an IANA zone."""
    return (EPOCH + at * MILLISECOND).astimezone(find_zone(zone)).date()


def day_after(day: date, count: int) -> date:
    """The last day of a term of so many days that began on `day`."""
    return day + timedelta(days=count)
