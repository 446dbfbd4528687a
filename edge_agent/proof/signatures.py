"""Signatures of records: Ed25519 (RFC 8032) over what makes a record that record, so that nobody else can have said it.

The message is lines of ASCII: a domain string that no other use of the key begins with, device, epoch, lane, seq, kind,
at, and the SHA-256 of the body. No field can hold a line feed, so that no two records have one message. Ed25519 is
deterministic: a record that is signed again has the same signature.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge_agent.proof.digest import digest
from edge_agent.wire.topics import Lane

DOMAIN = "weiran record 1"
#: Lanes whose records must be signed.
SIGNED = frozenset({Lane.ALARM, Lane.RECORD})


class Statement(NamedTuple):
    """What a signature vouches for. `at` ms UTC as the device said it, `body` its bytes as they travel."""

    device: str
    epoch: str
    lane: Lane
    seq: int
    kind: str
    at: int
    body: bytes


def signed_message(statement: Statement) -> bytes:
    """The bytes that are signed. Raises ValueError for a field with a line feed or outside ASCII."""
    s = statement
    return digested_message(s.device, s.epoch, s.lane, s.seq, s.kind, s.at, digest(s.body))


def digested_message(device: str, epoch: str, lane: Lane, seq: int, kind: str, at: int, body_sha256: str) -> bytes:
    """The same bytes from the body's digest (hex) alone, as receipts have it. Raises ValueError as `signed_message`."""
    fields = (DOMAIN, device, epoch, lane.value, str(seq), kind, str(at), body_sha256)
    if any("\n" in field for field in fields):
        raise ValueError("a field holds a line feed")
    return "".join(f"{field}\n" for field in fields).encode("ascii")


def sign(key: Ed25519PrivateKey, statement: Statement) -> str:
    """The signature as 88 characters of base64. Raises ValueError as `signed_message` does."""
    return base64.b64encode(key.sign(signed_message(statement))).decode()


def is_signed(public_key: bytes, statement: Statement, signature: str | None) -> bool:
    """Whether the signature is this key's (raw, 32 bytes) for this statement; anything malformed is not."""
    if signature is None:
        return False
    try:
        return is_signed_message(public_key, signed_message(statement), signature)
    except ValueError:
        return False


def is_signed_message(public_key: bytes, message: bytes, signature: str) -> bool:
    """Whether the signature (base64) is this key's for this message; anything malformed is not.

    Base64 has one form only here: a second text of the same bytes would be a record that others read differently.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(raw, message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return base64.b64encode(raw).decode() == signature
