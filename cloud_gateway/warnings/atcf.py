"""Reads storm tracks in the ATCF format of the US National Hurricane Center and the Joint Typhoon Warning Center.

Comma-separated lines, one for each time and wind (https://science.nrlmry.navy.mil/atcf/docs/database/new/abrdeck.html):
basin, number, YYYYMMDDHH, minutes or technique number, technique, forecast hour, latitude and longitude in tenths of a
degree with N/S and E/W, wind (kt), pressure, type, wind of the radii (kt), the quadrant they begin with, four radii in
nautical miles; the storm's name is the 28th. A b-deck holds the best track, an a-deck forecasts of many techniques, of
which only the centres' own are read: computed guidance is no advisory.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cloud_gateway.warnings.model import Refused
from cloud_gateway.warnings.tracks import HOUR_MS, NAUTICAL_MILE_M, Fix, Radii, Track, position_error_m

LINES_MOST = 60_000
STORMS_MOST = 100
BEST = "BEST"
#: Forecasts of the centres themselves.
OFFICIAL = frozenset({"OFCL", "JTWC", "CPHC"})
#: How far each code turns the four radii on from northeast.
FIRST_QUADRANTS = {"NEQ": 0, "SEQ": 1, "SWQ": 2, "NWQ": 3}
_FIRST_LINE = re.compile(rb"\s*[A-Z]{2}\s*,\s*\d{2}\s*,\s*\d{10}\s*,")
_NAME = re.compile(r"[A-Z][A-Z-]{1,19}")
_REMEDY = "Send an ATCF a-deck or b-deck as text"


class _Line(NamedTuple):
    """One line: `base` is the time of analysis, `lead_h` the forecast hour."""

    storm: str
    base: int
    technique: str
    lead_h: int
    latitude: float
    longitude: float
    radii: Radii | None
    name: str

    @property
    def at(self) -> int:
        return self.base + self.lead_h * HOUR_MS


def is_atcf(raw: bytes) -> bool:
    """Whether this looks like a deck."""
    return _FIRST_LINE.match(raw) is not None


def read_atcf(lines: Iterable[str]) -> list[Track]:
    """The storms of a deck, each with its analysed positions and, after them, its newest official forecast.

    Raises Refused naming the line that is no ATCF, or where nothing of a centre's own is in it.
    """
    storms: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for number, text in enumerate((line for line in lines if line.strip()), start=1):
        if number > LINES_MOST or len(storms) > STORMS_MOST:
            raise _refused(f"more than {LINES_MOST} lines or {STORMS_MOST} storms")
        fields = [field.strip() for field in text.split(",", 60)]
        try:
            if fields[4] == BEST or fields[4] in OFFICIAL:
                storms[fields[0], fields[1]].append(_read_line(fields))
        except (ValueError, IndexError, OverflowError) as exc:
            raise _refused(f"line {number} is no ATCF: {text[:60].strip()!r}") from exc
    if not storms:
        raise _refused(f"no line of a centre's own: {BEST}, {', '.join(sorted(OFFICIAL))}")
    return [_track(some) for _, some in sorted(storms.items())]


def _refused(text: str) -> Refused:
    return Refused("bad_track", "$", text, _REMEDY)


def _track(lines: Sequence[_Line]) -> Track:
    """Analysed positions, the best track's before others, and after the last of them the newest forecast."""
    known = _fixes(sorted((line for line in lines if not line.lead_h), key=lambda line: line.technique == BEST))
    last = known[-1].at if known else 0
    forecasts = [line for line in lines if line.lead_h and line.at > last]
    newest = max(forecasts, key=lambda line: (line.base, line.technique), default=lines[-1])
    ahead = _fixes([line for line in forecasts if (line.base, line.technique) == (newest.base, newest.technique)])
    name = next((line.name for line in reversed(lines) if line.name), "")
    storm = min(lines, key=lambda line: line.base).storm
    return Track(storm, name, newest.technique, max(newest.base, last), (*known, *ahead))


def _fixes(lines: Sequence[_Line]) -> list[Fix]:
    """Lines of one time joined; of several techniques the last one's position counts, and its radii alone."""
    said: dict[int, list[_Line]] = defaultdict(list)
    for line in lines:
        said[line.at].append(line)
    return [_fix(at, [line for line in said[at] if line.technique == said[at][-1].technique]) for at in sorted(said)]


def _fix(at: int, lines: Sequence[_Line]) -> Fix:
    last = lines[-1]
    radii = {line.radii.wind_kt: line.radii for line in lines if line.radii}
    error_m = position_error_m(last.storm[:2], last.lead_h) if last.lead_h else 0.0
    return Fix(at, last.latitude, last.longitude, tuple(radii.values()), error_m)


def _read_line(fields: list[str]) -> _Line:
    base, lead_h = _time(fields), int(fields[5] or 0)
    if not re.fullmatch(r"[A-Z]{2}\d{2}", fields[0] + fields[1]) or not 0 <= lead_h <= 240:
        raise ValueError(fields[:6])
    name = fields[27] if len(fields) > 27 and _NAME.fullmatch(fields[27]) else ""
    place = _degrees(fields[6]), _degrees(fields[7])
    return _Line(fields[0] + fields[1] + fields[2][:4], base, fields[4], lead_h, *place, _radii(fields), name)


def _time(fields: list[str]) -> int:
    hour = datetime.strptime(fields[2], "%Y%m%d%H").replace(tzinfo=UTC)
    minutes = int(fields[3] or 0) if fields[4] == BEST else 0  # elsewhere it is the technique's number
    return int((hour + timedelta(minutes=minutes)).timestamp() * 1000)


def _degrees(text: str) -> float:
    sign = {"N": 1, "E": 1, "S": -1, "W": -1}.get(text[-1:])
    degrees = int(text[:-1]) / 10
    if sign is None or not 0 <= degrees <= (90 if text[-1] in "NS" else 180):
        raise ValueError(text)
    return sign * degrees


def _radii(fields: list[str]) -> Radii | None:
    """Of one wind; AAA is a full circle. None when the line has none."""
    if len(fields) < 17 or not fields[11] or not 0 < float(fields[11]) < 300 or not fields[12]:
        return None
    metres = [float(field or 0) * NAUTICAL_MILE_M for field in fields[13:17]]
    if any(not 0 <= reach < 5_000_000 for reach in metres):
        raise ValueError(fields[13:17])
    if fields[12] == "AAA":
        metres = [metres[0]] * 4
    elif fields[12] not in FIRST_QUADRANTS:
        raise ValueError(fields[12])
    turn = FIRST_QUADRANTS.get(fields[12], 0)
    return Radii(float(fields[11]), *(metres[(quadrant - turn) % 4] for quadrant in range(4)))
