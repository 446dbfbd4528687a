"""The figures of a period as the console shows them: every cell, with what to beware of. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cloud_gateway.ratings.additions import Addition, Additions, Cells, compose_additions
from cloud_gateway.ratings.cells import LEVELS, Place, Row, Served, ServiceDay, Tally, tally_rows, tally_services
from cloud_gateway.ratings.figures import Score, Share, lower_median, shrink_score, wilson
from cloud_gateway.ratings.model import BAD_UPTO

FEW = 20
#: Thousandths of the invited that answer; below it those who do may differ from those who do not.
LEAST_ANSWERED = 300
#: Thousandths of the served that were not invited; above it somebody may choose whom to ask.
MOST_NOT_INVITED = 100


class Caution(StrEnum):
    """Why a figure says less than it seems to."""

    FEW = "few"
    FEW_ANSWERED = "few-answered"
    MANY_NOT_INVITED = "many-not-invited"


@dataclass(frozen=True)
class ServedFigure:
    """Services of a cell; `share` is that of the answered among the invited, null where there is none."""

    served: int
    invited: int
    answered: int
    not_invited: dict[str, int]
    share: Share | None


@dataclass(frozen=True)
class Figure:
    """One cell. Scores and shares in thousandths; `counts` by score from 1 on; `services` at counters only.

    `added` is what customers added of their own choice, in no cell where fewer than `ratings.publish_k` did.
    """

    level: str
    station: str
    name: str
    n: int
    counts: list[int]
    score: Score
    bad: Share
    waited_n: int
    wait_s: int | None
    services: ServedFigure | None
    cautions: list[Caution]
    added: Additions = field(default_factory=Additions)


@dataclass(frozen=True)
class FigureTable:
    """The cells of one channel and scale; no other is ever added to them."""

    channel: str
    scale: int
    figures: list[Figure]


def compose_figures(
    rows: Iterable[Row], days: Iterable[ServiceDay], added: Iterable[Addition] = (), k: int = FEW
) -> list[FigureTable]:
    """All tables of the released ratings and services of a period, with what `k` or more customers added."""
    served, additions = tally_services(days), compose_additions(added, k)
    return [
        FigureTable(
            channel, scale, _figures(table, served if channel == "counter" else {}, additions.get((channel, scale), {}))
        )
        for (channel, scale), table in tally_rows(rows).items()
    ]


def compose_unrated(rows: Iterable[Row], days: Iterable[ServiceDay]) -> list[tuple[Place, ServedFigure]]:
    """Counters and clerks who have served, and of whom no rating is there."""
    rated = {place for (channel, _), table in tally_rows(rows).items() if channel == "counter" for place in table}
    found = tally_services(days).items()
    return [(place, _served(cell)) for place, cell in found if place not in rated and place.level >= 3]


def _figures(table: Mapping[Place, Tally], served: Mapping[Place, Served], added: Cells) -> list[Figure]:
    whole = table[Place(0, "", "")].counts
    figures = [(place, _figure(place, tally, whole, served.get(place))) for place, tally in table.items()]
    return [replace(figure, added=added[place]) if place in added else figure for place, figure in figures]


def _figure(place: Place, tally: Tally, whole: Sequence[int], served: Served | None) -> Figure:
    services = None if served is None else _served(served)
    return Figure(
        level=LEVELS[place.level],
        station=place.station,
        name=place.name,
        n=tally.n,
        counts=tally.counts,
        score=shrink_score(tally.counts, whole),
        bad=wilson(sum(tally.counts[: BAD_UPTO[len(tally.counts)]]), tally.n),
        waited_n=len(tally.waits),
        wait_s=lower_median(tally.waits),
        services=services,
        cautions=find_cautions(tally.n, services),
    )


def _served(cell: Served) -> ServedFigure:
    share = wilson(cell.answered, cell.invited) if 0 < cell.invited >= cell.answered else None
    missed = {reason: n for reason, n in sorted(cell.not_invited.items()) if n}
    return ServedFigure(cell.served, cell.invited, cell.answered, missed, share)


def find_cautions(n: int, services: ServedFigure | None) -> list[Caution]:
    """What to beware of."""
    found = [Caution.FEW] if n < FEW else []
    if services is None:
        return found
    if services.invited >= FEW and services.share is not None and services.share.share < LEAST_ANSWERED:
        found.append(Caution.FEW_ANSWERED)
    missed = services.served - services.invited
    if services.served >= FEW and 1000 * missed > MOST_NOT_INVITED * services.served:
        found.append(Caution.MANY_NOT_INVITED)
    return found


def own_counts(entries: Iterable[Sequence[tuple[int, int]]], k: int) -> dict[int, list[int]]:
    """What a clerk may see of his own: counts by scale, of whole entries, and only k or more new ones of it at a time.

    `entries` are the clerk's own (scale, score) of each `count` entry, in the log's order.
    """
    shown: dict[int, list[int]] = {}
    waiting: dict[int, list[int]] = defaultdict(list)
    for own in entries:
        for scale, score in own:
            waiting[scale].append(score)
        for scale in [scale for scale, scores in waiting.items() if len(scores) >= k]:
            counts = shown.setdefault(scale, [0] * scale)
            for score in waiting.pop(scale):
                counts[score - 1] += 1
    return shown
