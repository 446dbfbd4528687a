"""How long texts of the log are kept: dated rules as data, legal holds, and whether a text may be erased. Pure.

Entries are never erased, only texts beside them: the proofs stay valid. No official text was read for these rules, and
each says so; an erasure names the version that it was decided by. Days are calendar days of the zone that is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from edge_agent.web.times import EPOCH, MILLISECOND, find_zone

UNREAD = "to be confirmed with the regulation's text"
HOUSE = "rule of this house; no regulation that orders another term is known"
YEAR = 366


class Reason(StrEnum):
    """Why a text is erased: its term is over, the person whom it is about asks, a court or authority orders it."""

    RETENTION_OVER = "retention-over"
    PERSON_ASKED = "person-asked"
    ORDERED = "ordered"


class Refusal(StrEnum):
    """Why a text is not erased."""

    HELD = "held"
    TOO_EARLY = "too-early"
    NO_RULE = "no-rule"
    NO_TEXT = "no-text"


@dataclass(frozen=True)
class Class:
    """Texts that are kept alike. `keep_days`: at least; `erase_days`: no longer, null as long as the log.

    `on_request`: erased earlier when the person asks.
    """

    name: str
    types: frozenset[str]  # of entries
    keep_days: int
    erase_days: int | None
    on_request: bool
    source: str
    standing: str = UNREAD


@dataclass(frozen=True)
class Rules:
    """The classes that hold from a day on."""

    version: str
    since: date
    classes: tuple[Class, ...]


RULES: tuple[Rules, ...] = (
    Rules(
        "2026-01",
        date(2026, 1, 1),
        (
            Class(
                "public-words",
                frozenset({"rating", "reply", "answer"}),
                keep_days=5 * YEAR,
                erase_days=10 * YEAR,
                on_request=True,
                source="互联网保险业务监管办法 (2020) for records of sales; 个人信息保护法 (2021), article 47",
            ),
            Class(
                "complaints",
                frozenset({"complaint"}),
                keep_days=5 * YEAR,
                erase_days=10 * YEAR,
                on_request=False,
                source="银行业保险业消费投诉处理管理办法, in force 2020-03-01, by press reports of 2020-01-17",
            ),
            Class(
                "appeals",
                frozenset({"appeal", "ruling", "training"}),
                keep_days=3 * YEAR,
                erase_days=5 * YEAR,
                on_request=False,
                source="个人信息保护法 (2021), article 19: no longer than needed",
            ),
            Class(
                "house-keeping",
                frozenset({"hold", "publication"}),
                keep_days=5 * YEAR,
                erase_days=None,
                on_request=False,
                source="none",
                standing=HOUSE,
            ),
        ),
    ),
)


class Hold(NamedTuple):
    """A legal hold in force: texts of these entries, and of all entries of these types, now and later."""

    name: str
    places: frozenset[int]
    types: frozenset[str]

    def covers(self, place: int, type_: str) -> bool:
        """Whether the texts of an entry are held."""
        return place in self.places or type_ in self.types


class Verdict(NamedTuple):
    """Whether a text may be erased: `refusal` is null when it may. `hold` names the first hold, `rule` the version."""

    refusal: Refusal | None
    rule: str
    hold: str = ""


def rules_on(day: date, rules: Sequence[Rules] = RULES) -> Rules | None:
    """The rules that hold on a day."""
    return max((one for one in rules if one.since <= day), key=lambda one: one.since, default=None)


def judge_erasure(
    place: int,
    type_: str,
    made: date,
    reason: Reason,
    today: date,
    holds: Iterable[Hold],
    rules: Sequence[Rules] = RULES,
) -> Verdict:
    """Whether a text of an entry may be erased today; `made` is the entry's day.

    A hold stands above every reason, an order above every term.
    """
    current = rules_on(today, rules)
    version = "" if current is None else current.version
    if (hold := next((hold.name for hold in holds if hold.covers(place, type_)), None)) is not None:
        return Verdict(Refusal.HELD, version, hold)
    kept = next((one for one in current.classes if type_ in one.types), None) if current else None
    if kept is None:
        return Verdict(Refusal.NO_RULE, version)
    return Verdict(None if _is_time(kept, made, reason, today) else Refusal.TOO_EARLY, version)


def _is_time(kept: Class, made: date, reason: Reason, today: date) -> bool:
    if reason is Reason.ORDERED:
        return True
    if reason is Reason.PERSON_ASKED:
        return kept.on_request or today - made >= timedelta(days=kept.keep_days)
    return kept.erase_days is not None and today - made >= timedelta(days=kept.erase_days)


def read_holds(bodies: Iterable[Mapping[str, object]]) -> list[Hold]:
    """The holds in force after these bodies of `hold` entries, in the log's order."""
    holds: dict[str, Hold] = {}
    for body in bodies:
        name = str(body["hold"])
        if body["state"] == "off":
            holds.pop(name, None)
            continue
        places, types = body["places"], body["types"]
        assert isinstance(places, list)
        assert isinstance(types, list)
        holds[name] = Hold(name, frozenset(places), frozenset(types))
    return list(holds.values())


def local_day(at: int, zone: str) -> date:
    """The local day of `at` (ms UTC) in an IANA zone."""
    return (EPOCH + at * MILLISECOND).astimezone(find_zone(zone)).date()
