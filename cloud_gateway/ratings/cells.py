"""Cells: released ratings and services added up by level, station and name, and which cells are left out. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

LEVELS = ("all", "stage", "station", "counter", "clerk")


class Row(Struct, frozen=True):
    """A released rating, as its `count` entry has it."""

    channel: str
    scale: int
    score: int
    stage: str
    station: str
    counter: str
    clerk: str
    day: str
    wait_s: int | None


class ServiceDay(Struct, frozen=True):
    """A `service-day` entry."""

    station: str
    counter: str
    clerk: str
    day: str
    served: int
    invited: int
    answered: int
    not_invited: Mapping[str, int]


class Place(NamedTuple):
    """Which cell: `level` by its index in `LEVELS`, so that places sort as cells do."""

    level: int
    station: str
    name: str

    @property
    def parent(self) -> Place | None:
        """The cell that this one is a part of."""
        if self.level == 0:
            return None
        return Place(0, "", "") if self.level < 3 else Place(2, self.station, "")


@dataclass
class Tally:
    """The ratings of a cell: how many had each score, from 1 on, and the waiting times that are known."""

    counts: list[int]
    waits: list[int] = field(default_factory=list)

    @property
    def n(self) -> int:
        """How many ratings."""
        return sum(self.counts)


@dataclass
class Served:
    """The services of a cell; `not_invited` by reason."""

    served: int = 0
    invited: int = 0
    answered: int = 0
    not_invited: Counter[str] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        """How many were answered."""
        return self.answered


Table = dict[Place, Tally]


def tally_rows(rows: Iterable[Row]) -> dict[tuple[str, int], Table]:
    """A table of cells for each channel and scale, which are never added."""
    tables: dict[tuple[str, int], Table] = defaultdict(dict)
    for row in rows:
        table = tables[row.channel, row.scale]
        for place in list_places(row.station, row.counter, row.clerk, row.stage):
            tally = table.setdefault(place, Tally([0] * row.scale))
            tally.counts[row.score - 1] += 1
            if row.wait_s is not None:
                tally.waits.append(row.wait_s)
    return {key: dict(sorted(table.items())) for key, table in sorted(tables.items())}


def tally_services(days: Iterable[ServiceDay]) -> dict[Place, Served]:
    """The cells of services."""
    cells: dict[Place, Served] = defaultdict(Served)
    for day in days:
        for place in list_places(day.station, day.counter, day.clerk):
            cell = cells[place]
            cell.served += day.served
            cell.invited += day.invited
            cell.answered += day.answered
            cell.not_invited.update(day.not_invited)
    return dict(sorted(cells.items()))


def list_places(station: str, counter: str, clerk: str, stage: str | None = None) -> Iterator[Place]:
    """The cells that a rating, or with no stage a service, belongs to."""
    yield Place(0, "", "")
    if stage is not None:
        yield Place(1, "", stage)
    yield Place(2, station, "")
    yield Place(3, station, counter)
    yield Place(4, station, clerk)


def leave_out(sizes: Mapping[Place, int], k: int) -> frozenset[Place]:
    """The cells with fewer than k, and those that go with them so that no subtraction finds one."""
    out = {place for place, n in sizes.items() if n < k}
    for parent, group in _groups(sizes):
        _close_group(out, parent, group, sizes.__getitem__, k)
    return frozenset(out)


def _groups(sizes: Mapping[Place, int]) -> list[tuple[Place, list[Place]]]:
    """The parts of each cell by level, the larger cells first."""
    groups: dict[tuple[Place, int], list[Place]] = defaultdict(list)
    for place in sorted(sizes):
        if (parent := place.parent) is not None:
            groups[parent, place.level].append(place)
    return [(parent, group) for (parent, _), group in sorted(groups.items())]


def _close_group(out: set[Place], parent: Place, group: Sequence[Place], size: Callable[[Place], int], k: int) -> None:
    if parent in out:
        out.update(group)
        return
    hidden = [place for place in group if place in out]
    shown = sorted((place for place in group if place not in out), key=lambda p: (size(p), p.station, p.name))
    while hidden and shown and (len(hidden) == 1 or sum(map(size, hidden)) < k):
        hidden.append(shown.pop(0))
    out.update(hidden)
