"""Passwords by argon2id, off the event loop and never more than a few at a time."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from secrets import token_bytes

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION

LEAST = 12
MOST = 256
#: zxcvbn's score from 0 to 4; 3: guessed in 10^8 tries at the earliest. It reads so many characters.
LEAST_SCORE, MOST_READ = 3, 72
#: Checks at once; each takes 64 MiB and some 100 ms.
AT_ONCE = 2
#: Checks that may wait; past that callers are sent away.
WAITING = 20
USUAL = PasswordHasher()


class WeakPassword(ValueError):
    """The password is too short or too long, or soon guessed."""


class CommonPassword(WeakPassword):
    """The password is among those that are tried first."""


class Busy(Exception):
    """Too many sign-ins wait already."""


def check_length(password: str) -> str:
    """Return the password when its length is allowed, else raise WeakPassword."""
    if not LEAST <= len(password) <= MOST:
        raise WeakPassword(f"a password has {LEAST} to {MOST} characters")
    return password


def check_strength(password: str, about: Sequence[str] = ()) -> str:
    """Return the password unless it is soon guessed, by zxcvbn's estimate; `about` are words others know of its owner.

    Raises WeakPassword, CommonPassword. Takes some milliseconds, the first time longer.
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415  # its word lists take 15 MB: only who sets a password needs them

    check_length(password)
    if zxcvbn(password[:MOST_READ], user_inputs=[*about, "weiran", "未然"])["score"] < LEAST_SCORE:
        raise CommonPassword("this password is soon guessed: take several words that do not belong together")
    return password


class Passwords:
    """Hashes and verifies. Verifying against no hash takes as long as against one."""

    def __init__(self, hasher: PasswordHasher = USUAL) -> None:
        self._hasher = hasher
        self._nobody = _hash_of_nobody(self._hasher)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str, about: Sequence[str] = ()) -> str:
        """The argon2id hash of a password that is not soon guessed. Raises WeakPassword, CommonPassword."""
        async with self._slots:
            await asyncio.to_thread(check_strength, password, about)
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits the hash; False for `stored` None, in the same time. Raises Busy."""
        if self._waiting >= WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._slots:
                fits = await asyncio.to_thread(self._fits, stored or self._nobody, password[: MOST + 1])
        finally:
            self._waiting -= 1
        return fits and stored is not None

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """A hash that no password has, of the hasher's own costs; made up, for working one out takes 64 MiB."""
    salt, made = (b64encode(token_bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${made}"
