"""A site's outline as people type it: one corner a line, latitude and longitude, an empty line between two pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cloud_gateway.sites.outline import POINTS_MOST, Rings
from edge_agent.web.words import _

#: 0.1 m: finer than anybody draws.
DIGITS = 6
_PAIR = re.compile(r"\s*(-?\d{1,3}(?:\.\d{1,20})?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d{1,20})?)\s*")


@dataclass(frozen=True)
class Doubt:
    """What is wrong with a field, and what would be right: message ids, and the values put into `text`."""

    field: str
    text: str
    remedy: str
    values: tuple[tuple[str, object], ...] = ()


class CornersRefused(Exception):
    """Typed corners cannot be used."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt.text)
        self.doubt = doubt


def read_corners(text: str) -> Rings:
    """Closed rings ((latitude, longitude), ...) of the typed corners, () of nothing. Raises CornersRefused."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    pieces: list[list[tuple[float, float]]] = [[]]
    for number, line in enumerate(lines, start=1):
        if line.strip():
            pieces[-1].append(_read_corner(number, line))
        elif pieces[-1]:
            pieces.append([])
    if sum(map(len, pieces)) > POINTS_MOST:
        remedy = _("Leave out corners; an outline is some buildings, not a coast.")
        raise CornersRefused(
            Doubt("outline", _("The outline has more than %(most)s corners."), remedy, (("most", POINTS_MOST),))
        )
    return tuple(_close(piece) for piece in pieces if piece)


def write_corners(rings: Rings) -> str:
    """The rings as lines; the last corner, which is the first again, is left out."""
    return "\n\n".join("\n".join(f"{_degrees(lat)}, {_degrees(lon)}" for lat, lon in ring[:-1]) for ring in rings)


def _read_corner(number: int, line: str) -> tuple[float, float]:
    found = _PAIR.fullmatch(line)
    where = (("line", number),)
    if found is None:
        remedy = _("Write latitude and longitude in degrees with a comma between, such as 31.2345, 121.4567.")
        raise CornersRefused(Doubt("outline", _("Line %(line)s is not a latitude and a longitude."), remedy, where))
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 >= abs(longitude):
        remedy = _("The latitude, from -90 to 90, comes first; these two seem to be the other way round.")
        raise CornersRefused(Doubt("outline", _("Line %(line)s does not lie on the Earth."), remedy, where))
    if abs(latitude) > 90 or abs(longitude) > 180:
        remedy = _("Give a latitude from -90 to 90 and a longitude from -180 to 180.")
        raise CornersRefused(Doubt("outline", _("Line %(line)s does not lie on the Earth."), remedy, where))
    return latitude, longitude


def _close(piece: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    if len(set(piece)) < 3:
        remedy = _("Give at least three corners, or leave the outline empty: the site is then a point.")
        raise CornersRefused(Doubt("outline", _("A piece of the outline has fewer than three corners."), remedy))
    return tuple(piece) if piece[0] == piece[-1] else (*piece, piece[0])


def _degrees(value: float) -> str:
    return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
