"""The land outline of a scenario's map: a bounded GeoJSON (RFC 7946) of polygons in WGS-84."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

MAX_FILE_BYTES = 8_000_000
MAX_POINTS = 200_000
Position = tuple[float, float]
Ring = list[Position]


class OutlineError(Exception):
    """The file is no outline; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class Box(NamedTuple):
    """West, south, east, north, degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, longitude: float, latitude: float) -> bool:
        """Whether a place lies in the box."""
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north

    def __str__(self) -> str:
        return f"{self.west:.2f} to {self.east:.2f} E, {self.south:.2f} to {self.north:.2f} N"


class Polygon(Struct, frozen=True, tag_field="type", tag="Polygon"):
    """Rings: the outer one, then holes."""

    coordinates: list[Ring]


class MultiPolygon(Struct, frozen=True, tag_field="type", tag="MultiPolygon"):
    """Polygons."""

    coordinates: list[list[Ring]]


class Feature(Struct, frozen=True, tag_field="type", tag="Feature"):
    """One feature of land."""

    geometry: Polygon | MultiPolygon


class FeatureCollection(Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """The whole file; `bbox` is the map's box, else that of the points is taken."""

    features: list[Feature]
    bbox: tuple[float, float, float, float] | None = None


def read_box(path: Path) -> Box:
    """Check an outline and return its box. Raises OutlineError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise OutlineError(f"is larger than {MAX_FILE_BYTES} bytes", "simplify the outline")
        outline = msgspec.json.decode(path.read_bytes(), type=FeatureCollection)
    except (OSError, ValueError) as exc:
        raise OutlineError(
            f"is no outline: {exc}", "give a GeoJSON FeatureCollection of Polygon and MultiPolygon"
        ) from exc
    points = [point for ring in _rings(outline) for point in ring]
    if not 3 < len(points) <= MAX_POINTS:
        raise OutlineError(f"has {len(points)} points", f"give 4 to {MAX_POINTS}")
    if any(abs(longitude) > 180 or abs(latitude) > 90 for longitude, latitude in points):
        raise OutlineError("has a point that is not on the Earth", "write longitude first, then latitude, in degrees")
    longitudes, latitudes = zip(*points, strict=True)
    return Box(*(outline.bbox or (min(longitudes), min(latitudes), max(longitudes), max(latitudes))))


def _rings(outline: FeatureCollection) -> Iterator[Ring]:
    for feature in outline.features:
        shape = feature.geometry
        for polygon in [shape.coordinates] if isinstance(shape, Polygon) else shape.coordinates:
            yield from polygon
