"""Which readings of a stretch can go when the outbox is full: of each stream's minute, the least, the greatest and the
last value stay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge_agent.wire.messages import READING
from edge_agent.wire.senml import Entry, decode_pack

MINUTE_MS = 60_000


class Stretch(NamedTuple):
    """A row as thinning sees it; `at` ms UTC."""

    seq: int
    kind: str
    at: int
    boot: str
    body: bytes


class _Minute:
    """What stays of one stream's minute: (value, seq) of the least and the greatest, seq of the last."""

    __slots__ = ("greatest", "last", "least")

    def __init__(self, value: float, seq: int) -> None:
        self.least = self.greatest = (value, seq)
        self.last = seq

    def add(self, value: float, seq: int) -> None:
        if value < self.least[0]:
            self.least = (value, seq)
        if value > self.greatest[0]:
            self.greatest = (value, seq)
        self.last = seq


def choose_kept(rows: Iterable[Stretch]) -> set[int]:
    """The seqs that stay. What is no reading stays, and so does a reading whose values have no order (texts)."""
    kept: set[int] = set()
    minutes: dict[tuple[str, str, int], _Minute] = {}
    for row in rows:
        entries = _read(row)
        if entries is None:
            kept.add(row.seq)
            continue
        for name, at, value in entries:
            key = (row.boot, name, at // MINUTE_MS)
            minute = minutes.get(key)
            if minute is None:
                minutes[key] = _Minute(value, row.seq)
            else:
                minute.add(value, row.seq)
    for minute in minutes.values():
        kept |= {minute.least[1], minute.greatest[1], minute.last}
    return kept


def _read(row: Stretch) -> list[tuple[str, int, float]] | None:
    """(stream, ms UTC, value) of each entry; None when the row is to be left alone."""
    if row.kind != READING:
        return None
    try:
        pack = decode_pack(row.body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    values = [_number(entry) for entry in pack]
    return [(e.n, row.at + int(e.t * 1000), v) for e, v in zip(pack, values, strict=True) if v is not None] or None


def _number(entry: Entry) -> float | None:
    return entry.v if entry.v is not None else entry.vb
