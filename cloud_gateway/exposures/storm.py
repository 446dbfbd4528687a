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
from cloud_gateway.exposures.model import Exposure, Place, StormTouch, Sure, Why
from cloud_gateway.warnings.model import Circle, Level
from cloud_gateway.warnings.tracks import Fix, Track

#: Times are found to this step.
STEP_MS = 600_000
GAP_MS = 24 * 3_600_000
#: So many sites are looked at in one go.
BATCH = 1_000
#: Least mean wind in knots (Beaufort 6, 8, 10, 12) against the level of the Chinese typhoon signal with that wind.
LEVELS = ((64.0, Level.EXTREME), (48.0, Level.SEVERE), (34.0, Level.MODERATE), (22.0, Level.MINOR))
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Passage:
    """One site under winds of at least `wind_kt`, from `enters` to `leaves` (ms UTC, to `STEP_MS`).

    `nearest_m` is the least distance of the storm's centre meanwhile, `nearest_at` when. `sure` is POSSIBLE when only
    the error of the forecast position reaches the site.
    """

    site: str
    wind_kt: float
    enters: int
    leaves: int
    nearest_m: float
    sure: Sure
    nearest_at: int = 0


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


def storm_touches(track: Track, places: Sequence[Place], now: int) -> list[StormTouch]:
    """The sites that a storm's winds reach at `now` (ms UTC) or later, each by the strongest wind, with the reason.

    What is sure counts before what is stronger by the error of the position alone.
    """
    best: dict[str, Passage] = {}
    for passage in passages([fix for fix in track.fixes if fix.at > now - GAP_MS], places):
        known = best.get(passage.site)
        if passage.leaves > now and (known is None or _rank(passage) > _rank(known)):
            best[passage.site] = passage
    analysed = max((fix.at for fix in track.fixes if not fix.error_m), default=0)
    return [_touch(passage, track, analysed) for passage in best.values()]


def _rank(passage: Passage) -> tuple[bool, float]:
    return passage.sure is Sure.LIKELY, passage.wind_kt


#: How winds of at least so many knots are called.
WORDS = ((64.0, "hurricane-force"), (48.0, "storm-force"), (34.0, "gale-force"), (0.0, "strong"))


def _touch(passage: Passage, track: Track, analysed: int) -> StormTouch:
    word = next(word for least, word in WORDS if passage.wind_kt >= least)
    kind = "analysed" if passage.enters <= analysed else "forecast"
    if passage.sure is Sure.POSSIBLE:
        kind = f"uncertainty of the {kind}"
    detail = (
        f"within the {kind} radius of {word} wind ({passage.wind_kt:.0f} kt) of {track.name or track.id}"
        f" from {_clock(passage.enters)} to {_clock(passage.leaves)};"
        f" centre nearest at {_clock(passage.nearest_at)}, {passage.nearest_m / 1000:.0f} km"
    )
    level = level_of_wind(passage.wind_kt)
    exposed = Exposure(passage.site, Why.WIND_RADIUS, passage.sure, level, detail, round(passage.nearest_m, 1))
    return StormTouch(exposed, passage.wind_kt, passage.enters, passage.leaves, passage.nearest_at)


def _clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%MZ}"


def _near(tree: shapely.STRtree, before: Fix, after: Fix) -> NDArray[np.intp]:
    """The sites that the winds between two fixes can reach at all."""
    reach = max((max(r.quadrants) for fix in (before, after) for r in fix.radii), default=0.0)
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
    reached = np.minimum.reduceat(distances, starts, axis=1)
    nearest, when = reached.min(axis=0), times[reached.argmin(axis=0)]
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
            near = float(nearest[number]), sure, int(when[number])
            yield int(number), Passage("", wind_kt, int(held[0]), int(held[-1]), *near)


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
    return np.array(next((r.quadrants for r in fix.radii if r.wind_kt == wind_kt), (0.0, 0.0, 0.0, 0.0)))


def _joined(first: Passage, second: Passage) -> Passage:
    """The passage of a site over two stretches of the track; what is sure counts before what is possible."""
    if first.sure is not second.sure:
        return first if first.sure is Sure.LIKELY else second
    enters, leaves = min(first.enters, second.enters), max(first.leaves, second.leaves)
    nearer = min(first, second, key=lambda passage: passage.nearest_m)
    return replace(first, enters=enters, leaves=leaves, nearest_m=nearer.nearest_m, nearest_at=nearer.nearest_at)
