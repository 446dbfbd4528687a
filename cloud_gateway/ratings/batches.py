"""Which ratings are released together, and what their entries say: no row may be tied to one customer's receipt. Pure.

The log holds, at its own time, an entry for each rating's record, without the score. A row that came alone after such
an entry would be that rating's, and a clerk's only row what one customer thinks of him. So an entry holds k or more
rows of each counter and of each clerk that it names; what is fewer waits, over the end of its day, for later ones. Rows
that have waited too long are released in an entry of their own. Rows stand by their random ids, which say nothing of
the order they came in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cloud_gateway.evidence.entries import Entry

#: Rows of one entry: at their longest they are still no more than an entry may have (`entries.MAX_BYTES`). A larger
#: release is several entries, one directly after the other.
MOST_ROWS = 500
DAY_MS = 86_400_000


class Cell(NamedTuple):
    """The rows of one channel, counter and clerk; `clerk` empty: nobody had signed on."""

    station: str
    channel: str
    counter: str
    clerk: str

    @property
    def wholes(self) -> list[tuple[str, ...]]:
        """What must have k rows in an entry: the counter, and the clerk at this station."""
        counter = (self.station, self.channel, "counter", self.counter)
        return [counter, (self.station, self.channel, "clerk", self.clerk)] if self.clerk else [counter]


class Waiting(NamedTuple):
    """A rating that waits for its batch; at `due_at` (ms UTC) the local day on which it came is over."""

    id: str
    scale: int
    score: int
    station: str
    counter: str
    clerk: str
    channel: str
    stage: str
    day: str
    wait_s: int | None
    due_at: int

    @property
    def cell(self) -> Cell:
        """Where it belongs."""
        return Cell(self.station, self.channel, self.counter, self.clerk)


class Served(NamedTuple):
    """A service whose day is over; `why_not` is empty when the customer was invited."""

    station: str
    counter: str
    clerk: str
    day: str
    invited: bool
    answered: bool
    why_not: str


def too_old(now: int, days: int) -> int:
    """Rows whose day was over by this moment (ms UTC) have waited `days` since then, and wait no longer."""
    return now - days * DAY_MS


def find_ripe(counts: Mapping[Cell, int], k: int) -> frozenset[Cell]:
    """The cells that are released now, by how many rows wait in each: k of each of their counters and clerks.

    Cells of a counter or clerk with fewer are left out, until none is: without them another may have too few.
    """
    ripe = frozenset(counts)
    while True:
        rows: Counter[tuple[str, ...]] = Counter()
        for cell in ripe:
            rows.update(dict.fromkeys(cell.wholes, counts[cell]))
        enough = frozenset(cell for cell in ripe if min(rows[whole] for whole in cell.wholes) >= k)
        if enough == ripe:
            return ripe
        ripe = enough


def choose_batches(waiting: Sequence[Waiting], k: int, old: int) -> list[list[Waiting]]:
    """The ratings that are released now, entry by entry: of each station and channel what is ripe, and what is old.

    Old are those whose day was over at `old` (ms UTC) or before.
    """
    ripe = find_ripe(Counter(one.cell for one in waiting), k)
    groups: dict[tuple[str, str, bool], list[Waiting]] = defaultdict(list)
    for one in waiting:
        if one.cell in ripe or one.due_at <= old:
            groups[one.station, one.channel, one.cell in ripe].append(one)
    batches = [sorted(group) for _, group in sorted(groups.items())]
    return [batch[first : first + MOST_ROWS] for batch in batches for first in range(0, len(batch), MOST_ROWS)]


def count_entry(batch: Iterable[Waiting]) -> Entry:
    """The `count` entry of a batch."""
    rows = [{name: value for name, value in one._asdict().items() if name != "due_at"} for one in sorted(batch)]
    return Entry("count", {"rows": rows})


def service_entries(served: Iterable[Served]) -> Mapping[tuple[str, str, str, str], Entry]:
    """A `service-day` entry for each station, counter, clerk and local day. Entries of one day are to be added up."""
    groups: dict[tuple[str, str, str, str], list[Served]] = defaultdict(list)
    for one in served:
        groups[one.station, one.counter, one.clerk, one.day].append(one)
    return {key: _service_entry(key, group) for key, group in sorted(groups.items())}


def _service_entry(key: tuple[str, str, str, str], group: Sequence[Served]) -> Entry:
    station, counter, clerk, day = key
    return Entry(
        "service-day",
        {
            "station": station,
            "counter": counter,
            "clerk": clerk,
            "day": day,
            "served": len(group),
            "invited": sum(one.invited for one in group),
            "answered": sum(one.answered for one in group),
            "not_invited": dict(Counter(one.why_not for one in group if not one.invited)),
        },
    )
