"""Personal text on its way into a record: sealed before any part of the device can keep it."""

from __future__ import annotations

import msgspec

from edge_agent.identity.identity import Identity
from edge_agent.wire.sealed import SealedText


class NotSealed(ValueError):
    """Personal text would be stored in the clear; nothing was stored. The text names the field and the remedy."""


def seal_field(identity: Identity | None, field: str, plain: str) -> SealedText:
    """Seal the text of a personal field. Raises NotSealed for a device that has no key to do it with."""
    if identity is None:
        remedy = "give the device its [identity] folder, which `weiran provision device` makes"
        raise NotSealed(f"{field} is personal, and this device has no key to seal it with; {remedy}")
    return identity.seal(plain)


def encode_body(body: msgspec.Struct) -> bytes:
    """A body as JSON, once it is what its type says: a `Sealed` field holds no clear text. Raises NotSealed."""
    encoded = msgspec.json.encode(body)
    try:
        msgspec.json.decode(encoded, type=type(body))
    except msgspec.ValidationError as exc:
        raise NotSealed(f"{type(body).__name__} cannot be stored: {exc}; personal text goes through `seal`") from exc
    return encoded
