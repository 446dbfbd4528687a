"""Patterns in presses and ratings that somebody has to look at; a flag is a question, never a verdict. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

#: Quicker than this nobody reads the screen.
QUICK_MS = 1500
QUICK_LEAST, QUICK_SHARE = 10, 0.8
#: So many presses within this, ms, are a burst.
BURST, BURST_MS = 3, 600_000
#: Minutes before opening and after closing that count as opening hours.
GRACE_MIN = 30
KEY_TROUBLES, KEY_SHARE = 5, 0.8
#: A key that nobody pressed is told of when chance alone would do that less often than so.
CHANCE, DEAD_LEAST = 0.001, 50
NOBODY = frozenset({"no-window", "staff-card"})
TROUBLE = frozenset({"stuck", "chatter"})


class Anomaly(StrEnum):
    """What was seen."""

    ALWAYS_GOOD_AT_ONCE = "always-good-at-once"
    NO_CUSTOMER = "no-customer"
    AFTER_HOURS = "after-hours"
    WORN_KEY = "worn-key"
    SILENT_KEY = "silent-key"


class Press(NamedTuple):
    """A raw press; `minute` of the local day."""

    at: int
    minute: int
    counter: str
    button: int
    counted: bool
    reason: str
    present: bool | None


class Given(NamedTuple):
    """A counted rating at a counter."""

    counter: str
    clerk: str
    scale: int
    score: int
    answered_ms: int


class Flag(NamedTuple):
    """`n` cases of `of`; `clerk` or `button` where it is about one."""

    code: Anomaly
    counter: str
    clerk: str
    button: int | None
    n: int
    of: int


def find_anomalies(presses: Sequence[Press], ratings: Sequence[Given], opens: int, closes: int) -> list[Flag]:
    """Of one station; `opens` and `closes` in minutes of the local day."""
    flags = [*_quick(ratings), *_nobody(presses), *_late(presses, opens, closes), *_worn(presses), *_silent(ratings)]
    return sorted(flags, key=lambda flag: (flag.code, flag.counter, flag.clerk, flag.button or 0))


def _quick(ratings: Iterable[Given]) -> Iterator[Flag]:
    by_clerk: dict[tuple[str, str], list[Given]] = defaultdict(list)
    for one in ratings:
        by_clerk[one.counter, one.clerk].append(one)
    for (counter, clerk), own in by_clerk.items():
        n = sum(one.score == one.scale and one.answered_ms < QUICK_MS for one in own)
        if n >= QUICK_LEAST and n >= QUICK_SHARE * len(own):
            yield Flag(Anomaly.ALWAYS_GOOD_AT_ONCE, counter, clerk, None, n, len(own))


def _nobody(presses: Iterable[Press]) -> Iterator[Flag]:
    """Bursts of presses that no customer can have made."""
    by_counter = _by_counter(presses)
    for counter, own in by_counter.items():
        alone = [p for p in own if p.reason in NOBODY or (p.counted and p.present is False)]
        if n := _in_bursts(alone):
            yield Flag(Anomaly.NO_CUSTOMER, counter, "", None, n, len(own))


def _late(presses: Iterable[Press], opens: int, closes: int) -> Iterator[Flag]:
    for counter, own in _by_counter(presses).items():
        outside = [p for p in own if not opens - GRACE_MIN <= p.minute < closes + GRACE_MIN]
        if n := _in_bursts(outside):
            yield Flag(Anomaly.AFTER_HOURS, counter, "", None, n, len(own))


def _worn(presses: Iterable[Press]) -> Iterator[Flag]:
    """One key alone is stuck or loose again and again."""
    for counter, own in _by_counter(presses).items():
        troubles = Counter(p.button for p in own if p.reason in TROUBLE)
        for button, n in troubles.items():
            if n >= KEY_TROUBLES and n >= KEY_SHARE * troubles.total():
                yield Flag(Anomaly.WORN_KEY, counter, "", button, n, sum(p.button == button for p in own))


def _silent(ratings: Sequence[Given]) -> Iterator[Flag]:
    """A score that a counter never gives although the others do, too often for chance."""
    counts: dict[tuple[int, str], Counter[int]] = defaultdict(Counter)
    for one in ratings:
        counts[one.scale, one.counter][one.score] += 1
    for (scale, counter), own in counts.items():
        others: Counter[int] = sum((c for (s, o), c in counts.items() if s == scale and o != counter), Counter())
        for score in range(1, scale + 1):
            share = others[score] / others.total() if others.total() >= DEAD_LEAST else 0.0
            if own.total() >= DEAD_LEAST and not own[score] and (1 - share) ** own.total() < CHANCE:
                yield Flag(Anomaly.SILENT_KEY, counter, "", score, 0, own.total())


def _by_counter(presses: Iterable[Press]) -> dict[str, list[Press]]:
    found: dict[str, list[Press]] = defaultdict(list)
    for press in presses:
        found[press.counter].append(press)
    return found


def _in_bursts(presses: Iterable[Press]) -> int:
    """How many of the presses have so many neighbours within the span that they are a burst."""
    times = sorted(press.at for press in presses)
    in_burst: set[int] = set()
    for i in range(len(times) - BURST + 1):
        if times[i + BURST - 1] - times[i] <= BURST_MS:
            in_burst.update(range(i, i + BURST))
    return len(in_burst)
