"""What a message's words are made from: its sites ranked, and the official warnings behind them, unchanged."""

from __future__ import annotations

import msgspec

from cloud_gateway.outreach.model import Change, Recipient
from cloud_gateway.warnings.model import Alert, Level


class TaskFact(msgspec.Struct, frozen=True):
    """A step of the site's emergency plan that is to be done by `due_at` (ms UTC).

    `owner` is a role or somebody's name. `unsafe`: nobody may go out for it any more.
    """

    text: str
    text_zh: str
    owner: str
    due_at: int
    unsafe: bool = False


class Measurement(msgspec.Struct, frozen=True):
    """What our own gauge had when it reached its threshold, `at` in ms UTC; `incomplete`: at least so much."""

    rule: str
    stream: str
    value: float
    limit: float
    unit: str
    at: int
    incomplete: bool = False


class SiteFact(msgspec.Struct, frozen=True):
    """One site of a message. `warning` is the id of an `Official`, "" where only our own gauge speaks.

    `cause` is what set the change off: a warning's id, or device and rule of our own gauge. `reasons` stand behind
    the priority: (rule, weight, text).
    """

    event: str
    site: str
    code: str
    name: str
    name_zh: str
    zone: str
    change: Change
    level: Level
    at: int
    onset: int | None
    priority: float
    reasons: tuple[tuple[str, float, str], ...]
    cause: str
    warning: str
    tasks: tuple[TaskFact, ...] = ()
    measured: Measurement | None = None


class Official(msgspec.Struct, frozen=True):
    """An official warning: the newest message of its chain, and where the chain stands."""

    id: str
    alert: Alert
    state: str
    ends: int | None
    unconfirmed_since: int | None


class Facts(msgspec.Struct, frozen=True):
    """All that one message tells. `link` is where it is answered, "" without; `at` when the message was made."""

    recipient: Recipient
    sites: tuple[SiteFact, ...]
    warnings: tuple[Official, ...]
    link: str
    at: int
