"""What customers add to their ratings of their own choice, by cell: settled or not, recommendation, reasons. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from cloud_gateway.ratings.cells import Place, leave_out, list_places
from cloud_gateway.ratings.figures import Share, shrink_score, wilson

#: Of the answers 0 to 10, the highest that speaks against a recommendation, and the lowest that speaks for it.
AGAINST_UPTO, FOR_FROM = 6, 9


class Addition(Struct, frozen=True):
    """What the customer of a released rating has added; the first seven tell whose cells it belongs to."""

    channel: str
    scale: int
    stage: str
    station: str
    counter: str
    clerk: str
    settled: bool | None
    recommend: int | None
    reasons: Sequence[str]


@dataclass(frozen=True)
class Settled:
    """Of `n` customers who said whether their matter was settled, the share of those for whom it was."""

    n: int
    share: Share


@dataclass(frozen=True)
class Recommendation:
    """Those for (9 and 10) less those against (0 to 6), thousandths of `n`, from -1000 to 1000; drawn like scores."""

    n: int
    score: int
    low: int
    high: int


@dataclass(frozen=True)
class Reasons:
    """How many of `n` customers who gave any reason gave which, by code."""

    n: int
    counts: dict[str, int]


@dataclass(frozen=True)
class Additions:
    """What was added to the ratings of a cell; null is what too few have said."""

    settled: Settled | None = None
    recommend: Recommendation | None = None
    reasons: Reasons | None = None


@dataclass
class _Tally:
    settled: list[int] = field(default_factory=lambda: [0, 0])  # no, yes
    recommend: list[int] = field(default_factory=lambda: [0, 0, 0])  # against, neither, for
    reasons: Counter[str] = field(default_factory=Counter)
    reasoned: int = 0

    def add(self, one: Addition) -> None:
        if one.settled is not None:
            self.settled[one.settled] += 1
        if one.recommend is not None:
            self.recommend[(one.recommend > AGAINST_UPTO) + (one.recommend >= FOR_FROM)] += 1
        self.reasons.update(set(one.reasons))
        self.reasoned += bool(one.reasons)


Cells = Mapping[Place, Additions]


def compose_additions(added: Iterable[Addition], k: int) -> dict[tuple[str, int], Cells]:
    """What was added, by channel and scale, then by cell.

    Each of the three is left out where fewer than `k` have said it, and where a subtraction would find that.
    """
    tables: dict[tuple[str, int], dict[Place, _Tally]] = defaultdict(lambda: defaultdict(_Tally))
    for one in added:
        for place in list_places(one.station, one.counter, one.clerk, one.stage):
            tables[one.channel, one.scale][place].add(one)
    return {key: _compose_table(table, k) for key, table in tables.items()}


def _compose_table(table: Mapping[Place, _Tally], k: int) -> Cells:
    whole = table[Place(0, "", "")].recommend
    settled = _enough({place: sum(tally.settled) for place, tally in table.items()}, k)
    asked = _enough({place: sum(tally.recommend) for place, tally in table.items()}, k)
    reasoned = _enough({place: tally.reasoned for place, tally in table.items()}, k)
    return {
        place: Additions(
            Settled(settled[place], wilson(tally.settled[1], settled[place])) if place in settled else None,
            recommend(tally.recommend, whole) if place in asked else None,
            Reasons(reasoned[place], dict(sorted(tally.reasons.items()))) if place in reasoned else None,
        )
        for place, tally in table.items()
    }


def _enough(sizes: Mapping[Place, int], k: int) -> dict[Place, int]:
    """The cells where so many have said something that it may be shown; where nobody has, there is nothing to find."""
    said = {place: n for place, n in sizes.items() if n}
    few = leave_out(said, k)
    return {place: n for place, n in said.items() if place not in few}


def recommend(counts: Sequence[int], table: Sequence[int]) -> Recommendation:
    """The recommendation of a cell with so many against, neither and for, drawn to the one of its table."""
    mean = shrink_score(counts, table)
    return Recommendation(sum(counts), mean.score - 2000, mean.low - 2000, mean.high - 2000)
