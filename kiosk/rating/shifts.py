"""Who is at the counter: cards of clerks on the reader make shifts and breaks. Pure.

| at the counter | card                              | becomes                 |
|----------------|-----------------------------------|-------------------------|
| nobody         | A                                 | A on                    |
| A, on          | A                                 | A on a break            |
| A, on a break  | A, within `AGAIN_S` of leaving    | A off                   |
| A, on a break  | A, later                          | A on                    |
| A              | B                                 | A off, B on             |
| A              | `shift_s` have gone               | A off                   |

A reader says a card's number again and again while the card lies there: that is one reading, and the card is
present until `card_s` after the last of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from edge_agent.rules import NS
from edge_agent.wire.messages import ClerkBadge
from edge_agent.wire.ratings import ShiftState, card_digest

#: A card that comes back so soon after a break began signs off.
AGAIN_S = 15.0
MAX_LINE = 128


class Shift(Struct, frozen=True):
    """A clerk at the counter; `since` ms UTC, for people. Remembered over a restart."""

    clerk: str
    state: ShiftState
    since: int


def find_clerk(key: bytes, line: str, clerks: Sequence[ClerkBadge]) -> str | None:
    """The number of the clerk whose card said `line`; None for a card that nobody here has. `key` is that of cards."""
    if not line.strip() or len(line) > MAX_LINE:
        return None
    card = card_digest(key, line)
    return next((clerk.number for clerk in clerks if clerk.card and clerk.card == card), None)


class Shifts:
    """The shifts of one counter. What has changed is given back, for the record."""

    def __init__(self, card_s: float, shift_s: float, shift: Shift | None = None, mono: int = 0) -> None:
        self._card_ns, self._shift_ns = round(card_s * NS), round(shift_s * NS)
        self.shift = shift
        self._since = mono
        self._card: str = ""
        self._read_at: int | None = None

    @property
    def clerk(self) -> str:
        """Who is at the counter, on a break or not; empty for nobody."""
        return "" if self.shift is None else self.shift.clerk

    def card_present(self, mono: int) -> bool:
        """Whether a clerk's card lies on the reader."""
        return self._read_at is not None and mono - self._read_at < self._card_ns

    def read(self, clerk: str, at: int, mono: int) -> list[Shift]:
        """A clerk's card was read."""
        same = self._card == clerk and self.card_present(mono)
        self._card, self._read_at = clerk, mono
        if same:
            return []
        if self.shift is None:
            return [self._turn(clerk, ShiftState.ON, at, mono)]
        if self.shift.clerk != clerk:
            return [*self._leave(at, mono), self._turn(clerk, ShiftState.ON, at, mono)]
        if self.shift.state is ShiftState.ON:
            return [self._turn(clerk, ShiftState.BREAK, at, mono)]
        if mono - self._since <= AGAIN_S * NS:
            return self._leave(at, mono)
        return [self._turn(clerk, ShiftState.ON, at, mono)]

    def tick(self, at: int, mono: int) -> list[Shift]:
        """Time has gone on: a forgotten shift ends."""
        due = self.due()
        return self._leave(at, mono) if due is not None and mono >= due else []

    def due(self) -> int | None:
        """When `tick` has something to do, mono ns."""
        return None if self.shift is None else self._since + self._shift_ns

    def _turn(self, clerk: str, state: ShiftState, at: int, mono: int) -> Shift:
        self.shift, self._since = Shift(clerk, state, at), mono
        return self.shift

    def _leave(self, at: int, mono: int) -> list[Shift]:
        assert self.shift is not None
        left = self._turn(self.shift.clerk, ShiftState.OFF, at, mono)
        self.shift = None
        return [left]
