"""Which ratings are released together, and what their entries say: no row may be tied to one customer's receipt. Pure.

The log holds, at its own time, an entry for each rating's record, without the score. A row that came alone after such
an entry would be that rating's. So the rows of a counter wait until there are k of them, or until the local day on
which they came is over; an entry holds its rows by their random ids, which say nothing of the order they came in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cloud_gateway.evidence.entries import Entry

#: Rows of one entry.
MOST_ROWS = 5000


class Waiting(NamedTuple):
    """A rating that waits for its batch; from `due_at` (ms UTC) on it is released even alone."""

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


class Served(NamedTuple):
    """A service whose day is over; `why_not` is empty when the customer was invited."""

    station: str
    counter: str
    clerk: str
    day: str
    invited: bool
    answered: bool
    why_not: str


def choose_batches(waiting: Sequence[Waiting], k: int, now: int) -> list[list[Waiting]]:
    """The ratings that are released now, entry by entry: k of one counter and channel, or all of a day that is over."""
    groups: dict[tuple[str, str, str], list[Waiting]] = defaultdict(list)
    for one in waiting:
        groups[one.station, one.counter, one.channel].append(one)
    over: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    batches: list[list[Waiting]] = []
    for (station, _, channel), group in sorted(groups.items()):
        if len(group) >= k:
            batches.append(group)
        else:
            over[station, channel] += [one for one in group if one.due_at <= now]
    batches += [group for group in over.values() if group]
    return [
        batch[first : first + MOST_ROWS] for batch in map(sorted, batches) for first in range(0, len(batch), MOST_ROWS)
    ]


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
