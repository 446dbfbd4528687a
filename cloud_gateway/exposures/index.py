"""Finds the insured sites that a warning touches: by drawn area, by circle, by code, each with why and how sure.

What is drawn decides. Codes beside a sound drawing are the issuer's rougher words for the same place (a whole county
around a storm's polygon) and are left alone; they count where nothing is drawn, or the drawing had to be repaired.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from cloud_gateway.exposures.codes import Code, lineage
from cloud_gateway.exposures.geometry import (
    Shape,
    circle_frame,
    distances_m,
    gap_m,
    margin_degrees,
    reach_m,
    ring_shape,
    site_shape,
)
from cloud_gateway.exposures.model import REASONS, SURENESS, Exposure, Place, Sure, Why
from cloud_gateway.warnings.model import Alert, Area, Circle, Finding, Geocode, Info, Level

#: Published polygons are commonly rounded to 0.01 degree: a site this near outside an edge may well be meant.
MARGIN_M = 1_000.0
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Hit:
    """One reason why a site, known by its number in the index, is touched."""

    number: int
    why: Why
    sure: Sure
    detail: str
    distance_m: float = 0.0
    repaired: bool = False

    @property
    def rank(self) -> tuple[int, int, float]:
        """Smaller is the better reason."""
        return SURENESS.index(self.sure), REASONS.index(self.why), self.distance_m


@dataclass(frozen=True)
class Match:
    """The sites an alert touches, by their order in the index, and what was wrong with its areas."""

    exposures: tuple[Exposure, ...]
    findings: tuple[Finding, ...]


class SiteIndex:
    """All sites, ready to be asked which of them a warning touches. It never changes; build another for other sites."""

    def __init__(self, places: Sequence[Place], margin_m: float = MARGIN_M) -> None:
        self._places = tuple(places)
        self._margin_m = margin_m
        self._sites = np.array([site_shape(p.latitude, p.longitude, p.outline) for p in places], dtype=object)
        self._is_point = shapely.get_type_id(self._sites) == 0 if places else np.zeros(0, dtype=bool)
        self._positions = np.array([(p.longitude, p.latitude) for p in places], dtype=float).reshape(-1, 2)
        self._tree = shapely.STRtree(self._sites)
        self._own: dict[Code, list[int]] = defaultdict(list)
        self._within: dict[Code, list[int]] = defaultdict(list)
        for number, place in enumerate(places):
            self._note_codes(number, place)

    def touched_by(self, alert: Alert) -> list[Exposure]:
        """One exposure for each site touched: its best reason, and the gravest level of the infos that touch it."""
        return list(self.match(alert).exposures)

    def match(self, alert: Alert) -> Match:
        """The same, with what was wrong with the alert's areas."""
        best: dict[int, Hit] = {}
        levels: dict[int, Level] = {}
        findings: dict[Finding, None] = {}
        known: dict[Area, list[Hit]] = {}  # languages repeat the same areas
        for info in alert.infos:
            for area in info.areas if warns(info) else ():
                hits = known.get(area)
                if hits is None:
                    hits = known[area] = self._hits(area, findings)
                for hit in hits:
                    levels[hit.number] = max(levels.get(hit.number, Level.NONE), info.level)
                    if hit.number not in best or hit.rank < best[hit.number].rank:
                        best[hit.number] = hit
        exposures = tuple(self._exposure(best[number], levels[number]) for number in sorted(best))
        return Match(exposures, tuple(findings))

    def _exposure(self, hit: Hit, level: Level) -> Exposure:
        site = self._places[hit.number].site
        return Exposure(site, hit.why, hit.sure, level, hit.detail, round(hit.distance_m, 1), hit.repaired)

    def _hits(self, area: Area, findings: dict[Finding, None]) -> list[Hit]:
        shapes = [ring_shape(ring) for ring in area.polygons]
        frames = [circle_frame(circle, self._margin_m) for circle in area.circles]
        sound = all(shape and not shape.repaired for shape in shapes) and all(frame is not None for frame in frames)
        drawn = any(shapes) or any(frame is not None for frame in frames)
        findings.update(dict.fromkeys(_doubts(area, shapes, frames)))
        hits = [hit for shape in shapes if shape for hit in self._in_shape(shape, area)]
        pairs = zip(area.circles, frames, strict=True)
        hits += [hit for circle, frame in pairs if frame is not None for hit in self._in_circle(circle, frame, area)]
        if not (drawn and sound):
            hits += [hit for geocode in area.geocodes for hit in self._by_code(geocode, area)]
        return [_doubted(hit) for hit in hits] if area.is_assumed else hits

    def _in_shape(self, shape: Shape, area: Area) -> Iterable[Hit]:
        sure = Sure.LIKELY if shape.repaired else Sure.CERTAIN
        margin = margin_degrees(shape.surface, self._margin_m)
        for surface in _beside_the_antimeridian(shape.surface, margin):
            near = self._tree.query(surface, "dwithin", distance=margin)
            if not len(near):
                continue
            shapely.prepare(surface)
            inside = shapely.intersects(surface, self._sites[near])
            for number in near[inside]:
                yield Hit(int(number), Why.POLYGON, sure, area.description, repaired=shape.repaired)
            for number in near[~inside]:
                gap = gap_m(self._sites[number], surface, self._margin_m)
                if gap <= self._margin_m:
                    yield Hit(int(number), Why.POLYGON, Sure.LIKELY, area.description, gap, shape.repaired)

    def _in_circle(self, circle: Circle, frame: BaseGeometry, area: Area) -> Iterable[Hit]:
        near = self._tree.query(frame, "intersects")
        for number, reach in zip(near, self._reaches(circle, near), strict=True):
            gap = max(reach - circle.radius_m, 0.0)
            if gap <= self._margin_m:
                sure = Sure.LIKELY if gap else Sure.CERTAIN
                yield Hit(int(number), Why.CIRCLE, sure, area.description, gap)

    def _reaches(self, circle: Circle, numbers: Numbers) -> NDArray[np.float64]:
        """Metres from the circle's centre to each site."""
        reaches = distances_m(circle.latitude, circle.longitude, self._positions[numbers])
        for place in np.flatnonzero(~self._is_point[numbers]):
            reaches[place] = reach_m(circle.latitude, circle.longitude, self._sites[numbers[place]])
        return reaches

    def _by_code(self, geocode: Geocode, area: Area) -> Iterable[Hit]:
        """Sites of that very code, sites inside it, and sites of which only the next larger area is known."""
        own, *wider = lineage(geocode.scheme, geocode.code)
        detail = f"{area.description} ({geocode.scheme} {geocode.code})".strip()
        for number in self._own.get(own, ()):
            yield Hit(number, Why.GEOCODE, Sure.CERTAIN, detail)
        for number in self._within.get(own, ()):
            yield Hit(number, Why.PARENT_GEOCODE, Sure.LIKELY, detail)
        for number in self._own.get(wider[0], ()) if wider and wider[0].text else ():
            yield Hit(number, Why.GEOCODE, Sure.POSSIBLE, detail)

    def _note_codes(self, number: int, place: Place) -> None:
        lineages = [lineage(scheme, code) for scheme, code in place.geocodes]
        for code in {codes[0] for codes in lineages}:
            self._own[code].append(number)
        for code in {code for codes in lineages for code in codes[1:]}:
            self._within[code].append(number)


