"""Events of services from the counter system or a ticket machine: signed, for this counter, of now, each number once.

The signature is HMAC-SHA256 (RFC 2104) over the request's raw body, in hexadecimal. A number that was used is
remembered for as long as its event would still be young enough; an event is old by this clock where that can be
trusted, else against the newest event that was taken, and always against the newest number that was forgotten: a clock
that was set back opens nothing twice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from edge_agent.wire.messages import Millis, Text
from edge_agent.wire.ratings import Seconds, ServedBy

#: Largest body of an event, bytes.
MAX_EVENT_BYTES = 4096
#: Numbers remembered at most; one counter has far fewer events within any tolerance.
MOST_NUMBERS = 4000


class EventCode(StrEnum):
    """Why an event of a service is refused."""

    UNREADABLE = "unreadable_event"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_COUNTER = "unknown_counter"
    TOO_OLD = "event_too_old"
    TOO_NEW = "event_too_new"
    NUMBER_USED = "number_used"
    TOO_MANY = "too_many_events"


class Refused(Exception):
    """The event changes nothing."""

    def __init__(self, code: EventCode) -> None:
        super().__init__(code.value)
        self.code = code


class ServiceEvent(Struct, frozen=True):
    """A service begins or ends at a counter. `number` is used once; `key` names the key of the signature."""

    counter: Text
    event: Literal["begin", "end"]
    ticket: Text
    number: Annotated[str, Meta(min_length=8, max_length=64)]
    at: Millis
    key: Text
    waited_s: Seconds | None = None


class SharedKey(Struct, frozen=True):
    """A key and what its holder is."""

    secret: bytes
    by: ServedBy


class Used(Struct):
    """What is remembered over restarts: numbers with the times of their events (ms UTC), and the newest forgotten."""

    forgotten: int = 0
    numbers: dict[str, int] = {}


def sign_event(secret: bytes, body: bytes) -> str:
    """The signature of an event's raw body."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def read_event(body: bytes, signature: str, keys: Mapping[str, SharedKey]) -> ServiceEvent:
    """The event, once its signature is known to be right. Raises Refused."""
    if len(body) > MAX_EVENT_BYTES:
        raise Refused(EventCode.UNREADABLE)
    try:
        event = msgspec.json.decode(body, type=ServiceEvent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise Refused(EventCode.UNREADABLE) from exc
    key = keys.get(event.key)
    if key is None:
        raise Refused(EventCode.UNKNOWN_KEY)
    if not hmac.compare_digest(sign_event(key.secret, body).encode(), signature.strip().lower().encode()):
        raise Refused(EventCode.BAD_SIGNATURE)
    return event


def take_number(used: Used, event: ServiceEvent, now_ms: int | None, tolerance_s: float) -> Used:
    """What is remembered once the event is taken; `now_ms` is None without a clock to be trusted. Raises Refused."""
    tolerance = round(tolerance_s * 1000)
    present = max(used.numbers.values(), default=0) if now_ms is None else now_ms
    if event.at < present - tolerance or event.at <= used.forgotten:
        raise Refused(EventCode.TOO_OLD)
    if now_ms is not None and event.at > now_ms + tolerance:
        raise Refused(EventCode.TOO_NEW)
    if event.number in used.numbers:
        raise Refused(EventCode.NUMBER_USED)
    old = [at for at in used.numbers.values() if at < present - tolerance]
    forgotten = max([used.forgotten, *old])
    young = {number: at for number, at in used.numbers.items() if at > forgotten}
    if len(young) >= MOST_NUMBERS:
        raise Refused(EventCode.TOO_MANY)
    return Used(forgotten, young | {event.number: event.at})
