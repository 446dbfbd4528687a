"""A running SIMULATED board, seen and moved from another process of the same user: a socket for each board.

One request and one answer for each connection, both one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec

from edge_agent.hardware.board import Paper
from edge_agent.wire.ratings import LABELS
from firmware_sim.fingers import Touch
from firmware_sim.handles import Handles, HandsRefused
from firmware_sim.sight import Sight

SUFFIX = ".sock"
#: Longest request and answer, bytes.
MAX_LINE, MAX_ANSWER = 4096, 1_000_000
#: How long an answer may take, real seconds: the longest touch, and the disk.
ANSWER_LIMIT_S = 40.0


class Press(msgspec.Struct, tag="press", frozen=True):
    """Touch a key: its score, or its label in English or Chinese."""

    button: str
    touch: Touch = Touch.PRESS


class Hold(msgspec.Struct, tag="hold", frozen=True):
    """Hold a sensor at a value; `Handles.hold` says what that is for each kind."""

    stream: str
    value: float


class Release(msgspec.Struct, tag="release", frozen=True):
    """Let the world move a sensor again."""

    stream: str


class Spoil(msgspec.Struct, tag="spoil", frozen=True):
    """Spoil a sensor: frozen, drift, noise, bounce or stuck."""

    stream: str
    fault: str
    amount: float = 0.0


class Mend(msgspec.Struct, tag="mend", frozen=True):
    """Make a sensor sound again."""

    stream: str


class Roll(msgspec.Struct, tag="roll", frozen=True):
    """Let the printer's paper run low or out, or put in a new roll."""

    stock: Paper


class Stand(msgspec.Struct, tag="stand", frozen=True):
    """Come before the presence sensor, or leave."""

    here: bool


class Card(msgspec.Struct, tag="card", frozen=True):
    """Hold a card to the reader, once: what is on it."""

    line: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Cable(msgspec.Struct, tag="cable", frozen=True):
    """Pull the board's cable to the network, or put it back."""

    pulled: bool


class Darken(msgspec.Struct, tag="darken", frozen=True):
    """Cut the board's power for so long, real seconds."""

    for_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 10.0


class Look(msgspec.Struct, tag="look", frozen=True):
    """Only look."""


Request = Press | Hold | Release | Spoil | Mend | Roll | Stand | Card | Cable | Darken | Look


class Answer(msgspec.Struct, frozen=True):
    """What became of each press that was seen, and the board after it; or `error`: why nothing was done."""

    outcomes: Sequence[str] = ()
    error: str = ""
    sight: Sight | None = None


_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


class ControlError(Exception):
    """The board cannot be reached, or has refused; the text says why."""


@asynccontextmanager
async def serving_board(folder: Path, device: str, board: Handles) -> AsyncIterator[None]:
    """Let a board be seen and moved at `folder`/device.sock, where its own user alone may go."""
    _clear_way(folder, device)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.LimitOverrunError, ValueError):
            writer.write(msgspec.json.encode(await _answer(board, await reader.readline())) + b"\n")
            await writer.drain()
        writer.close()

    with _short(socket_of(folder, device)) as path:
        server = await asyncio.start_unix_server(answer, path, limit=MAX_LINE)
    try:
        yield
    finally:
        server.close()
        socket_of(folder, device).unlink(missing_ok=True)


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


async def _answer(board: Handles, line: bytes) -> Answer:
    try:
        wanted = _requests.decode(line)
    except msgspec.DecodeError:
        return Answer(error="the request cannot be read")
    try:
        outcomes = await _press(board, wanted) if isinstance(wanted, Press) else _do(board, wanted)
    except HandsRefused as exc:
        return Answer(error=str(exc))
    return Answer(outcomes, sight=board.look())


def _do(board: Handles, wanted: Request) -> Sequence[str]:
    match wanted:
        case Hold(stream, value):
            board.hold(stream, value)
        case Release(stream):
            board.release(stream)
        case Spoil(stream, fault, amount):
            board.spoil(stream, fault, amount)
        case Mend(stream):
            board.mend(stream)
        case Roll(stock):
            board.load_paper(stock)
        case Stand(here):
            board.stand(here)
        case Card(line):
            board.show_card(line)
        case Cable(pulled):
            board.pull_cable(pulled)
        case Darken(for_s):
            board.darken(for_s)
    return ()


async def _press(board: Handles, wanted: Press) -> Sequence[str]:
    if not board.scale:
        raise HandsRefused("this board has no keys")
    score = find_key(wanted.button, board.scale)
    if score is None:
        labels = ", ".join(f"{number} {zh}" for number, (_, zh) in enumerate(LABELS[board.scale], start=1))
        raise HandsRefused(f"there is no key {wanted.button!r}; the keys are {labels}")
    return await board.press(score, wanted.touch)


def find_key(button: str, scale: int) -> int | None:
    """The score of a key by its number or label; None for none of this scale."""
    for score, labels in enumerate(LABELS[scale], start=1):
        if button.casefold() in (str(score), *(label.casefold() for label in labels)):
            return score
    return None


async def press_key(path: Path, press: Press) -> Sequence[str]:
    """Press a key of a running board; what became of each press that was seen. Raises ControlError."""
    return (await ask(path, press)).outcomes


async def ask(path: Path, request: Request) -> Answer:
    """Have a running board do something, and see it afterwards. Raises ControlError."""
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            with _short(path) as short:
                reader, writer = await asyncio.open_unix_connection(short, limit=MAX_ANSWER)
            writer.write(msgspec.json.encode(request) + b"\n")
            line = await reader.readline()
            writer.close()
        answer = msgspec.json.decode(line, type=Answer)
    except TimeoutError as exc:
        raise ControlError(f"the board does not answer within {ANSWER_LIMIT_S:.0f} s") from exc
    except OSError as exc:
        raise ControlError(f"{path}: {exc.strerror}: its demo has ended") from exc
    except (msgspec.DecodeError, ValueError) as exc:
        raise ControlError("the board's answer cannot be read: its demo is ending") from exc
    if answer.error:
        raise ControlError(answer.error)
    return answer


def socket_of(folder: Path, device: str) -> Path:
    """The socket of a board in the folder of boards."""
    return folder / f"{device}{SUFFIX}"
