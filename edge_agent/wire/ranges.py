"""A set of sequence numbers kept as ``upto`` and sparse ranges above it: the ledger's arithmetic.

Sequence numbers begin at 1. ``upto`` = n says that 1..n are all in the set.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

_first, _last = itemgetter(0), itemgetter(1)


class Range(NamedTuple):
    """An inclusive range of sequence numbers."""

    first: int
    last: int


class Ranges:
    """A mutable set of positive integers, in the two-part form that the wire and the ledger use."""

    __slots__ = ("sparse", "upto")

    def __init__(self, upto: int = 0, sparse: Iterable[tuple[int, int]] = ()) -> None:
        self.upto = upto
        self.sparse: list[Range] = []
        for first, last in sparse:
            self.add(first, last)

    def __contains__(self, seq: int) -> bool:
        if seq <= self.upto:
            return True
        place = bisect_left(self.sparse, seq, key=_last)
        return place < len(self.sparse) and self.sparse[place].first <= seq

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and (self.upto, self.sparse) == (other.upto, other.sparse)

    __hash__ = None  # type: ignore[assignment]  # mutable, so unhashable

    def __repr__(self) -> str:
        return f"Ranges({self.upto}, {[tuple(r) for r in self.sparse]})"

    def copy(self) -> Ranges:
        """A set of the same numbers, which changes by itself."""
        twin = Ranges(self.upto)
        twin.sparse = self.sparse.copy()
        return twin

    def add(self, first: int, last: int) -> None:
        """Put first..last in the set, joining what touches."""
        if not 1 <= first <= last:
            raise ValueError(f"range {first}..{last} is not positive and rising")
        if first <= self.upto + 1:
            self.upto = max(self.upto, last)
        else:
            self._insert(first, last)
        while self.sparse and self.sparse[0].first <= self.upto + 1:
            self.upto = max(self.upto, self.sparse.pop(0).last)

    def _insert(self, first: int, last: int) -> None:
        low = bisect_left(self.sparse, first - 1, key=_last)
        high = bisect_right(self.sparse, last + 1, key=_first)
        touching = self.sparse[low:high]
        if touching:
            first, last = min(first, touching[0].first), max(last, touching[-1].last)
        self.sparse[low:high] = [Range(first, last)]

    def update(self, seqs: Iterable[int]) -> None:
        """Put every number of `seqs` (rising) in the set."""
        for first, last in runs(seqs):
            self.add(first, last)


def runs(seqs: Iterable[int]) -> Iterator[Range]:
    """Group rising numbers into runs: 1, 2, 3, 7 gives 1..3 and 7..7."""
    first = last = 0
    for seq in seqs:
        if first and seq == last + 1:
            last = seq
            continue
        if first:
            yield Range(first, last)
        first = last = seq
    if first:
        yield Range(first, last)
