"""The keys of a running SIMULATED board, pressed from another process of the same user: a socket for each board.

One request and one answer for each connection, both one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from edge_agent.wire.ratings import LABELS
from firmware_sim.fingers import Touch

SUFFIX = ".sock"
#: Longest line, bytes.
MAX_LINE = 4096
#: How long an answer may take, real seconds: the longest touch, and the disk.
ANSWER_LIMIT_S = 40.0


class Press(msgspec.Struct, frozen=True):
    """Touch a key: its score, or its label in English or Chinese."""

    button: str
    touch: Touch = Touch.PRESS


class Answer(msgspec.Struct, frozen=True):
    """What became of each press that was seen; or `error`: why nothing was done."""

    outcomes: Sequence[str] = ()
    error: str = ""


class ControlError(Exception):
    """The board cannot be reached, or has refused; the text says why."""


class Keys(Protocol):
    """A board whose keys can be pressed."""

    async def press(self, score: int, touch: Touch = Touch.PRESS) -> list[str]:
        """Touch a key; what became of each press that was seen."""


@asynccontextmanager
async def serving_board(folder: Path, device: str, keys: Keys, scale: int) -> AsyncIterator[None]:
    """Take presses for a board at `folder`/device.sock, where its own user alone may go."""
    _clear_way(folder, device)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.LimitOverrunError, ValueError):
            writer.write(msgspec.json.encode(await _press(keys, scale, await reader.readline())) + b"\n")
            await writer.drain()
        writer.close()

    with _short(socket_of(folder, device)) as path:
        server = await asyncio.start_unix_server(answer, path, limit=MAX_LINE)
        try:
            yield
        finally:
            server.close()


def _clear_way(folder: Path, device: str) -> None:
    """See that the folder is there, that only this user can enter it, and that the socket's name is free."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    socket_of(folder, device).unlink(missing_ok=True)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Another name of a socket: a path may have 107 bytes only (unix(7)), and folders lie deeper."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


async def _press(keys: Keys, scale: int, line: bytes) -> Answer:
    try:
        wanted = msgspec.json.decode(line, type=Press)
    except msgspec.DecodeError:
        return Answer(error="the request cannot be read")
    score = find_key(wanted.button, scale)
    if score is None:
        labels = ", ".join(f"{number} {zh}" for number, (_, zh) in enumerate(LABELS[scale], start=1))
        return Answer(error=f"there is no key {wanted.button!r}; the keys are {labels}")
    return Answer(await keys.press(score, wanted.touch))


def find_key(button: str, scale: int) -> int | None:
    """The score of a key by its number or label; None for none of this scale."""
    for score, labels in enumerate(LABELS[scale], start=1):
        if button.casefold() in (str(score), *(label.casefold() for label in labels)):
            return score
    return None


async def press_key(path: Path, press: Press) -> Sequence[str]:
    """Press a key of a running board; what became of each press that was seen. Raises ControlError."""
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            with _short(path) as short:
                reader, writer = await asyncio.open_unix_connection(short, limit=MAX_LINE)
            writer.write(msgspec.json.encode(press) + b"\n")
            line = await reader.readline()
            writer.close()
        answer = msgspec.json.decode(line, type=Answer)
    except TimeoutError as exc:
        raise ControlError(f"the board does not answer within {ANSWER_LIMIT_S:.0f} s") from exc
    except OSError as exc:
        raise ControlError(f"{path}: {exc.strerror}: its demo has ended") from exc
    except msgspec.DecodeError as exc:
        raise ControlError("the board's answer cannot be read: its demo is ending") from exc
    if answer.error:
        raise ControlError(answer.error)
    return answer.outcomes


def socket_of(folder: Path, device: str) -> Path:
    """The socket of a board in the folder of boards."""
    return folder / f"{device}{SUFFIX}"
