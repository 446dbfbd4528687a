"""Who may say what on the wire, as one table: the broker's access list and the documentation are made from it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from edge_agent.wire.topics import Lane, Leaf


class Way(StrEnum):
    """The direction of a topic; whoever is at its other end may not publish on it."""

    UP = "device to gateway"
    DOWN = "gateway to device"


class Right(NamedTuple):
    """One topic under each device's root: its direction, and whether its messages are retained."""

    part: Lane | Leaf
    way: Way
    retained: bool


RIGHTS = (
    *(Right(lane, Way.UP, retained=False) for lane in Lane),
    Right(Leaf.PRESENCE, Way.UP, retained=True),
    Right(Leaf.BIRTH, Way.UP, retained=True),
    Right(Leaf.REPORTED, Way.UP, retained=True),
    Right(Leaf.ACK, Way.DOWN, retained=False),
    Right(Leaf.NOTICE, Way.DOWN, retained=True),
    Right(Leaf.DESIRED, Way.DOWN, retained=True),
)
