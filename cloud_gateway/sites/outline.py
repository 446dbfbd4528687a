"""A site's outline as GeoJSON (RFC 7946) and as the rings that matching uses."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

Rings = tuple[tuple[tuple[float, float], ...], ...]
#: An outline is some buildings, not a coast.
POINTS_MOST = 2_000
Position = list[float]


class Point(msgspec.Struct, frozen=True, tag_field="type", tag="Point"):
    """GeoJSON Point: longitude, latitude, perhaps height."""

    coordinates: Position


class Polygon(msgspec.Struct, frozen=True, tag_field="type", tag="Polygon"):
    """GeoJSON Polygon: its shell, then holes."""

    coordinates: list[list[Position]]


class MultiPolygon(msgspec.Struct, frozen=True, tag_field="type", tag="MultiPolygon"):
    """GeoJSON MultiPolygon."""

    coordinates: list[list[list[Position]]]


Geometry = Point | Polygon | MultiPolygon
_decoder = msgspec.json.Decoder(Polygon | MultiPolygon)


class OutlineRefused(ValueError):
    """An outline cannot be used; the text says why."""


def rings_of(geometry: Geometry) -> Rings:
    """The shells as closed rings ((latitude, longitude), ...); none for a Point. Raises OutlineRefused."""
    if isinstance(geometry, Point):
        return ()
    polygons = [geometry.coordinates] if isinstance(geometry, Polygon) else geometry.coordinates
    if not polygons or any(not polygon for polygon in polygons):
        raise OutlineRefused("a polygon has no ring")
    if sum(len(polygon[0]) for polygon in polygons) > POINTS_MOST:
        raise OutlineRefused(f"the outline has more than {POINTS_MOST} points")
    return tuple(_shell(polygon[0]) for polygon in polygons)


def read_outline(text: str) -> Rings:
    """The rings of an outline as it is stored; "" has none. Raises OutlineRefused."""
    if not text:
        return ()
    try:
        return rings_of(_decoder.decode(text))
    except msgspec.MsgspecError as exc:
        raise OutlineRefused(f"no GeoJSON Polygon or MultiPolygon: {exc}") from exc


def write_outline(rings: Rings) -> str:
    """Rings as the GeoJSON text that is stored."""
    if not rings:
        return ""
    polygons = [[[[longitude, latitude] for latitude, longitude in ring]] for ring in rings]
    shape = Polygon(polygons[0]) if len(polygons) == 1 else MultiPolygon(polygons)
    return msgspec.json.encode(shape).decode()


def move_rings(rings: Rings, move: Callable[[float, float], tuple[float, float]]) -> Rings:
    """The rings with every position changed by `move(latitude, longitude)`."""
    return tuple(tuple(move(latitude, longitude) for latitude, longitude in ring) for ring in rings)


def middle_of(rings: Rings) -> tuple[float, float]:
    """A position for a site that is known by its outline: the middle of the outline's frame."""
    latitudes = [latitude for ring in rings for latitude, _ in ring]
    longitudes = [longitude for ring in rings for _, longitude in ring]
    return (min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2


def _shell(ring: list[Position]) -> tuple[tuple[float, float], ...]:
    if any(len(position) < 2 or not _is_on_earth(position) for position in ring):
        raise OutlineRefused("a position is not longitude and latitude in degrees")
    points = tuple((position[1], position[0]) for position in ring)
    if len(set(points)) < 3:
        raise OutlineRefused("a ring has fewer than three corners")
    return points if points[0] == points[-1] else (*points, points[0])


def _is_on_earth(position: Position) -> bool:
    longitude, latitude = position[:2]
    return math.isfinite(longitude) and math.isfinite(latitude) and abs(latitude) <= 90 and abs(longitude) <= 180
