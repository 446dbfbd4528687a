"""What devices said and were promised, as an observer outside of them wrote it down."""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.wire.messages import GAP
from edge_agent.wire.topics import Lane
from tests.delivery.facts import Fact, digest


class Key(NamedTuple):
    """The identity of a fact."""

    device: str
    epoch: str
    lane: str
    seq: int

    def __str__(self) -> str:
        return f"{self.device} {self.lane} {self.seq}"


class Book:
    """The witness of one run. `findings` are what is wrong, in words."""

    def __init__(self) -> None:
        self.said: dict[str, Fact] = {}
        self.promised: dict[Key, str] = {}
        self.put = 0
        self.findings: list[str] = []

    def say(self, fact: Fact) -> Fact:
        """A device is about to put or offer it."""
        assert fact.digest not in self.said
        self.said[fact.digest] = fact
        return fact

    def returned(self, device: str, epoch: str, fact: Fact, seq: int) -> None:
        """`put` has returned."""
        self.put += 1
        self._promise(Key(device, epoch, fact.item.lane.value, seq), fact.digest)

    def committed(self, device: str, epoch: str, lane: Lane, seq: int, kind: str, body: bytes) -> None:
        """The outbox says that it is on disk; of a sample and of a gap that is the promise."""
        written = digest(body)
        if written not in self.said and (kind, lane) != (GAP, Lane.READING):
            self.findings.append(f"{device} {lane.value} {seq} was never said")
        self._promise(Key(device, epoch, lane.value, seq), written)

    def _promise(self, key: Key, written: str) -> None:
        known = self.promised.setdefault(key, written)
        if known != written:
            self.findings.append(f"{key} was given to two facts")
