"""Brings positions to WGS-84 from the datums that portfolios use.

GCJ-02 is the offset that maps published in mainland China must carry, 100 to 700 m off; its curve is public by
reverse engineering only, so the way back is found by iteration. CGCS2000 differs from WGS-84 by centimetres.
"""

from __future__ import annotations

import math
from enum import StrEnum

SEMI_MAJOR_M = 6_378_245.0  # Krasovsky 1940, on which the offset is defined
ECCENTRICITY_2 = 0.006_693_421_622_965_943
ROUNDS = 6


class Datum(StrEnum):
    """What the degrees of a position are measured on."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    CGCS2000 = "CGCS2000"


def parse_datum(text: str) -> Datum | None:
    """The datum of that name, however it is spelled: "wgs84", "GCJ02", "cgcs-2000"."""
    plain = text.upper().replace("-", "").replace("_", "").replace(" ", "")
    return next((datum for datum in Datum if datum.value.replace("-", "") == plain), None)


def to_wgs84(latitude: float, longitude: float, datum: Datum) -> tuple[float, float]:
    """The position in WGS-84 degrees, latitude first."""
    if datum is not Datum.GCJ02:
        return latitude, longitude
    found = latitude, longitude
    for _ in range(ROUNDS):
        there = to_gcj02(*found)
        found = found[0] + latitude - there[0], found[1] + longitude - there[1]
    return found


def to_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """A WGS-84 position as maps in mainland China show it; outside their frame nothing is moved."""
    if not (0.8293 <= latitude <= 55.8271 and 72.004 <= longitude <= 137.8347):
        return latitude, longitude
    x, y = longitude - 105.0, latitude - 35.0
    ripple = 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (ripple + _waves(y, 20, 40) + 160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (ripple + _waves(x, 20, 40) + 150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    phi = math.radians(latitude)
    curve = 1 - ECCENTRICITY_2 * math.sin(phi) ** 2
    meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_2) / curve**1.5
    parallel_m = SEMI_MAJOR_M / math.sqrt(curve) * math.cos(phi)
    return latitude + math.degrees(north / meridian_m), longitude + math.degrees(east / parallel_m)


def _waves(value: float, once: float, third: float) -> float:
    return once * math.sin(value * math.pi) + third * math.sin(value / 3 * math.pi)
