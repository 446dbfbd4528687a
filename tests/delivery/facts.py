"""What devices say in a run: facts of every lane, each with bytes of its own, some of them poison."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.storage.facts import Item
from edge_agent.wire.messages import ALARM, HEARTBEAT, READING, ClockQuality
from edge_agent.wire.topics import Lane

#: 2026-01-01T00:00Z, ms UTC: when the imagined clock began.
START = 1_767_225_600_000
#: A stream whose values the series store refuses for good, as InfluxDB does those of another type.
REFUSED_STREAM = "refused"
RULES = ("surge", "flood")
#: Under this a device remembers where its rules stand.
MEMORY = "rule."


@dataclass(frozen=True)
class Value:
    """One value that the series store must hold: ms UTC."""

    stream: str
    at: int
    value: float


@dataclass(frozen=True)
class Fact:
    """An item, and what must become of it: stored, with these values, or refused under `code`."""

    item: Item
    code: str | None = None
    values: tuple[Value, ...] = ()

    @property
    def digest(self) -> str:
        """Of the body; every fact's is its own."""
        return digest(self.item.body)


def digest(body: bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(body).hexdigest()


class Speaker:
    """Thinks of facts for one device, numbered from `first`; `now` gives ms UTC."""

    def __init__(self, lots: random.Random, now: Callable[[], int], first: int) -> None:
        self._lots = lots
        self._now = now
        self._number = first
        self._raised: dict[str, bool] = {}

    def remember(self, memory: dict[str, str]) -> None:
        """Take up where the rules stood when the device died: what its outbox recalls."""
        self._raised = {rule: memory.get(rule) == "raised" for rule in RULES}

    # -- good ones ----------------------------------------------------------------------------------------

    def reading(self) -> Fact:
        """A pack of one to three values."""
        at, number = self._now(), self._next()
        values = [Value("level", at - 250 * i, number + i / 4) for i in range(self._lots.randint(1, 3))]
        pack = [{"n": v.stream, "u": "m", "v": v.value, "t": (v.at - at) / 1000} for v in values]
        return Fact(self._item(Lane.READING, READING, pack, at), None, tuple(values))

    def alarm(self) -> Fact:
        """A rule changes its state; the state is remembered in the same commit."""
        rule = self._lots.choice(RULES)
        self._raised[rule] = not self._raised.get(rule, False)
        state = "raised" if self._raised[rule] else "cleared"
        at = self._now()
        body = {"rule": rule, "stream": "level", "state": state, "value": self._next(), "limit": 1, "unit": "m"}
        return Fact(self._item(Lane.ALARM, ALARM, body | {"since": at}, at)._replace(remember=(MEMORY + rule, state)))

    def record(self) -> Fact:
        """A rating; now and then one so long that it fills most of a frame."""
        words = "满意" * self._lots.choice((1, 5, 5, 20, 12_000))
        return Fact(self._item(Lane.RECORD, "rating/1", {"stars": 4, "number": self._next(), "words": words}))

    def heartbeat(self) -> Fact:
        """How the device is."""
        body = {"depth": {"record": 1}, "oldest_at": None, "uptime_s": self._next()}
        return Fact(self._item(Lane.DIAGNOSTIC, HEARTBEAT, body))

    # -- poison -------------------------------------------------------------------------------------------

    def poison(self) -> Fact:
        """A fact that the gateway must refuse by name, and keep."""
        return self._lots.choice(
            (self._no_pack, self._same_time, self._long_ago, self._unknown, self._refused, self._no_alarm, self._gap)
        )()

    def _no_pack(self) -> Fact:
        return Fact(self._item(Lane.READING, READING, {"not": "a pack", "number": self._next()}), "malformed_reading")

    def _same_time(self) -> Fact:
        pack = [{"n": "level", "u": "m", "v": self._next()}, {"n": "level", "u": "m", "v": self._next()}]
        return Fact(self._item(Lane.READING, READING, pack), "duplicate_time")

    def _long_ago(self) -> Fact:
        return Fact(self._item(Lane.RECORD, "rating/1", {"number": self._next()}, at=1_000), "time_out_of_range")

    def _unknown(self) -> Fact:
        lane = self._lots.choice((Lane.ALARM, Lane.READING))
        return Fact(self._item(lane, "riddle/1", {"number": self._next()}), "unknown_kind")

    def _refused(self) -> Fact:
        return Fact(self._item(Lane.READING, READING, [{"n": REFUSED_STREAM, "u": "m", "v": self._next()}]), "bad_tag")

    def _no_alarm(self) -> Fact:
        return Fact(self._item(Lane.ALARM, ALARM, {"rule": "surge", "number": self._next()}), "malformed_body")

    def _gap(self) -> Fact:
        body = {"reason": "none", "count": 1, "since": 0, "until": 0, "first": self._next()}
        return Fact(self._item(Lane.RECORD, "gap/1", body), "gap_not_allowed")

    # -- parts --------------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _item(self, lane: Lane, kind: str, body: object, at: int | None = None) -> Item:
        at = self._now() if at is None else at
        return Item(lane, kind, json.dumps(body, ensure_ascii=False).encode(), at, ClockQuality.NTP, at * 1_000_000)
