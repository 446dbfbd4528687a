"""The nouns of outreach: a hazard event at a site, its changes, people, and the messages made for them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cloud_gateway.warnings.model import Level


class Change(StrEnum):
    """What happened to the event of one site and one hazard; each is told once."""

    ADVICE = "advice"
    RAISED = "raised"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"  # our own gauge at the site has reached its threshold


class Channel(StrEnum):
    """A way to a person or to a device."""

    MAIL = "mail"
    CHAT = "chat"  # an apprise address
    NOTICE = "notice"  # MQTT, to the devices on site
    CALL = "call"  # by hand


class MessageState(StrEnum):
    """Where a message stands; ANSWERED and FAILED end it, and SUPERSEDED when a newer change overtook it unsent."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class SiteChange(msgspec.Struct, frozen=True):
    """One change of the event of one site and hazard. `priority` ranks sites: larger first.

    `onset` (ms UTC) is when the hazard is to begin, as far as it is known; `simulated` changes are told to no customer.
    """

    event: str  # id of hazard_event
    number: int  # of this change within the event, from 1: (event, number) is told at most once to each recipient
    site: str
    hazard: str
    change: Change
    level: Level
    at: int
    priority: float = 0.0
    onset: int | None = None
    simulated: bool = False


class Recipient(msgspec.Struct, frozen=True):
    """Somebody who is told. `address` by channel; quiet hours are minutes of the day in `zone`, end exclusive.

    A change of `breaks_quiet` level or above is told in quiet hours too; what is held back goes out when they end.
    """

    id: str
    name: str
    role: str  # risk-engineer, customer, branch, rescue
    language: str  # zh-Hans or en
    zone: str
    sites: tuple[str, ...]
    mail: str = ""
    chat: str = ""
    phone: str = ""
    device: str = ""
    quiet_from_min: int | None = None
    quiet_to_min: int | None = None
    breaks_quiet: Level = Level.EXTREME
    least: Level = Level.MINOR  # nothing below it
    hazards: tuple[str, ...] = ()  # empty: all


class Message(msgspec.Struct, frozen=True):
    """One message to one recipient about one hazard and change, with its sites ranked.

    `id` is made when it is planned and never again: it is the Message-ID, the token's owner and the sink's key.
    """

    id: str
    recipient: str
    channel: Channel
    hazard: str
    change: Change
    level: Level
    sites: tuple[str, ...]
    changes: tuple[tuple[str, int], ...]  # (event, number) that it tells
    due_at: int
    step: str = ""  # of the ladder; "" for the first word
    answer_by: int | None = None  # after it the next person is asked
    simulated: bool = False
