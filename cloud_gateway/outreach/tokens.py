"""The tokens of answer links: derived from a key file and the message's id, so that none is ever stored.

A message that is sent again after a crash carries the same link; the database keeps only the token's hash.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

KEY_FILE = "answer.key"
KEY_BYTES = 32
#: Told apart from whatever else the key might once be used for.
DOMAIN = b"weiran answer link 1\0"
#: Stands in a stored body where the link will be; the id, made later than any alert's text, keeps it from being in one.
PLACE = "weiran-answer-link:"


class AnswerKey:
    """The secret behind all answer links of one gateway."""

    def __init__(self, secret: bytes, origin: str) -> None:
        self._secret = secret
        self._origin = origin.rstrip("/")

    def token(self, message: str, domain: bytes = DOMAIN) -> str:
        """The token of that message, 43 letters that are safe in an address; another for each other `domain`."""
        digest = hmac.digest(self._secret, domain + message.encode(), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def place(self, message: str) -> str:
        """What stands for the link in the stored words of that message; "" when messages carry no link."""
        return f"{PLACE}{message}" if self._origin else ""

    def fill(self, message: str, words: str) -> str:
        """The words with the link in its place."""
        return words.replace(f"{PLACE}{message}", f"{self._origin}/a/{self.token(message)}")


def drop_link(message: str, words: str) -> str:
    """The words without the paragraph that asks to open the link: for a call, where it is asked by mouth."""
    return "\n\n".join(part for part in words.split("\n\n") if f"{PLACE}{message}" not in part)


def hash_token(token: str) -> str:
    """What the database keeps of a token: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_key(folder: Path, origin: str) -> AnswerKey:
    """The key of the data folder, made at the first call, readable by its owner only. Raises OSError, ValueError."""
    file = folder / KEY_FILE
    if not file.exists():
        _make(file)
    secret = file.read_bytes()
    if len(secret) != KEY_BYTES:
        raise ValueError(f"{file} holds no key of {KEY_BYTES} bytes; put the right one back from a backup")
    return AnswerKey(secret, origin)


def _make(file: Path) -> None:
    """Whole or not at all, and never in the place of one that is there."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(secrets.token_bytes(KEY_BYTES))
        stream.flush()
        os.fsync(handle)
    draft.replace(file)