def _doubted(hit: Hit) -> Hit:
    """By a place that the message does not name nothing is certain."""
    return replace(hit, sure=Sure.LIKELY) if hit.sure is Sure.CERTAIN else hit


def warns(info: Info) -> bool:
    """Whether an info says of its areas that there is something to fear.

    Not the green level, not an all-clear, not the areas that a Canadian update (CAP-CP) names as ended.
    """
    if info.level is Level.NONE or "AllClear" in info.response_types:
        return False
    return not any(
        name.endswith(":Alert_Location_Status") and value.strip().lower() == "ended" for name, value in info.parameters
    )


def _doubts(area: Area, shapes: Sequence[Shape | None], frames: Sequence[BaseGeometry | None]) -> Iterable[Finding]:
    """What is wrong with the drawing of an area; its geocodes then count beside it."""
    where = area.description or "area"
    if any(shape is None for shape in shapes):
        yield Finding(
            "polygon-unusable", "polygon", f"{where}: a polygon has no inside or lies off the Earth", "doubtful"
        )
    if any(shape is not None and shape.repaired for shape in shapes):
        yield Finding("polygon-repaired", "polygon", f"{where}: a polygon was open or crossed itself", "repaired")
    if any(frame is None for frame in frames):
        yield Finding("circle-unusable", "circle", f"{where}: a circle has no radius or lies off the Earth", "doubtful")
    if not (any(shapes) or any(frame is not None for frame in frames) or area.geocodes):
        yield Finding("area-unplaced", "area", f"{where}: known by its words only; no site can be found", "doubtful")


def _beside_the_antimeridian(surface: BaseGeometry, margin_deg: float) -> Iterable[BaseGeometry]:
    """The surface, and it again from the other side where its margin reaches over the antimeridian."""
    yield surface
    west, _, east, _ = surface.bounds
    if east + margin_deg > 180.0:
        yield affinity.translate(surface, xoff=-360.0)
    if west - margin_deg < -180.0:
        yield affinity.translate(surface, xoff=360.0)
