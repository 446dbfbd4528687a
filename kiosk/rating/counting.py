"""Which press counts: one for each window, by a customer; every other is kept with the reason.

The first reason that holds is the one that is told:

| order | reason                   | holds when                                                     |
|-------|--------------------------|----------------------------------------------------------------|
| 1     | stuck, chatter, mashing  | the key or the hand is in trouble (`buttons`)                  |
| 2     | staff-card               | a clerk's card lies on the reader                              |
| 3     | no-window, repeat, late  | no window is open, it has had its press, it has closed (`windows`) |
"""

from __future__ import annotations

from edge_agent.wire.ratings import Uncounted


def judge(trouble: Uncounted, card: bool, window: Uncounted) -> Uncounted:
    """Why a press does not count; NOT_AT_ALL when it does. `card`: whether a clerk's card lies there."""
    return trouble or (Uncounted.STAFF_CARD if card else Uncounted.NOT_AT_ALL) or window
