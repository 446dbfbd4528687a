"""Turns the rings and circles of a warning into shapes that sites can be tested against, mending what is broken.

Here x is longitude and y latitude, in degrees WGS-84 within -180 to 180; CAP writes latitude first. An edge of a ring
is straight in latitude and longitude; a circle is geodesic (WGS-84 ellipsoid).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely import MultiPolygon, Polygon, affinity
from shapely.geometry.base import BaseGeometry

from cloud_gateway.warnings.model import Circle

GEOD = Geod(ellps="WGS84")
Ring = Sequence[tuple[float, float]]
Coordinates = NDArray[np.float64]
#: Shorter than any degree of latitude, and than any radius of curvature: bounds of a search, never a distance.
DEGREE_LEAST_M, LEAST_CURVATURE_M = 110_500.0, 6_330_000.0
#: Half the Earth's circumference: no circle is larger.
FARTHEST_M = 20_004_000.0
#: Looking at a ring, and mending it, is quadratic in its crossings: beyond these bounds its convex hull stands for it.
RING_POINTS, MENDED_POINTS, MENDED_CROSSINGS = 20_000, 1_000, 200
MENDED_DETAIL_DEG = 0.001
OUTLINE_STEP_DEG = 0.01


@dataclass(frozen=True)
class Shape:
    """A surface; `repaired` when the ring that was published could not be taken as it stood."""

    surface: BaseGeometry
    repaired: bool = False


def ring_shape(ring: Ring) -> Shape | None:
    """The surface inside a ring ((latitude, longitude), ...); None when it has none or lies off the Earth.

    An edge that goes more than half round the Earth is taken the short way, across the antimeridian; a ring that goes
    all the way round holds the pole that is nearer to it.
    """
    if len(set(ring)) < 3:
        return None
    closed = ring[0] == ring[-1]
    points = np.array(ring if closed else [*ring, ring[0]], dtype=float)[:, ::-1]
    west, south, east, north = _frame(points)
    if not (west >= -360 and east <= 360 and south >= -90 and north <= 90):  # nan is neither
        return None
    mended, repaired = _mend(Polygon(points if east - west <= 180 else _unroll(points)))
    surface = mended if west >= -180 and east - west <= 180 and east <= 180 else _roll(mended)
    return None if surface.is_empty else Shape(surface, repaired or not closed)


def circle_frame(circle: Circle, margin_m: float = 0.0) -> BaseGeometry | None:
    """A box of latitudes and longitudes that holds a geodesic circle and its margin; None without a radius.

    It finds candidates: inside or not is decided by `reach_m` against the radius.
    """
    if not is_usable(circle):
        return None
    reach = circle.radius_m + margin_m
    high = reach / DEGREE_LEAST_M
    south, north = max(circle.latitude - high, -90.0), min(circle.latitude + high, 90.0)
    if south == -90.0 or north == 90.0:
        return shapely.box(-180.0, south, 180.0, north)
    angle = reach / LEAST_CURVATURE_M
    sine = math.sin(angle) / math.cos(math.radians(circle.latitude)) if angle < math.pi / 2 else 1.0
    wide = min(math.degrees(math.asin(min(sine, 1.0))) * 1.02, 180.0) if sine < 0.98 else 180.0
    return _roll(shapely.box(circle.longitude - wide, south, circle.longitude + wide, north))


def is_usable(circle: Circle) -> bool:
    """Whether a circle has a centre on the Earth and a radius."""
    return abs(circle.longitude) <= 360 and abs(circle.latitude) <= 90 and 0.0 < circle.radius_m <= FARTHEST_M


def distances_m(latitude: float, longitude: float, points: Coordinates) -> Coordinates:
    """Geodesic metres from a position to each of `points`, an array (n, 2) of longitude and latitude."""
    return _bearings(latitude, longitude, points)[1]


def reach_m(latitude: float, longitude: float, site: BaseGeometry) -> float:
    """Geodesic metres from a position to the nearest part of a site; 0 inside it."""
    if site.geom_type == "Point":
        return float(distances_m(latitude, longitude, shapely.get_coordinates(site))[0])
    fine = shapely.segmentize(site, OUTLINE_STEP_DEG)
    azimuths, distances = _bearings(latitude, longitude, shapely.get_coordinates(fine))
    # The azimuthal equidistant map about the position keeps all distances from it.
    flat = np.column_stack([distances * np.sin(azimuths), distances * np.cos(azimuths)])
    mapped = shapely.set_coordinates(fine, flat)
    return float(shapely.distance(shapely.Point(0.0, 0.0), mapped))


def gap_m(site: BaseGeometry, surface: BaseGeometry, margin_m: float) -> float:
    """Metres from a site to a surface's nearest edge when that is within `margin_m`, else infinity; 0 inside.

    On a map that is flat and true to scale at the site: for margins of a few kilometres.
    """
    if site.intersects(surface):
        return 0.0
    west, south, east, north = site.bounds
    x_m, y_m = _degrees_in_metres((south + north) / 2)
    wide, high = margin_m / x_m, margin_m / y_m
    near = shapely.clip_by_rect(surface, west - wide, south - high, east + wide, north + high)
    if near.is_empty:
        return math.inf
    gap = float(_scaled(site, x_m, y_m).distance(_scaled(near, x_m, y_m)))
    return gap if gap <= margin_m else math.inf


def margin_degrees(surface: BaseGeometry, margin_m: float) -> float:
    """At least as many degrees as `margin_m` is anywhere along a surface's edges."""
    _, south, _, north = surface.bounds
    highest = min(max(abs(south), abs(north)) + margin_m / DEGREE_LEAST_M, 89.9)
    return margin_m / (DEGREE_LEAST_M * math.cos(math.radians(highest)))


