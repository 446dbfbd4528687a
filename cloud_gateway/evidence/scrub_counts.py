"""Whether what was counted is what was said: each row of the count beside the rating it counts. Pure.

Between its entry and its batch a rating waits in a table that nobody signs. Here it is found when a score was changed
there, a rating was put in, or one was taken out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from cloud_gateway.ratings.commitments import read_commitment
from edge_agent.wire.ratings import RATING, RatingBody

Body = Mapping[str, object]
_ratings = msgspec.json.Decoder(RatingBody)


class Fault(NamedTuple):
    """A row, or a rating without one; `place` is the entry concerned."""

    place: int
    code: str
    detail: str


class _Said(NamedTuple):
    """A rating: the entry it stands in, its terminal's window (none elsewhere), and what its row has to say."""

    place: int
    window: tuple[str, str] | None
    facts: Body


class Counts:
    """The ratings and rows of one log; they are shown in the log's order, and a row after its rating."""

    def __init__(self) -> None:
        self._said: dict[str, _Said] = {}
        self._rows: set[str] = set()
        self._unread = 0  # ratings by telephone whose text was erased, or is told of as altered or missing

    def hear_record(self, place: int, device: str, kind: str, body: bytes) -> None:
        """A stored record that is what its entry says."""
        if kind != RATING:
            return
        try:
            r = _ratings.decode(body)
        except msgspec.DecodeError:
            return  # it does not count
        wait = None if r.waited_s is None else r.waited_s // 60 * 60
        facts = {"channel": "counter", "scale": r.scale, "score": r.score, "counter": r.counter, "clerk": r.clerk}
        if r.score <= r.scale:
            self._said.setdefault(r.count, _Said(place, (device, r.window), {**facts, "wait_s": wait}))

    def hear_rating(self, place: int, body: Body) -> None:
        """The entry of a rating on the web."""
        names = ("channel", "scale", "score", "station", "stage")
        self._said.setdefault(str(body["count"]), _Said(place, None, {name: body[name] for name in names}))

    def hear_call(self, place: int, text: str | None) -> None:
        """The entry of a rating by telephone, with the text that it commits to; None for one that cannot be read."""
        try:
            said = None if text is None else read_commitment(text)
        except msgspec.DecodeError:
            said = None
        if said is None:
            self._unread += 1
        else:
            self._said.setdefault(said.id, _Said(place, None, said.facts))

    def judge(self, place: int, rows: Sequence[Body]) -> Iterator[Fault]:
        """What is wrong with the rows of a `count` entry."""
        for row in rows:
            count = str(row["id"])
            said = self._said.get(count)
            if count in self._rows:
                yield Fault(place, "count-twice", f"row {count} was counted before")
            elif said is None and row["channel"] == "phone" and self._unread:
                self._unread -= 1
            elif said is None:
                yield Fault(place, "count-foreign", f"row {count}: no stored rating is counted by it")
            elif differing := [name for name, value in said.facts.items() if row[name] != value]:
                yield Fault(place, "count-altered", f"row {count} is not what entry {said.place} says: {differing}")
            self._rows.add(count)

    def find_lost(self, waiting: Collection[str], upto: int) -> Iterator[Fault]:
        """Ratings that were taken, as all below the place `upto` were, and neither are counted nor wait for it.

        Of one window the first alone counts.
        """
        kept = self._rows.union(waiting)
        windows = {said.window for count, said in self._said.items() if count in kept}
        for count, said in self._said.items():
            taken = said.window is None or said.place < upto
            if taken and count not in kept and (said.window is None or said.window not in windows):
                yield Fault(said.place, "count-lost", f"the rating {count} is neither counted nor waits to be")
