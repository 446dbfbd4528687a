"""The few ESC/POS commands that a printed receipt takes: text in GB18030, a QR code, a cut, the paper's state. Pure.

ESC/POS is the language of most receipt printers; numbers and bits are those of the printers' command manuals.
"""

from __future__ import annotations

from bisect import bisect_left

from edge_agent.hardware.board import Paper

ESC, FS, GS, DLE, EOT = b"\x1b", b"\x1c", b"\x1d", b"\x10", b"\x04"
#: A clean printer that takes two-byte characters.
INIT = ESC + b"@" + FS + b"&"
LEFT, CENTRE = ESC + b"a\x00", ESC + b"a\x01"
LARGE, PLAIN = GS + b"!\x11", GS + b"!\x00"
#: Feed to the cutter, and cut all but one point.
CUT = GS + b"VB\x00"
#: Answered at once, whatever is being printed.
ASK_PAPER = DLE + EOT + b"\x04"
#: Answered when all before it has been worked off.
ASK_DONE = GS + b"r\x01"
#: Bytes that a QR code of versions 1 to 40 holds at level L (ISO/IEC 18004, table 7).
# fmt: off
CODE_BYTES = (
    17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858,
    929, 1003, 1091, 1171, 1273, 1367, 1465, 1528, 1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431,
    2563, 2699, 2809, 2953,
)
# fmt: on
#: Light modules that a QR code needs on each side.
QUIET = 4
MAX_MODULE = 8


def text(words: str) -> bytes:
    """One line. Control characters are left out: what stands on a slip gives the printer no orders."""
    return "".join(letter for letter in words if letter.isprintable()).encode("gb18030", "replace") + b"\n"


def code(data: bytes, dots: int) -> bytes:
    """A QR code, model 2, level L, as large as `dots` across the paper allow. Raises ValueError: too much, nothing."""
    version = bisect_left(CODE_BYTES, len(data)) + 1
    if not data or version > len(CODE_BYTES):
        raise ValueError(f"a QR code holds 1 to {CODE_BYTES[-1]} bytes, not {len(data)}")
    module = max(1, min(MAX_MODULE, dots // (17 + 4 * version + 2 * QUIET)))
    model, size, level = _code(b"\x41\x32\x00"), _code(b"\x43" + bytes([module])), _code(b"\x45\x30")
    return model + size + level + _code(b"\x50\x30" + data) + _code(b"\x51\x30")


def _code(order: bytes) -> bytes:
    order = b"1" + order
    return GS + b"(k" + len(order).to_bytes(2, "little") + order


def read_paper(answer: bytes) -> Paper | None:
    """What the answer to ASK_PAPER says; None while it has not come. Other bytes (flow control) are passed over."""
    said = [byte for byte in answer if byte & 0x93 == 0x12]
    if not said:
        return None
    if said[-1] & 0x60:
        return Paper.OUT
    return Paper.LOW if said[-1] & 0x0C else Paper.ENOUGH


def read_done(answer: bytes) -> Paper | None:
    """What the answer to ASK_DONE says of the paper; None while it has not come."""
    said = [byte for byte in answer if byte & 0x90 == 0]
    if not said:
        return None
    if said[-1] & 0x0C:
        return Paper.OUT
    return Paper.LOW if said[-1] & 0x03 else Paper.ENOUGH
