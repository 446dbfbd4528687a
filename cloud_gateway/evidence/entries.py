"""Entries of the evidence log: their canonical bytes (RFC 8785), their checks, and texts by their salted hashes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from cloud_gateway.evidence.schemas import SCHEMAS

VERSION = 1
SALT_BYTES = 16
#: Largest entry, bytes: a line of an export stays readable.
MAX_BYTES = 2_000_000

_encoder = msgspec.json.Encoder(order="sorted")
Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


class EntryError(ValueError):
    """An entry of no known type, or with a body that its type does not have. Nothing of its batch is appended."""


class Text(NamedTuple):
    """A text that can be erased or masked. `path` in the body: its field, or fields with dots: ``reply.text``."""

    path: str
    text: str
    published: bool = False


class Entry(NamedTuple):
    """One entry to be appended; `body` without the fields of its `texts`.

    `checked`: whoever made the body saw to it that it is what the type may hold, and it is not looked at again; for
    the records of ingest, which come by the thousand.
    """

    type: str
    body: Mapping[str, Json]
    texts: Sequence[Text] = ()
    checked: bool = False


class HiddenText(NamedTuple):
    """A text with the salt that hides it; `path` from the entry's top: ``body.text``."""

    path: str
    salt: bytes
    text: str
    published: bool


class Sealed(NamedTuple):
    """An entry as it is stored: its bytes are final."""

    type: str
    body: bytes
    texts: Sequence[HiddenText]


def hash_text(salt: bytes, text: str) -> str:
    """What stands in an entry for a text: SHA-256, hex. Raises EntryError for a text that is no UTF-8."""
    try:
        return hashlib.sha256(salt + text.encode()).hexdigest()
    except UnicodeEncodeError as exc:
        raise EntryError("a text is not UTF-8") from exc


def seal_entry(entry: Entry, at: int) -> Sealed:
    """Give an entry its bytes; `at` ms UTC. Raises EntryError."""
    body, hidden = (dict(entry.body), []) if entry.texts else (entry.body, [])
    for text in entry.texts:
        salt = secrets.token_bytes(SALT_BYTES)
        _put(body, text.path.split("."), {"sha256": hash_text(salt, text.text)})
        hidden.append(HiddenText(f"body.{text.path}", salt, text.text, text.published))
    if not entry.checked:
        check_body(entry.type, body)
    return Sealed(entry.type, _encode(entry.type, at, body), hidden)


def encode_entry(type_: str, at: int, body: Mapping[str, Json]) -> bytes:
    """The canonical bytes of an entry whose texts are hidden already. Raises EntryError."""
    check_body(type_, body)
    return _encode(type_, at, body)


def check_body(type_: str, body: Mapping[str, Json]) -> None:
    """Raises EntryError for a body that entries of this type do not have."""
    schema = SCHEMAS.get(type_)
    if schema is None:
        raise EntryError(f"{type_!r} is no type of entry")
    try:
        msgspec.convert(body, schema)
    except msgspec.ValidationError as exc:
        raise EntryError(f"{type_}: {exc}") from exc


def _encode(type_: str, at: int, body: Mapping[str, Json]) -> bytes:
    encoded = encode_json({"v": VERSION, "type": type_, "at": at, "body": body})
    if len(encoded) > MAX_BYTES:
        raise EntryError(f"{type_}: an entry of {len(encoded)} bytes; at most {MAX_BYTES}")
    return encoded


def encode_json(value: Mapping[str, Json]) -> bytes:
    """RFC 8785 for what has no floats and ASCII names, as every schema sees to. Raises EntryError."""
    try:
        return _encoder.encode(value)
    except (UnicodeEncodeError, TypeError, OverflowError) as exc:
        raise EntryError(f"an entry has no canonical form: {exc}") from exc


def _put(body: Mapping[str, Json], path: Sequence[str], value: Json) -> None:
    """Set a field in a copy of a body; the objects on the way are copied, too."""
    assert isinstance(body, dict)
    for name in path[:-1]:
        inner = body.get(name)
        if not isinstance(inner, Mapping):
            raise EntryError(f"there is no object {name!r} for a text in the body")
        body[name] = body = dict(inner)
    if path[-1] in body:
        raise EntryError(f"the body has {path[-1]!r} already; a text goes into its place by itself")
    body[path[-1]] = value
