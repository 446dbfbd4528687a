"""GeoJSON geometries (RFC 7946: longitude first) as the rings and circles of an area (latitude first)."""

from __future__ import annotations

import math
from typing import TypeVar

import msgspec

from cloud_gateway.warnings.model import Finding, Refused

MAX_POINTS = 100_000
Ring = tuple[tuple[float, float], ...]
_Rings = list[list[list[float]]]
Coordinates = TypeVar("Coordinates")


class Geometry(msgspec.Struct, frozen=True):
    """A geometry as it stands in a feature; its coordinates are read by type."""

    type: str = ""
    coordinates: msgspec.Raw = msgspec.Raw(b"[]")


def read_rings(geometry: Geometry | None) -> tuple[tuple[Ring, ...], tuple[Finding, ...]]:
    """The outer rings, closed, of a Polygon or MultiPolygon; none for another type.

    CAP knows no holes: they are left out, with a finding, so that the area is rather too large. Raises Refused: more
    than MAX_POINTS points, or no lists of numbers.
    """
    polygons = _polygons(geometry)
    if sum(len(ring) for polygon in polygons for ring in polygon) > MAX_POINTS:
        raise Refused("too_many_points", "geometry", f"more than {MAX_POINTS} points", "Ask for a simpler outline")
    rings = [_ring(polygon[0]) for polygon in polygons if polygon]
    kept = tuple(ring for ring in rings if ring)
    findings = []
    if any(len(polygon) > 1 for polygon in polygons):
        findings.append(Finding("holes_left_out", "geometry", "holes of the outline are taken as inside", "note"))
    if len(kept) < len(polygons):
        findings.append(Finding("bad_polygon", "geometry", "an outline without a sound ring is left out", "doubtful"))
    return kept, tuple(findings)


def read_point(geometry: Geometry | None) -> tuple[float, float] | None:
    """(latitude, longitude) of a Point; None for another type or one that is off the globe. Raises Refused."""
    if geometry is None or geometry.type != "Point":
        return None
    longitude, latitude = (*_decode(geometry.coordinates, list[float]), math.nan, math.nan)[:2]
    return (latitude, longitude) if -90 <= latitude <= 90 and -180 <= longitude <= 180 else None


def _polygons(geometry: Geometry | None) -> list[_Rings]:
    if geometry is not None and geometry.type == "Polygon":
        return [_decode(geometry.coordinates, _Rings)]
    if geometry is not None and geometry.type == "MultiPolygon":
        return _decode(geometry.coordinates, list[_Rings])
    return []


def _decode(raw: msgspec.Raw, kind: type[Coordinates]) -> Coordinates:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as exc:
        text = f"the coordinates are no lists of numbers: {exc}"
        raise Refused("bad_entry", "geometry.coordinates", text, "Ask the publisher for a correct message") from exc


def close_ring(points: list[tuple[float, float]]) -> Ring:
    """The (latitude, longitude) points as a closed ring; empty when one is off the globe or fewer than three differ."""
    on_globe = all(-90 <= latitude <= 90 and -180 <= longitude <= 180 for latitude, longitude in points)
    if not on_globe or len(set(points)) < 3:
        return ()
    return tuple(points) if points[0] == points[-1] else (*points, points[0])


def _ring(points: list[list[float]]) -> Ring:
    sound = [(float(point[1]), float(point[0])) for point in points if len(point) > 1]
    return close_ring(sound) if len(sound) == len(points) else ()
