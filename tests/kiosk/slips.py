"""Reads printed slips back from the bytes that a printer was given."""

from __future__ import annotations

STORE, CUT = b"1P0", b"\x1dVB\x00"


def read_codes(data: bytes) -> list[str]:
    """What each QR code on them holds."""
    orders = [part for part in data.split(b"\x1d(k")[1:] if part[2:5] == STORE]
    return [order[5 : 2 + int.from_bytes(order[:2], "little")].decode() for order in orders]


def read_slips(data: bytes) -> list[str]:
    """The text of each slip, spaces and line ends left out."""
    return ["".join(part.decode("gb18030", "replace").split()) for part in data.split(CUT)[:-1]]
