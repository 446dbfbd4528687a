"""Whether an outline can be that of an insured site: not crossing itself, not huge, not far from its position. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import shapely
from pyproj import Geod

from cloud_gateway.exposures.geometry import reach_m
from cloud_gateway.sites.corners import Doubt
from cloud_gateway.sites.outline import Rings
from edge_agent.web.words import _

GEOD = Geod(ellps="WGS84")
#: Larger than any works or harbour that is insured as one site.
ACROSS_MOST_M = 50_000.0
#: A position farther from its outline belongs to another place.
APART_MOST_M = 5_000.0
_PLACE = re.compile(r"\[(-?[\d.]+) (-?[\d.]+)\]")


def judge_outline(rings: Rings, latitude: float, longitude: float) -> Doubt | None:
    """The first thing that is wrong with rings ((latitude, longitude), ...) of a site at that position, WGS-84."""
    return next(_doubts(rings, latitude, longitude), None)


def _doubts(rings: Rings, latitude: float, longitude: float) -> Iterator[Doubt]:
    for ring in rings:
        if (across := _across_m(ring)) > ACROSS_MOST_M:
            text = _("The outline is %(size)s km across; a site has at most %(most)s km.")
            values = (("size", f"{across / 1000:,.0f}"), ("most", f"{ACROSS_MOST_M / 1000:.0f}"))
            yield Doubt("outline", text, _("Look for a corner in the wrong place, or for a wrong digit."), values)
    pieces = [shapely.Polygon([(east, north) for north, east in ring]) for ring in rings]
    yield from (_crossing(piece) for piece in pieces if not piece.is_valid or not piece.area)
    if pieces and reach_m(latitude, longitude, shapely.union_all(pieces)) > APART_MOST_M:
        text = _("The outline lies more than %(most)s km from the position.")
        remedy = _("Move the point into the outline, or draw the outline anew.")
        yield Doubt("outline", text, remedy, (("most", f"{APART_MOST_M / 1000:.0f}"),))


def _crossing(piece: shapely.Polygon) -> Doubt:
    found = _PLACE.search(shapely.is_valid_reason(piece))
    if found is None or not piece.convex_hull.area:
        return Doubt("outline", _("The outline has no inside."), _("Give corners that do not lie on one line."))
    where = f"{float(found[2]):.5f}, {float(found[1]):.5f}"
    remedy = _("Put the corners in the order in which you would walk round the site.")
    return Doubt("outline", _("The outline crosses itself near %(where)s."), remedy, (("where", where),))


def _across_m(ring: tuple[tuple[float, float], ...]) -> float:
    """Metres from the south-western to the north-eastern corner of its frame."""
    norths, easts = [north for north, _east in ring], [east for _north, east in ring]
    return float(GEOD.inv(min(easts), min(norths), max(easts), max(norths))[2])
