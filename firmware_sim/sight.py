"""What an eye sees of a SIMULATED board: its sensors, lamps, keys and paper, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge_agent.hardware.board import Paper

#: Orders of a printer (ESC/POS) by how they begin, and how many bytes they have.
ORDERS = {b"\x1b@": 2, b"\x1c&": 2, b"\x1ba": 3, b"\x1d!": 3, b"\x1dV": 4, b"\x10\x04": 3, b"\x1dr": 3}
CODE, STORE = b"\x1d(k", b"1P0"


class SensorSight(msgspec.Struct, frozen=True):
    """A sensor. `value` is what it gives now, null where it only counts; `held` by a hand; `fault` empty when sound."""

    stream: str
    kind: str
    label: str
    label_zh: str
    unit: str
    low: float
    high: float
    value: float | None
    held: bool
    fault: str


class KeySight(msgspec.Struct, frozen=True):
    """A key of a rating terminal, and whether its lamp is lit."""

    score: int
    label: str
    label_zh: str
    lit: bool


class Sight(msgspec.Struct, frozen=True):
    """A whole board. `lamps` are outputs by name; `waiting` facts are on its disk, not yet acknowledged.

    `link` is False while its cable is pulled, `linked` whether it has a connection. `screen`: port of its screen, or 0.
    `can_cut`: whether its power and cable can be cut by hand. `present`: whether somebody stands before its presence
    sensor, null without one; `reader`: whether it reads cards.
    """

    device: str
    role: str
    site: str
    power: bool
    link: bool
    linked: bool
    waiting: int
    can_cut: bool = False
    lamps: Mapping[str, bool] = {}
    sensors: Sequence[SensorSight] = ()
    keys: Sequence[KeySight] = ()
    slips: Sequence[Sequence[str]] = ()
    paper: Paper | None = None
    screen: int = 0
    present: bool | None = None
    reader: bool = False


class _Piece(NamedTuple):
    text: str
    size: int


def read_slip(data: bytes) -> list[str]:
    """The lines of a printed slip, as a person reads them; a QR code is a line in brackets."""
    lines, place, words = [], 0, b""
    while place < len(data):
        piece = _order(data[place:])
        if piece is None:
            words += data[place : place + 1]
            place += 1
            continue
        lines += [piece.text] if piece.text else []
        place += piece.size
    text = words.decode("gb18030", "replace").splitlines()
    return [line for line in (*text, *lines) if line.strip()]


def _order(data: bytes) -> _Piece | None:
    """The order that stands there, and what of it can be seen; None for text."""
    if data.startswith(CODE):
        size = 5 + int.from_bytes(data[3:5], "little")
        return _Piece(f"[QR {data[8:size].decode('ascii', 'replace')}]" if data[5:8] == STORE else "", size)
    return next((_Piece("", size) for head, size in ORDERS.items() if data.startswith(head)), None)
