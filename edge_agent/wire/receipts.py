"""The receipt of a record as text, and the secret that opens its row of the count: how both are written and read.

A receipt repeats what the device has signed of the record; it does not say what was pressed. The secret is shown apart
from it, once.
"""

from __future__ import annotations

import base64
import binascii
from itertools import pairwise

import msgspec
from msgspec import Struct

from edge_agent.wire.ratings import SECRET_BYTES

PREFIX = "WR1."
#: Crockford's base 32: no I, L, O or U, so that nobody misreads one.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {letter: place for place, letter in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
SECRET_LETTERS = 26
GROUP = 5


class Receipt(Struct, frozen=True, omit_defaults=True):
    """Device, epoch, seq, kind, at (ms UTC), SHA-256 of the body (hex), signature (base64), checkpoint (C2SP note)."""

    d: str
    e: str
    s: int
    k: str
    a: int
    b: str
    g: str
    c: str = ""


class ReceiptError(ValueError):
    """The text is no receipt, or no secret."""


def write_receipt(receipt: Receipt) -> str:
    """The receipt as text."""
    return PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(receipt)).rstrip(b"=").decode()


def read_receipt(text: str) -> Receipt:
    """The receipt that a text holds. Raises ReceiptError."""
    if not text.startswith(PREFIX):
        raise ReceiptError(f"a receipt begins with {PREFIX}")
    encoded = text.removeprefix(PREFIX)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=Receipt)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError) as exc:
        raise ReceiptError("the receipt is damaged") from exc


def write_secret(secret: bytes) -> str:
    """16 bytes as 26 letters in groups, to be kept apart from the receipt."""
    number = int.from_bytes(secret, "big")
    letters = "".join(ALPHABET[number >> (5 * place) & 31] for place in reversed(range(SECRET_LETTERS)))
    cuts = [*range(0, SECRET_LETTERS - GROUP, GROUP), SECRET_LETTERS]
    return " ".join(letters[start:end] for start, end in pairwise(cuts))


def read_secret(text: str) -> bytes:
    """The secret in a text, however it is grouped or cased. Raises ReceiptError."""
    letters = [letter for letter in text.upper() if letter not in " -\n"]
    if len(letters) != SECRET_LETTERS or any(letter not in _READ for letter in letters):
        raise ReceiptError(f"a secret has {SECRET_LETTERS} letters and digits, without U")
    number = 0
    for letter in letters:
        number = number << 5 | _READ[letter]
    if number >> (8 * SECRET_BYTES):
        raise ReceiptError("no secret begins like that")
    return number.to_bytes(SECRET_BYTES, "big")
