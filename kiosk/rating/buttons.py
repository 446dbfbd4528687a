"""From raw edges of contacts to presses: bounce, chatter, stuck keys, two keys at once, mashing.

Pure: times are monotonic ns. A press is a contact that has held; what was wrong with it stands beside it.

| seen                                                | said of the press | until                              |
|-----------------------------------------------------|-------------------|------------------------------------|
| closed for `hold_s`                                 | nothing           |                                    |
| down for `stuck_s`                                  | stuck             | it has been up for `recover_s`     |
| more than `chatter_edges` changes within a second   | chatter           | `recover_s` without more           |
| another key went down within `together_s`           | mashing           |                                    |
| the `mash_presses`th within `mash_s`, any keys      | mashing           |                                    |
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.rules import NS, Debounce, Flutter
from edge_agent.wire.ratings import Uncounted
from kiosk.settings import KeySettings

CHATTER_WINDOW_S = 1.0
#: Of a key in trouble one press is told in this time: a loose contact makes thousands.
TROUBLE_GAP_S = 1.0


class Press(NamedTuple):
    """A press of the key of score `button`, seen at `mono` ns; `trouble` says why it cannot count."""

    button: int
    mono: int
    trouble: Uncounted = Uncounted.NOT_AT_ALL


class Key:
    """One contact."""

    def __init__(self, rules: KeySettings) -> None:
        self._rules = rules
        self._debounce = Debounce(rules.hold_s, stable=False)
        self._flutter = Flutter(CHATTER_WINDOW_S, most=1000)
        self._edge_at = self._settled_at = self._chattered_at = 0
        self.closed = False
        self.stuck = self.chatters = False

    def edge(self, active: bool, mono: int) -> None:
        """The contact has changed."""
        if active == self.closed:
            return
        self.closed, self._edge_at = active, mono
        self._debounce.edge(active, mono)
        self._flutter.edge(mono)
        if self._flutter.count(mono) > self._rules.chatter_edges:
            self.chatters, self._chattered_at = True, mono

    def settle(self, mono: int) -> bool:
        """Judge the contact by now; whether it has been pressed since it was last asked."""
        changed = self._debounce.settle(mono)
        if changed:
            self._settled_at = mono
        held_ns = mono - self._settled_at
        if self._debounce.stable and not changed and held_ns >= self._rules.stuck_s * NS:
            self.stuck = True
        elif not self._debounce.stable and self.stuck and held_ns >= self._rules.recover_s * NS:
            self.stuck = False
        if self.chatters and mono - self._chattered_at >= self._rules.recover_s * NS:
            self.chatters = False
        return changed and self._debounce.stable

    def due(self) -> int | None:
        """When `settle` has something to say, mono ns."""
        waits = []
        if self.closed != self._debounce.stable:
            waits.append(self._edge_at + _ns(self._rules.hold_s))
        elif self.closed != self.stuck:
            waits.append(self._settled_at + _ns(self._rules.stuck_s if self.closed else self._rules.recover_s))
        if self.chatters:
            waits.append(self._chattered_at + _ns(self._rules.recover_s))
        return min(waits, default=None)

    def closed_since(self, mono: int) -> bool:
        """Whether the contact has closed after `mono`, and is closed."""
        return self.closed and self._edge_at >= mono

    @property
    def trouble(self) -> Uncounted:
        """What is wrong with the key now."""
        if self.stuck:
            return Uncounted.STUCK
        return Uncounted.CHATTER if self.chatters else Uncounted.NOT_AT_ALL


class Keys:
    """All keys of a terminal, and the screen's beside them. Keys are named by their score, from 1."""

    def __init__(self, count: int, rules: KeySettings) -> None:
        self._rules = rules
        self._keys = {score: Key(rules) for score in range(1, count + 1)}
        self._presses: deque[int] = deque(maxlen=rules.mash_presses)
        self._told: dict[int, int] = {}

    def edge(self, button: int, active: bool, mono: int) -> None:
        """A contact has changed."""
        self._keys[button].edge(active, mono)

    def settle(self, mono: int) -> list[Press]:
        """The presses that have settled by now."""
        pressed = [score for score, key in self._keys.items() if key.settle(mono)]
        found = [Press(score, mono, self._judge(score, mono)) for score in pressed]
        return [press for press in found if self._is_told(press)]

    def touch(self, button: int, mono: int) -> Press:
        """A press on the screen: no contact, no bounce."""
        return Press(button, mono, self._mashing(mono))

    def due(self) -> int | None:
        """When `settle` has something to say, mono ns."""
        return min((due for key in self._keys.values() if (due := key.due()) is not None), default=None)

    def troubles(self) -> dict[int, Uncounted]:
        """What is wrong with which key now."""
        return {score: key.trouble for score, key in self._keys.items() if key.trouble}

    def _judge(self, score: int, mono: int) -> Uncounted:
        mashing = self._mashing(mono)
        if trouble := self._keys[score].trouble:
            return trouble
        since = mono - _ns(self._rules.together_s + self._rules.hold_s)
        others: Sequence[Key] = [key for other, key in self._keys.items() if other != score]
        return Uncounted.MASHING if any(key.closed_since(since) for key in others) else mashing

    def _mashing(self, mono: int) -> Uncounted:
        self._presses.append(mono)
        full = len(self._presses) == self._rules.mash_presses
        fast = mono - self._presses[0] <= self._rules.mash_s * NS
        return Uncounted.MASHING if full and fast else Uncounted.NOT_AT_ALL

    def _is_told(self, press: Press) -> bool:
        if press.trouble not in {Uncounted.STUCK, Uncounted.CHATTER}:
            return True
        last = self._told.get(press.button)
        if last is not None and press.mono - last < TROUBLE_GAP_S * NS:
            return False
        self._told[press.button] = press.mono
        return True


def _ns(seconds: float) -> int:
    return round(seconds * NS)