def site_shape(latitude: float, longitude: float, outline: Sequence[Ring]) -> BaseGeometry:
    """A site as matching sees it: its outline where there is one that can be used, else its position."""
    shapes = [shape.surface for ring in outline if (shape := ring_shape(ring))]
    return shapely.union_all(shapes) if shapes else shapely.Point(longitude, latitude)


def _bearings(latitude: float, longitude: float, points: Coordinates) -> tuple[Coordinates, Coordinates]:
    """Azimuth (radians) and distance (m) of each point as seen from a position."""
    count = len(points)
    from_x, from_y = np.full(count, longitude), np.full(count, latitude)
    azimuths, _, distances = GEOD.inv(from_x, from_y, points[:, 0], points[:, 1])
    return np.radians(azimuths), distances


def _frame(points: Coordinates) -> tuple[float, float, float, float]:
    """West, south, east, north."""
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def _unroll(points: Coordinates) -> Coordinates:
    """Longitudes that run on over the antimeridian; a ring round a pole is led over that pole."""
    steps = np.diff(points[:, 0])
    over = (abs(steps) > 180.0) & (abs(steps) < 360.0)  # a step of 360 is no step: the edge of a map of the world
    turns = np.concatenate([[0.0], np.cumsum(np.where(over, -360.0 * np.sign(steps), 0.0))])
    unrolled = np.column_stack([points[:, 0] + turns, points[:, 1]])
    if turns[-1] == 0.0:
        return unrolled
    pole = math.copysign(90.0, points[:, 1].mean())
    return np.vstack([unrolled, (unrolled[-1, 0], pole), (unrolled[0, 0], pole), unrolled[:1]])


def _roll(surface: BaseGeometry) -> BaseGeometry:
    """The same with longitudes within -180 to 180, cut along the antimeridian."""
    west, _, east, _ = surface.bounds if not surface.is_empty else (0.0, 0.0, 0.0, 0.0)
    if west >= -180.0 and east <= 180.0:
        return surface
    turns = range(math.floor((west + 180.0) / 360.0), math.floor((east + 180.0) / 360.0) + 1)
    frame = shapely.box(-180.0, -90.0, 180.0, 90.0)
    pieces = [affinity.translate(surface, xoff=-360.0 * turn).intersection(frame) for turn in turns]
    return _surfaces(shapely.union_all(pieces))


def _mend(polygon: Polygon) -> tuple[BaseGeometry, bool]:
    """A valid surface, and whether it had to be made so. All lobes of a ring that crosses itself are kept."""
    if len(polygon.exterior.coords) <= RING_POINTS and polygon.is_valid:
        return polygon, False
    bounded = _coarse(polygon, RING_POINTS)
    fewer = None if bounded is None else _coarse(bounded, MENDED_POINTS)
    if fewer is None or _is_tangled(fewer):
        return _surfaces(polygon.convex_hull), True
    return _surfaces(shapely.make_valid(fewer, method="structure", keep_collapsed=False)), True


def _coarse(polygon: Polygon, most: int) -> Polygon | None:
    """A ring of `most` points or fewer as it is, a longer one on a grid; None when that leaves too many or no ring.

    (simplify() would be slow where a ring tangles.)
    """
    points = shapely.get_coordinates(polygon)
    if len(points) <= most:
        return polygon
    points = np.round(points / MENDED_DETAIL_DEG) * MENDED_DETAIL_DEG
    moved = np.concatenate([[True], (points[1:] != points[:-1]).any(axis=1)])
    return Polygon(points[moved]) if 3 < moved.sum() <= most else None


def _is_tangled(polygon: Polygon) -> bool:
    points = shapely.get_coordinates(polygon)
    edges = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
    pairs = shapely.STRtree(edges).query(edges, predicate="crosses")
    return bool(pairs.shape[1] / 2 > MENDED_CROSSINGS)


def _surfaces(geometry: BaseGeometry) -> BaseGeometry:
    """Its polygons; lines and points that a repair leaves behind are dropped."""
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    parts += [part for inner in shapely.get_parts(geometry) if isinstance(inner, MultiPolygon) for part in inner.geoms]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _degrees_in_metres(latitude: float) -> tuple[float, float]:
    """Metres of a degree of longitude and of latitude there (series of the WGS-84 ellipsoid)."""
    phi = math.radians(latitude)
    x_m = 111_412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    y_m = 111_132.92 - 559.82 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    return max(x_m, 1.0), y_m


def _scaled(geometry: BaseGeometry, x_m: float, y_m: float) -> BaseGeometry:
    return affinity.scale(geometry, x_m, y_m, origin=(0.0, 0.0))
