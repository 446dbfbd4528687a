"""Which sites the winds of a tropical cyclone reach, when, and how strong, from its track and wind radii.

A radius holds for its whole quadrant, as forecast centres state it (the farthest reach of that wind there). Between
two fixes the centre moves evenly along the geodesic and each radius changes evenly; a wind that one of the fixes does
not have grows from nothing or shrinks to nothing. Nothing is said across a gap of more than `GAP_MS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from cloud_gateway.exposures.geometry import GEOD, circle_frame, site_shape
from cloud_gateway.exposures.model import Exposure, Place, Sure, Why
from cloud_gateway.warnings.model import Circle, Level

#: Times are found to this step.
STEP_MS = 600_000
GAP_MS = 24 * 3_600_000
#: So many sites are looked at in one go.
BATCH = 1_000
#: Least mean wind in knots (Beaufort 6, 8, 10, 12) against the level of the Chinese typhoon signal with that wind.
LEVELS = ((64.0, Level.EXTREME), (48.0, Level.SEVERE), (34.0, Level.MODERATE), (22.0, Level.MINOR))
#: Beaufort numbers of the wind circles that Chinese bulletins state, against the knots they stand for.
BEAUFORT_KT = {7: 28.0, 8: 34.0, 10: 48.0, 12: 64.0}
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Radii:
    """How far winds of at least `wind_kt` reach, in metres, by quadrant."""

    wind_kt: float
    northeast_m: float
    southeast_m: float
    southwest_m: float
    northwest_m: float

    @property
    def quadrants(self) -> Numbers:
        """Clockwise from north."""
        return np.array([self.northeast_m, self.southeast_m, self.southwest_m, self.northwest_m])


def beaufort_radii(number: int, *quadrants_km: float) -> Radii:
    """Wind circles as Chinese bulletins state them: for force 7, 10 or 12, in km, clockwise from northeast."""
    northeast, southeast, southwest, northwest = (1000.0 * km for km in quadrants_km)
    return Radii(BEAUFORT_KT[number], northeast, southeast, southwest, northwest)


@dataclass(frozen=True)
class Fix:
    """Where a storm is at a time (ms UTC). `error_m` is how far off a forecast position may be."""

    at: int
    latitude: float
    longitude: float
    radii: tuple[Radii, ...] = ()
    error_m: float = 0.0


@dataclass(frozen=True)
class Passage:
    """One site under winds of at least `wind_kt`, from `enters` to `leaves` (ms UTC, to `STEP_MS`).

    `nearest_m` is the least distance of the storm's centre meanwhile. `sure` is POSSIBLE when only the error of the
    forecast position reaches the site.
    """

    site: str
    wind_kt: float
    enters: int
    leaves: int
    nearest_m: float
    sure: Sure


def level_of_wind(wind_kt: float) -> Level:
    """How grave a mean wind is."""
    return next((level for least, level in LEVELS if wind_kt >= least), Level.NONE)


def passages(track: Sequence[Fix], places: Sequence[Place]) -> list[Passage]:
    """For each site and wind that reaches it: from when to when, by site and wind.

    A site with an outline is inside when a corner of it is; one that is left and reached again has one passage.
    """
    fixes = sorted(track, key=lambda fix: fix.at)
    sites = np.array([site_shape(p.latitude, p.longitude, p.outline) for p in places], dtype=object)
    tree = shapely.STRtree(sites)
    found: dict[tuple[int, float], Passage] = {}
    for before, after in pairwise(fixes):
        if after.at - before.at <= GAP_MS:
            near = _near(tree, before, after)
            for part in (near[start : start + BATCH] for start in range(0, len(near), BATCH)):
                for place, passage in _between(before, after, sites[part]):
                    key = (int(part[place]), passage.wind_kt)
                    named = replace(passage, site=places[key[0]].site)
                    found[key] = _joined(found[key], named) if key in found else named
    return [found[key] for key in sorted(found)]


def storm_exposures(crossed: Iterable[Passage]) -> list[Exposure]:
    """One exposure for each site, of the strongest wind that reaches it; surer before stronger by error alone."""
    best: dict[str, Passage] = {}
    for passage in crossed:
        known = best.get(passage.site)
        if known is None or (passage.sure is Sure.LIKELY, passage.wind_kt) > (known.sure is Sure.LIKELY, known.wind_kt):
            best[passage.site] = passage
    return [_exposure(passage) for passage in best.values()]


def _exposure(passage: Passage) -> Exposure:
    times = " - ".join(
        f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%MZ}" for at in (passage.enters, passage.leaves)
    )
    detail = f"{passage.wind_kt:.0f} kt, {times}"
    level = level_of_wind(passage.wind_kt)
    return Exposure(passage.site, Why.WIND_RADIUS, passage.sure, level, detail, round(passage.nearest_m, 1))


def _near(tree: shapely.STRtree, before: Fix, after: Fix) -> NDArray[np.intp]:
    """The sites that the winds between two fixes can reach at all."""
    reach = max((float(r.quadrants.max()) for fix in (before, after) for r in fix.radii), default=0.0)
    if reach <= 0:
        return np.zeros(0, dtype=np.intp)
    way = GEOD.inv(before.longitude, before.latitude, after.longitude, after.latitude)[2]
    around = Circle(before.latitude, before.longitude, reach + way + max(before.error_m, after.error_m))
    frame = circle_frame(around)
    return np.zeros(0, dtype=np.intp) if frame is None else np.asarray(tree.query(frame, "intersects"))


def _between(before: Fix, after: Fix, sites: NDArray[np.object_]) -> Iterable[tuple[int, Passage]]:
    """The passages of sites between two fixes, each with the site's number among these."""
    corners, owners = shapely.get_coordinates(sites, return_index=True)
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    times = np.union1d(np.arange(before.at, after.at, STEP_MS), [after.at])
    shares = ((times - before.at) / max(after.at - before.at, 1))[:, None]
    distances, quadrants = _seen(before, after, shares, corners)
    nearest = np.minimum.reduceat(distances, starts, axis=1).min(axis=0)
    errors = before.error_m + shares * (after.error_m - before.error_m)
    for wind_kt in sorted({r.wind_kt for fix in (before, after) for r in fix.radii}):
        start, end = _radii(before, wind_kt), _radii(after, wind_kt)
        reach = start[quadrants] + shares * (end - start)[quadrants]
        inside = np.logical_or.reduceat((distances <= reach) & (reach > 0), starts, axis=1)
        perhaps = np.logical_or.reduceat((distances <= reach + errors) & (reach > 0), starts, axis=1)
        for number in np.flatnonzero(perhaps.any(axis=0)):
            is_sure = bool(inside[:, number].any())
            held = times[(inside if is_sure else perhaps)[:, number]]
            sure = Sure.LIKELY if is_sure else Sure.POSSIBLE
            yield int(number), Passage("", wind_kt, int(held[0]), int(held[-1]), float(nearest[number]), sure)


