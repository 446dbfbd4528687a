"""The course of a tropical cyclone as a forecast centre states it: positions and wind radii, analysed and forecast.

It is no warning: an advisory that says where which wind may come, for ranking and for reasons.
"""

from __future__ import annotations

import msgspec

NAUTICAL_MILE_M = 1852.0
HOUR_MS = 3_600_000
#: Beaufort numbers of the wind circles that Chinese bulletins state, against the knots they stand for.
BEAUFORT_KT = {7: 28.0, 8: 34.0, 10: 48.0, 12: 64.0}
#: Forecast hour against nautical miles: circles about forecast positions that hold two thirds of all centres' errors.
#: Published by the US National Hurricane Center for its cone of 2023, from the errors of 2018 to 2022; basins without
#: circles of their own take those of the Central North Pacific.
ERROR_CIRCLES_NM = {
    "AL": ((0, 0), (12, 26), (24, 39), (36, 53), (48, 67), (60, 81), (72, 99), (96, 145), (120, 205)),
    "EP": ((0, 0), (12, 25), (24, 38), (36, 51), (48, 63), (60, 78), (72, 86), (96, 110), (120, 137)),
    "": ((0, 0), (12, 34), (24, 49), (36, 66), (48, 81), (60, 95), (72, 120), (96, 137), (120, 156)),
}


class Radii(msgspec.Struct, frozen=True):
    """How far winds of at least `wind_kt` reach, in metres, by quadrant."""

    wind_kt: float
    northeast_m: float
    southeast_m: float
    southwest_m: float
    northwest_m: float

    @property
    def quadrants(self) -> tuple[float, float, float, float]:
        """Clockwise from north."""
        return self.northeast_m, self.southeast_m, self.southwest_m, self.northwest_m


class Fix(msgspec.Struct, frozen=True):
    """Where a storm is at a time (ms UTC). `error_m` is how far off a forecast position may be; 0 where analysed."""

    at: int
    latitude: float
    longitude: float
    radii: tuple[Radii, ...] = ()
    error_m: float = 0.0


class Track(msgspec.Struct, frozen=True):
    """One storm. `id` is basin, number and year (WP152026); `technique` says whose analysis or forecast it is.

    `issued` (ms UTC) is when the forecast begins, or of the newest position where there is none.
    """

    id: str
    name: str
    technique: str
    issued: int
    fixes: tuple[Fix, ...]


def beaufort_radii(number: int, *quadrants_km: float) -> Radii:
    """Wind circles as Chinese bulletins state them: for force 7, 10 or 12, in km, clockwise from northeast."""
    northeast, southeast, southwest, northwest = (1000.0 * km for km in quadrants_km)
    return Radii(BEAUFORT_KT[number], northeast, southeast, southwest, northwest)


def position_error_m(basin: str, lead_h: float) -> float:
    """The circle of a forecast of so many hours: two thirds of all errors were less. Beyond the table it grows on."""
    table = ERROR_CIRCLES_NM.get(basin, ERROR_CIRCLES_NM[""])
    later = next((place for place, (hour, _) in enumerate(table) if hour >= lead_h), len(table) - 1)
    (start, low), (end, high) = table[max(later - 1, 0)], table[max(later, 1)]
    return (low + (high - low) * (lead_h - start) / (end - start)) * NAUTICAL_MILE_M
