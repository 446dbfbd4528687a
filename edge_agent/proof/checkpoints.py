"""Signed heads of the evidence log: C2SP tlog-checkpoint in C2SP signed-note, by Ed25519, written and read strictly."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: The signed note's byte for plain Ed25519.
ED25519 = b"\x01"
KEY_BYTES, ID_BYTES, ROOT_BYTES = 32, 4, 32
#: A note is small; a longer one is not read. Characters.
MAX_NOTE = 16_384
MAX_SIGNATURES = 32
_NAME = re.compile(r"[^\s+\x00-\x1f]{1,200}\Z")
_SIZE = re.compile(r"(0|[1-9][0-9]{0,15})\Z")
_DASH = "— "


class NoteError(ValueError):
    """What should be a note, a key or a checkpoint is none, or is not signed by the key that it needs."""


@dataclass(frozen=True)
class LogKey:
    """A public key as signed notes name it: `public` is raw Ed25519, 32 bytes."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise NoteError("a key's name has 1 to 200 characters, no space and no plus sign")
        if len(self.public) != KEY_BYTES:
            raise NoteError(f"an Ed25519 key has {KEY_BYTES} bytes, this one {len(self.public)}")

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart; they prove nothing."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as text: name+id+key."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


class Checkpoint(NamedTuple):
    """A head: the log of this origin had `size` entries and this root (32 bytes)."""

    origin: str
    size: int
    root: bytes


def read_vkey(text: str) -> LogKey:
    """A key from its text. Raises NoteError."""
    name, first, rest = text.partition("+")
    id_, second, encoded = rest.partition("+")
    raw = _decode(encoded, "a key")
    if not first or not second or raw[:1] != ED25519:
        raise NoteError("a key is name+id+base64 of an Ed25519 key")
    key = LogKey(name, raw[1:])
    if key.id.hex() != id_:
        raise NoteError("the key's id is not that of its name and key")
    return key


def write_checkpoint(checkpoint: Checkpoint) -> str:
    """The text that is signed. Raises NoteError for an origin that could be read as something else."""
    if not _NAME.match(checkpoint.origin):
        raise NoteError("an origin has 1 to 200 characters, no space and no plus sign")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """A head from a note's text; extension lines are let through unread. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise NoteError("a checkpoint has three lines or more, none empty")
    origin, size, root = lines[:3]
    if not _SIZE.match(size):
        raise NoteError("the second line of a checkpoint is the size of its tree")
    raw = _decode(root, "a root")
    if len(raw) != ROOT_BYTES:
        raise NoteError(f"a root has {ROOT_BYTES} bytes")
    return Checkpoint(origin, int(size), raw)


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """The note of this text with one signature. Raises NoteError for a text that no note can hold."""
    _check_text(text)
    public = LogKey(name, key.public_key().public_bytes_raw())
    return f"{text}\n{_signature_line(public, key.sign(text.encode()))}"


def cosign_note(note: str, name: str, key: Ed25519PrivateKey) -> str:
    """The note with one more signature over the same text. Raises NoteError."""
    text, _ = split_note(note)
    public = LogKey(name, key.public_key().public_bytes_raw())
    return note + _signature_line(public, key.sign(text.encode()))


def verify_note(note: str, keys: Iterable[LogKey]) -> str:
    """The note's text, if one of these keys has signed it and none of them wrongly. Raises NoteError.

    Signatures of other keys, of witnesses or of an earlier key of the log, are not looked at.
    """
    text, signatures = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    verified = False
    for name, raw in signatures:
        key = known.get((name, raw[:ID_BYTES]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[ID_BYTES:], text.encode())
        except (InvalidSignature, ValueError) as exc:
            raise NoteError(f"the signature of {name} is not of this text") from exc
        verified = True
    if not verified:
        raise NoteError("no known key has signed the note")
    return text


def open_checkpoint(note: str, keys: Iterable[LogKey]) -> Checkpoint:
    """The head that one of these keys has signed. Raises NoteError."""
    return read_checkpoint(verify_note(note, keys))


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text and its signatures as (key name, id and signature), unverified. Raises NoteError."""
    if len(note) > MAX_NOTE:
        raise NoteError(f"a note of more than {MAX_NOTE} characters is not read")
    text, blank, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not blank or lines.pop() != "" or not 0 < len(lines) <= MAX_SIGNATURES:
        raise NoteError("a note is a text, an empty line and lines of signatures")
    _check_text(text := text + "\n")
    return text, [_read_signature(line) for line in lines]


def _read_signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    raw = _decode(encoded, "a signature")
    if not line.startswith(_DASH) or not space or not _NAME.match(name) or len(raw) <= ID_BYTES:
        raise NoteError("a line of a signature is a dash, a key's name and base64")
    return name, raw


def _signature_line(key: LogKey, signature: bytes) -> str:
    return f"{_DASH}{key.name} {base64.b64encode(key.id + signature).decode()}\n"


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in text):
        raise NoteError("the text of a note ends in a line feed and holds no other control character")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise NoteError("the text of a note is UTF-8") from exc


def _decode(text: str, what: str) -> bytes:
    """Canonical base64 only, so that no two texts are one value. Raises NoteError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise NoteError(f"{what} is not base64") from exc
    if base64.b64encode(raw).decode() != text:
        raise NoteError(f"{what} is not base64 as it is written")
    return raw
