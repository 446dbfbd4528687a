"""Reads best tracks in the ATCF format of the US National Hurricane Center and the Joint Typhoon Warning Center.

Comma-separated lines, one for each time and wind (https://science.nrlmry.navy.mil/atcf/docs/database/new/abrdeck.html):
basin, number, YYYYMMDDHH, minutes, technique, forecast hour, latitude and longitude in tenths of a degree with N/S and
E/W, wind (kt), pressure, type, wind of the radii (kt), the quadrant they begin with, four radii in nautical miles.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cloud_gateway.exposures.storm import Fix, Radii

NAUTICAL_MILE_M = 1852.0
LINES_MOST = 20_000
#: How far each code turns the four radii on from northeast.
FIRST_QUADRANTS = {"NEQ": 0, "SEQ": 1, "SWQ": 2, "NWQ": 3}


class TrackRefused(ValueError):
    """A line is no ATCF; the text names it."""


def read_atcf(lines: Iterable[str]) -> list[Fix]:
    """The fixes of one storm by time; lines of one time are joined, those of forecasts and aids (not BEST) left out.

    Raises TrackRefused naming the line.
    """
    places: dict[int, tuple[float, float]] = {}
    radii: dict[int, dict[float, Radii]] = {}
    for number, line in enumerate((line for line in lines if line.strip()), start=1):
        if number > LINES_MOST:
            raise TrackRefused(f"more than {LINES_MOST} lines")
        fields = [field.strip() for field in line.split(",")]
        try:
            if fields[4] != "BEST":
                continue
            at = _time(fields)
            places[at] = _degrees(fields[6]), _degrees(fields[7])
            if found := _radii(fields):
                radii.setdefault(at, {})[found.wind_kt] = found
        except (ValueError, IndexError, OverflowError) as exc:
            raise TrackRefused(f"line {number} is no ATCF: {line[:60].strip()!r}") from exc
    return [Fix(at, *places[at], tuple(radii.get(at, {}).values())) for at in sorted(places)]


def _time(fields: list[str]) -> int:
    hour = datetime.strptime(fields[2], "%Y%m%d%H").replace(tzinfo=UTC)
    return int((hour + timedelta(minutes=int(fields[3] or 0))).timestamp() * 1000)


def _degrees(text: str) -> float:
    sign = {"N": 1, "E": 1, "S": -1, "W": -1}.get(text[-1:])
    degrees = int(text[:-1]) / 10
    if sign is None or not 0 <= degrees <= (90 if text[-1] in "NS" else 180):
        raise ValueError(text)
    return sign * degrees


def _radii(fields: list[str]) -> Radii | None:
    """Of one wind; AAA is a full circle. None when the line has none."""
    if len(fields) < 17 or not fields[11] or float(fields[11]) <= 0 or not fields[12]:
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
