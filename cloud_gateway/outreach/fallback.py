"""What becomes of a message that did not leave: tried again, given to the recipient's next way, or ended. Pure.

It stays the same message under the same id, so that the ladder goes on and nobody hears it as a second one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from cloud_gateway.outreach.model import Channel, Recipient
from cloud_gateway.outreach.planning import WAYS, addresses

#: Ways that a message may be taken from. A call that fails asks the next person; a notice is for devices alone.
LEAVABLE = frozenset({Channel.MAIL, Channel.CHAT})


class FailedWay(msgspec.Struct, frozen=True):
    """A way that did not bring a message: from when on it was another's, after how many tries, and whether for good."""

    channel: Channel
    at: int
    error: str
    lasting: bool
    attempts: int


class Trial(NamedTuple):
    """A message whose sending has failed; `attempts` are all so far, `failed` the ways that it was taken from."""

    recipient: Recipient
    channel: Channel
    due_at: int
    attempts: int
    failed: Sequence[FailedWay]

    @property
    def here(self) -> int:
        """Tries by the way that it is on now."""
        return self.attempts - (self.failed[-1].attempts if self.failed else 0)

    @property
    def since(self) -> int:
        """From when on it is to leave by this way, ms UTC."""
        return self.failed[-1].at if self.failed else self.due_at


def next_way(trial: Trial, ways: Collection[Channel], lasting: bool, now: int, patience_ms: int) -> Channel | None:
    """The way that takes the message over; None where it stays on its own.

    A way that refuses for good is left at once, one that is away after `patience_ms`. Where none is left that was not
    tried, and this one has refused for good, the message goes back to one that was only away.
    """
    if trial.channel not in LEAVABLE or not (lasting or now - trial.since >= patience_ms):
        return None
    has = addresses(trial.recipient)
    tried = {trial.channel} | {one.channel for one in trial.failed}
    fresh = [way for way in WAYS if way in ways and has[way] and way not in tried]
    refused = {one.channel for one in trial.failed if one.lasting} | {trial.channel}
    away = [one.channel for one in trial.failed if lasting and one.channel not in refused and has[one.channel]]
    return next(iter((*fresh, *away)), None)
