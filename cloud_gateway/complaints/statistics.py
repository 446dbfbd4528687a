"""Quarterly figures of complaints by kind, against the quarter before; pure, whole numbers only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import NamedTuple


class Quarter(NamedTuple):
    """A quarter of a year: 1 to 4."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def before(self) -> Quarter:
        """The one before."""
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)


@dataclass(frozen=True)
class Counted:
    """A complaint as the figures see it: days are local; `due` is the last day for its answer."""

    kind: str
    received: date
    due: date
    answered: date | None


@dataclass(frozen=True)
class Line:
    """The figures of one kind: `share` and `change` in thousandths; `change` None where nothing was before.

    `in_time` of `judged`: those answered, and those whose last day has passed.
    """

    kind: str
    count: int
    before: int
    share: int
    change: int | None
    judged: int
    in_time: int


def quarter_of(day: date) -> Quarter:
    """The quarter that a day is in."""
    return Quarter(day.year, (day.month + 2) // 3)


def read_quarter(text: str) -> Quarter:
    """A quarter from `2026-Q4`. Raises ValueError."""
    year, mark, number = text.partition("-Q")
    is_year = year.isascii() and year.isdigit() and len(year) == 4 and MINYEAR < int(year) < MAXYEAR
    if not (mark and is_year and number in {"1", "2", "3", "4"}):
        raise ValueError(f"{text!r} is no quarter such as 2026-Q4")
    return Quarter(int(year), int(number))


def compile_quarter(cases: Iterable[Counted], quarter: Quarter, today: date) -> list[Line]:
    """One line for each kind with a complaint in this quarter or the one before: the most frequent first."""
    both = [case for case in cases if quarter_of(case.received) in (quarter, quarter.before)]
    now = [case for case in both if quarter_of(case.received) == quarter]
    before = Counter(case.kind for case in both if quarter_of(case.received) == quarter.before)
    kinds = sorted({case.kind for case in both})
    lines = [_line(kind, now, before[kind], today) for kind in kinds]
    return sorted(lines, key=lambda line: (-line.count, line.kind))


def _line(kind: str, cases: Sequence[Counted], before: int, today: date) -> Line:
    of_kind = [case for case in cases if case.kind == kind]
    judged = [case for case in of_kind if case.answered is not None or case.due < today]
    in_time = sum(case.answered is not None and case.answered <= case.due for case in judged)
    count = len(of_kind)
    share = thousandths(count, len(cases)) if cases else 0
    change = thousandths(count - before, before) if before else None
    return Line(kind, count, before, share, change, len(judged), in_time)


def thousandths(part: int, whole: int) -> int:
    """part / whole in thousandths, halves to the even one, in whole numbers."""
    quotient, rest = divmod(part * 1000, whole)
    return quotient + (2 * rest > whole or (2 * rest == whole and quotient % 2 == 1))
