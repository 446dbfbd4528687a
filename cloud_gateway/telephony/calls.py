"""What a telephone system sends at the end of a call, and whether it is taken: signed, of now, each number once. Pure.

The signature is HMAC-SHA256 (RFC 2104) over the request's raw body, in hexadecimal, as at a counter's terminal.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from edge_agent.wire.messages import Millis

SIGNATURE = "Weiran-Signature"
Short = Annotated[str, Meta(max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class Code(StrEnum):
    """Why a message is refused."""

    NOT_SET_UP = "telephony_not_set_up"
    UNREADABLE = "unreadable_call"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    TOO_OLD = "call_too_old"
    TOO_NEW = "call_too_new"
    NUMBER_USED = "number_used"
    RATED_ALREADY = "call_rated_already"
    NO_CALL_BACK = "no_call_back"


class Refused(Exception):
    """The message changes nothing."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.value)
        self.code = code


class Ended(Struct, frozen=True):
    """A call at whose end a rating was asked for. `call` is its id there; `call_back` the id of the one it answers."""

    number: Annotated[str, Meta(min_length=8, max_length=64)]
    at: Millis
    key: Name
    call: Name
    purpose: Literal["consultation", "call-back"]
    digits: Annotated[str, Meta(max_length=16, pattern=r"^[0-9*#]*\Z")]
    hung_up: bool
    clerk: Short = ""
    station: Short = ""
    call_back: Short = ""
    simulated: bool = False


def sign_call(secret: bytes, body: bytes) -> str:
    """The signature of a raw body."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def read_call(body: bytes, signature: str, name: str, secret: bytes) -> Ended:
    """The message, once its signature is known to be right. Raises Refused."""
    if not hmac.compare_digest(sign_call(secret, body).encode(), signature.strip().lower().encode()):
        raise Refused(Code.BAD_SIGNATURE)
    try:
        ended = msgspec.json.decode(body, type=Ended)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise Refused(Code.UNREADABLE) from exc
    if ended.key != name:
        raise Refused(Code.UNKNOWN_KEY)
    return ended


def check_time(ended: Ended, now: int, tolerance_s: int) -> None:
    """Raises Refused for a message that is not of now (ms UTC)."""
    if ended.at < now - tolerance_s * 1000:
        raise Refused(Code.TOO_OLD)
    if ended.at > now + tolerance_s * 1000:
        raise Refused(Code.TOO_NEW)
