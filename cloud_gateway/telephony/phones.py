"""Telephone numbers without keeping them: their one form, a keyed hash, a mask, and what is suspicious about one; pure.

The hash has a key because numbers are few: without it anybody could hash them all and read the table.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from enum import StrEnum

_DIGITS = re.compile(r"\+?[0-9][0-9 ().-]{4,30}")


class NoPhone(ValueError):
    """The text is no telephone number."""


class Finding(StrEnum):
    """What is wrong with the telephone of a policy's customer."""

    AGENTS_OWN = "agents-own"
    SHARED = "shared"


def tidy_phone(text: str) -> str:
    """A number in one form: digits alone, a Chinese one without its country's code. Raises NoPhone."""
    if not _DIGITS.fullmatch(text.strip()):
        raise NoPhone("a telephone number has digits, spaces and - ( ) . alone")
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) not in range(5, 16):
        raise NoPhone("a telephone number has 5 to 15 digits")
    home = re.fullmatch(r"(?:00)?86(1[3-9][0-9]{9})", digits)
    return home[1] if home else digits.removeprefix("00")


def hash_phone(key: bytes, tidy: str) -> str:
    """What stands for a number in tables: HMAC-SHA256, hex."""
    return hmac.new(key, b"weiran phone 1\n" + tidy.encode(), hashlib.sha256).hexdigest()


def mask_phone(tidy: str) -> str:
    """A number as it may be shown: 138****1234, shorter ones with their last two digits."""
    return f"{tidy[:3]}****{tidy[-4:]}" if len(tidy) >= 11 else f"****{tidy[-2:]}"


def judge_phone(agents: Collection[str], policies: int, most: int) -> list[Finding]:
    """What is found of a customer's number: `agents` have it, too, and so many policies name it."""
    found = [Finding.AGENTS_OWN] if agents else []
    return found + ([Finding.SHARED] if policies > most else [])
