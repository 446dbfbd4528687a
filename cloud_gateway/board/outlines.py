"""The areas of warnings as the map draws them: rings of few points, circles as rings. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cloud_gateway.warnings.model import Alert, Circle

EARTH_M = 6_371_008.8
#: The map is small: an outline of a coast needs no more.
RING_POINTS = 240
CIRCLE_POINTS = 48
RINGS = 60
Ring = list[tuple[float, float]]


def rings_of(alert: Alert) -> list[Ring]:
    """What a message draws, as rings of (longitude, latitude) in degrees, at most `RINGS`."""
    found = [ring for info in alert.infos[:1] for area in info.areas for ring in _rings(area.polygons, area.circles)]
    return found[:RINGS]


def _rings(polygons: Sequence[Sequence[tuple[float, float]]], circles: Sequence[Circle]) -> Iterator[Ring]:
    for polygon in polygons:
        yield [(round(lon, 4), round(lat, 4)) for lat, lon in _thin(polygon)]
    for circle in circles:
        yield list(_circle(circle))


def _thin(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    return points[:: max(1, math.ceil(len(points) / RING_POINTS))]


def _circle(circle: Circle) -> Iterator[tuple[float, float]]:
    """Points at the distance, on a sphere: off by less than the width of the line."""
    latitude, longitude = math.radians(circle.latitude), math.radians(circle.longitude)
    reach = circle.radius_m / EARTH_M
    for number in range(CIRCLE_POINTS):
        bearing = 2 * math.pi * number / CIRCLE_POINTS
        sine = math.sin(latitude) * math.cos(reach) + math.cos(latitude) * math.sin(reach) * math.cos(bearing)
        lat = math.asin(max(-1.0, min(1.0, sine)))
        east = math.sin(bearing) * math.sin(reach) * math.cos(latitude)
        lon = longitude + math.atan2(east, math.cos(reach) - math.sin(latitude) * math.sin(lat))
        yield round(math.degrees(lon), 4), round(math.degrees(lat), 4)
