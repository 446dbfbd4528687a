"""A set of sequence numbers kept as ``upto`` and sparse ranges above it: the ledger's arithmetic.

Sequence numbers begin at 1. ``upto`` = n says that 1..n are all in the set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


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
        return seq <= self.upto or any(r.first <= seq <= r.last for r in self.sparse)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and (self.upto, self.sparse) == (other.upto, other.sparse)

    __hash__ = None  # type: ignore[assignment]  # mutable, so unhashable

    def __repr__(self) -> str:
        return f"Ranges({self.upto}, {[tuple(r) for r in self.sparse]})"

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
        apart_below = [r for r in self.sparse if r.last < first - 1]
        apart_above = [r for r in self.sparse if r.first > last + 1]
        touching = self.sparse[len(apart_below) : len(self.sparse) - len(apart_above)]
        joined = Range(min([first, *(r.first for r in touching)]), max([last, *(r.last for r in touching)]))
        self.sparse = [*apart_below, joined, *apart_above]

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
