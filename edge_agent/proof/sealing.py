"""Sealing: personal text that only the gateway can read again, whatever becomes of the device that wrote it.

libsodium's sealed box: an ephemeral X25519 key for each text, whose private half is gone once it is sealed. It hides
the text and shows changes of it; who wrote it is what the record's signature says.
"""

from __future__ import annotations

import base64
import binascii

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from edge_agent.wire.sealed import PREFIX, SealedText

KEY_BYTES = 32


class SealError(Exception):
    """A key or a sealed text cannot be used; the text says which."""


def seal(key: bytes, plain: str) -> SealedText:
    """Seal a text to the gateway's public key (raw, 32 bytes); the result is plain ASCII. Raises SealError."""
    if len(key) != KEY_BYTES:
        raise SealError(f"a sealing key has {KEY_BYTES} bytes, this one {len(key)}")
    return SealedText(PREFIX + base64.b64encode(SealedBox(PublicKey(key)).encrypt(plain.encode())).decode())


def unseal(key: bytes, sealed: str) -> str:
    """Read a sealed text with the gateway's private key (raw, 32 bytes). Raises SealError."""
    if not sealed.startswith(PREFIX):
        raise SealError(f"a sealed text begins with {PREFIX!r}")
    try:
        raw = base64.b64decode(sealed.removeprefix(PREFIX), validate=True)
        return SealedBox(PrivateKey(key)).decrypt(raw).decode()
    except (CryptoError, binascii.Error, ValueError, TypeError) as exc:
        raise SealError("the text was not sealed to this key, or was altered") from exc


def read_key(text: str) -> bytes:
    """A sealing key as its file holds it: base64 in one line. Raises SealError."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise SealError("a sealing key is base64 in one line") from exc
    if len(key) != KEY_BYTES:
        raise SealError(f"a sealing key has {KEY_BYTES} bytes, this one {len(key)}")
    return key


def make_sealing_key() -> tuple[bytes, bytes]:
    """A new (private, public) pair, raw."""
    private = PrivateKey.generate()
    return bytes(private), bytes(private.public_key)
