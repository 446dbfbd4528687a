"""What stands on a printed receipt: one slip with the proof, and apart from it the customer's own code. Pure."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

from edge_agent.hardware.escpos import CENTRE, CUT, INIT, LARGE, LEFT, PLAIN, code, text
from edge_agent.web.times import wall_time

#: Dots that a character takes: Latin letters and digits, and Chinese ones.
NARROW, WIDE = 12, 24
SIMULATED = "** SIMULATED / 模拟 **"


class Place(NamedTuple):
    """Where a rating was given: the station, the counter's number and names (any but the number may be empty)."""

    station: str
    counter: str
    name: str
    name_zh: str


class Paperwork(NamedTuple):
    """How a printer prints: its width in dots, the time zone of its station, and whether the board is SIMULATED."""

    dots: int
    zone: str
    simulated: bool


def compose_slips(link: str, secret: str, at: int, place: Place, how: Paperwork) -> bytes:
    """The bytes of both slips. `link` is what the QR code says, `secret` as it is shown, `at` ms UTC."""
    when = wall_time(at, how.zone)
    return INIT + _proof(link, when, place, how) + CUT + _own_code(secret, when, how) + CUT


def _proof(link: str, when: str, place: Place, how: Paperwork) -> bytes:
    body = CENTRE + _banner(how) + LARGE + text("评价凭证") + PLAIN + text("Receipt of a rating")
    body += b"".join(text(line) for line in (place.station, place.name_zh, place.name) if line)
    body += text(f"柜台 Counter {place.counter}") + text(when)
    body += text("") + code(link.encode(), how.dots) + text("") + LEFT
    body += _words("扫码可查验：您的评价是否已计入。此联不显示您按了什么。", how.dots // WIDE)
    body += _words("Scan it to check that your rating counts. It does not tell what you pressed.", how.dots // NARROW)
    return body


def _own_code(secret: str, when: str, how: Paperwork) -> bytes:
    body = (
        CENTRE
        + _banner(how)
        + LARGE
        + text("请自己保管")
        + PLAIN
        + text("KEEP THIS TO YOURSELF")
        + text(when)
        + text("")
    )
    body += _words(secret, how.dots // NARROW) + text("") + LEFT
    body += _words("您的专属码：只有它能显示您按了什么。任何人无权索要。", how.dots // WIDE)
    body += _words("Your own code. Only it shows what you pressed. Nobody may ask you for it.", how.dots // NARROW)
    return body


def _banner(how: Paperwork) -> bytes:
    return text(SIMULATED) if how.simulated else b""


def _words(words: str, columns: int) -> bytes:
    return b"".join(text(line) for line in wrap(words, columns))
