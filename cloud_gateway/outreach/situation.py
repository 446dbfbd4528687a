"""What planning looks at: who could be told, what they know, what is on its way, and who has asked for silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from cloud_gateway.outreach.model import Change, Channel, Recipient, SiteChange
from cloud_gateway.warnings.model import Level


class Known(msgspec.Struct, frozen=True):
    """What one recipient has last been told of one event, and by which ways; `at` when, ms UTC.

    Told is also what may have arrived: a message that was tried and not yet acknowledged.
    """

    change: Change
    level: Level
    number: int
    at: int
    channels: frozenset[Channel] = frozenset()


class Pending(msgspec.Struct, frozen=True):
    """A message that has not been sent. `fresh`: it was never tried, so that it can still be made anew."""

    id: str
    recipient: str
    channel: Channel
    step: str
    due_at: int
    fresh: bool
    changes: tuple[SiteChange, ...]


class Silence(msgspec.Struct, frozen=True):
    """Somebody asked for quiet about one event, up to a level."""

    recipient: str
    event: str
    level: Level
    until: int


class Situation(msgspec.Struct, frozen=True):
    """All that planning needs beside the changes; keys of `known` and `silences` are (recipient, event).

    `strangers` are among the recipients for what they have been told already, or nearly: the sites are not theirs.
    """

    recipients: Sequence[Recipient]
    known: Mapping[tuple[str, str], Known] = {}
    pending: Mapping[str, Sequence[Pending]] = {}  # by recipient
    silences: Mapping[tuple[str, str], Silence] = {}
    strangers: frozenset[str] = frozenset()
