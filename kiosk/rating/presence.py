"""Whether somebody stands at the counter, how long, and who was there without a service: walk-ups, estimated. Pure."""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.rules import NS
from kiosk.rating.windows import Moment

#: Longer nobody stands at a counter before a service.
MOST_WAIT_S = 4 * 3600


class WalkUp(NamedTuple):
    """Somebody stood at the counter for so long that a service is likely, and none was heard of; ms UTC."""

    came_at: int
    left_at: int


class Presence:
    """What the presence sensor says. `here` is None where there is no sensor."""

    def __init__(self, walk_up_s: float, gone_s: float, *, sensor: bool) -> None:
        self._walk_up_ns, self._gone_ns = round(walk_up_s * NS), round(gone_s * NS)
        self._came: Moment | None = None
        self._quiet: Moment | None = None
        self._served = False
        self.here: bool | None = False if sensor else None

    def edge(self, active: bool, now: Moment) -> None:
        """The sensor has changed."""
        if not active:
            self._quiet = now if self._came is not None else None
            return
        self._quiet = None
        if self._came is None:
            self._came, self._served, self.here = now, False, True

    def note_service(self) -> None:
        """A service was heard of: whoever stands here is being served."""
        self._served = True

    def waited_s(self, now: Moment) -> int | None:
        """How long whoever stands here has been there, s; None when nobody is known to, or the sensor is stuck."""
        if self._came is None:
            return None
        waited_s = (now.mono - self._came.mono) // NS
        return waited_s if waited_s <= MOST_WAIT_S else None

    def tick(self, now: Moment) -> list[WalkUp]:
        """Time has gone on; `now` is also when it is known that somebody has left."""
        due = self.due()
        if due is None or now.mono < due or self._came is None or self._quiet is None:
            return []
        came, left, served = self._came, self._quiet, self._served
        self._came = self._quiet = None
        self.here = False
        stayed = left.mono - came.mono >= self._walk_up_ns
        return [WalkUp(came.at, left.at)] if stayed and not served else []

    def due(self) -> int | None:
        """When `tick` has something to do, mono ns."""
        return None if self._quiet is None else self._quiet.mono + self._gone_ns