def _seen(before: Fix, after: Fix, shares: Numbers, corners: Numbers) -> tuple[Numbers, NDArray[np.intp]]:
    """Distance (m) and quadrant of each corner as seen from the storm's centre, by share of the way and corner."""
    azimuth, _, way = GEOD.inv(before.longitude, before.latitude, after.longitude, after.latitude)
    count = len(shares)
    begun = np.full(count, before.longitude), np.full(count, before.latitude)
    x, y, _ = GEOD.fwd(*begun, np.full(count, azimuth), way * shares[:, 0])
    shape = (count, len(corners))
    from_x, from_y = np.repeat(x, len(corners)), np.repeat(y, len(corners))
    to_x, to_y = np.tile(corners[:, 0], count), np.tile(corners[:, 1], count)
    bearings, _, distances = GEOD.inv(from_x, from_y, to_x, to_y)
    quadrants = (np.mod(bearings, 360.0) // 90.0).astype(np.intp) % 4
    return distances.reshape(shape), quadrants.reshape(shape)


def _radii(fix: Fix, wind_kt: float) -> Numbers:
    """The quadrants of one wind at a fix; zeros when it has none."""
    return next((r.quadrants for r in fix.radii if r.wind_kt == wind_kt), np.zeros(4))


def _joined(first: Passage, second: Passage) -> Passage:
    """The passage of a site over two stretches of the track; what is sure counts before what is possible."""
    if first.sure is not second.sure:
        return first if first.sure is Sure.LIKELY else second
    enters, leaves = min(first.enters, second.enters), max(first.leaves, second.leaves)
    return Passage(first.site, first.wind_kt, enters, leaves, min(first.nearest_m, second.nearest_m), first.sure)
