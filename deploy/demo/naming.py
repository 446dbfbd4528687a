"""Which of the missing facts are named by a stored gap: let go on purpose, and said so."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import NamedTuple

from cloud_gateway.backup.store import RESTORED
from deploy.demo.witness import Promise


class Gap(NamedTuple):
    """One row of the gateway's table: `facts` of them from `first` to `last`, 0 where it was not known."""

    device: str
    epoch: str
    lane: str
    reason: str
    facts: int
    first: int
    last: int


def find_named(missing: Set[Promise], gaps: Iterable[Gap], let_go: Set[Promise]) -> set[Promise]:
    """Those of the missing that a gap names, of each gap no more than it counts.

    The gap of a restored gateway says only where it begins; of what comes after it, it names what devices had let go.
    """
    named: set[Promise] = set()
    for gap in gaps:
        if gap.reason == RESTORED:
            named |= {p for p in missing & let_go if _is_of(p, gap) and p.seq >= gap.first}
        elif gap.first:
            within = sorted(p for p in missing - named if _is_of(p, gap) and gap.first <= p.seq <= gap.last)
            named |= set(within[: gap.facts])
    return named


def _is_of(promise: Promise, gap: Gap) -> bool:
    return (promise.device, promise.epoch, promise.lane) == (gap.device, gap.epoch, gap.lane)
