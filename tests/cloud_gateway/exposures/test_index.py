"""Which sites a warning touches, why, and how sure."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.exposures.index import MARGIN_M, SiteIndex
from cloud_gateway.exposures.model import Place, Sure, Why
from cloud_gateway.warnings.model import Alert, Area, Color, Geocode, Level, Severity
from tests.cloud_gateway.exposures.places import (
    GEOD,
    SQUARE,
    Ring,
    alert,
    circled,
    coded,
    drawn,
    edge_distance_m,
    info,
    inside,
    place,
)

PUDONG = place("pudong", 31.22, 121.54, ("adcode", "310115"), ("SAME", "045019"))
BOWTIE: Ring = ((31.0, 121.0), (32.0, 122.0), (31.0, 122.0), (32.0, 121.0), (31.0, 121.0))
positions = st.tuples(st.floats(-80, 80), st.floats(-170, 170))


@st.composite
def fields(draw: st.DrawFn) -> tuple[Ring, list[Place]]:
    """A ring that is star-shaped about its centre, and sites in and around it."""
    latitude, longitude = draw(positions)
    spokes = draw(st.lists(st.floats(0.02, 1.0), min_size=3, max_size=12))
    angles = [2 * math.pi * n / len(spokes) for n in range(len(spokes))]
    corners = [(latitude + r * math.sin(a), longitude + r * math.cos(a)) for r, a in zip(spokes, angles, strict=True)]
    offsets = draw(st.lists(st.tuples(st.floats(-1.1, 1.1), st.floats(-1.1, 1.1)), min_size=1, max_size=12))
    sites = [place(f"s{n}", latitude + dy, longitude + dx) for n, (dy, dx) in enumerate(offsets)]
    return (*corners, corners[0]), sites


def found(alert_: Alert, *sites: Place) -> dict[str, tuple[Why, Sure]]:
    """{site: why and how sure}."""
    return {e.site: (e.why, e.sure) for e in SiteIndex(sites).touched_by(alert_)}


@given(fields())
@settings(max_examples=25, deadline=None)
def test_polygon_touches_what_a_plain_scan_finds(field: tuple[Ring, list[Place]]) -> None:
    ring, sites = field
    touched = SiteIndex(sites).touched_by(drawn(ring))
    distances = {site.site: edge_distance_m(ring, site) for site in sites}
    clear = {name for name, distance in distances.items() if distance > 0.001}
    certain = {e.site for e in touched if e.sure is Sure.CERTAIN}
    assert certain & clear == {s.site for s in sites if inside(ring, s)} & clear
    beside = {e.site: e.distance_m for e in touched if e.sure is Sure.LIKELY and e.site in clear}
    near = {s.site for s in sites if not inside(ring, s) and distances[s.site] <= MARGIN_M * 0.98} & clear
    assert near <= set(beside)
    assert all(abs(distance - distances[name]) <= 30 for name, distance in beside.items())


@given(positions, st.floats(1, 2_000_000), st.lists(positions, min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_circle_touches_what_a_plain_scan_finds(
    centre: tuple[float, float], radius_m: float, sites: list[tuple[float, float]]
) -> None:
    places = [place(f"s{n}", *position) for n, position in enumerate(sites)]
    gaps = {p.site: GEOD.inv(centre[1], centre[0], p.longitude, p.latitude)[2] - radius_m for p in places}
    touched = {e.site: e.sure for e in SiteIndex(places).touched_by(circled(*centre, radius_m))}
    assert touched == {site: Sure.CERTAIN if gap <= 0 else Sure.LIKELY for site, gap in gaps.items() if gap <= MARGIN_M}


@pytest.mark.parametrize(
    ("given_alert", "site", "expected"),
    [
        (drawn(SQUARE), place("in", 31.5, 121.5), (Why.POLYGON, Sure.CERTAIN)),
        (drawn(SQUARE), place("edge", 31.5, 122.005), (Why.POLYGON, Sure.LIKELY)),
        (drawn(SQUARE[:-1]), place("open ring", 31.5, 121.5), (Why.POLYGON, Sure.LIKELY)),
        (drawn(BOWTIE), place("first lobe", 31.5, 121.2), (Why.POLYGON, Sure.LIKELY)),
        (drawn(BOWTIE), place("second lobe", 31.5, 121.8), (Why.POLYGON, Sure.LIKELY)),
        (circled(31.0, 121.0, 1_000.0), place("beside", 31.0, 121.019), (Why.CIRCLE, Sure.LIKELY)),
        (coded("adcode", "310115"), PUDONG, (Why.GEOCODE, Sure.CERTAIN)),
        (coded("CPEAS Geographic Code", "310115000000"), PUDONG, (Why.GEOCODE, Sure.CERTAIN)),
        (coded("adcode", "310000"), PUDONG, (Why.PARENT_GEOCODE, Sure.LIKELY)),
        (coded("CPEAS Geographic Code", "310115104000"), PUDONG, (Why.GEOCODE, Sure.POSSIBLE)),
        (coded("UGC", "SCC019"), PUDONG, (Why.GEOCODE, Sure.CERTAIN)),
        (coded("SAME", "045000"), PUDONG, (Why.PARENT_GEOCODE, Sure.LIKELY)),
        (coded("SAME", "145019"), PUDONG, (Why.GEOCODE, Sure.POSSIBLE)),
        (drawn(((31.0, 121.0),) * 4, codes=[("adcode", "310115")]), PUDONG, (Why.GEOCODE, Sure.CERTAIN)),
        (drawn(BOWTIE, codes=[("adcode", "310115")]), place("off", 20, 110, ("adcode", "310115")),
         (Why.GEOCODE, Sure.CERTAIN)),
    ],
    ids=["inside", "just outside", "open ring", "lobe 1", "lobe 2", "beside a circle", "own code", "12 digits",
         "province", "town", "UGC for SAME", "state", "part of county", "degenerate falls to code",
         "repaired: codes count too"],
)  # fmt: skip
def test_site_is_touched(given_alert: Alert, site: Place, expected: tuple[Why, Sure]) -> None:
    assert found(given_alert, site) == {site.site: expected}


@pytest.mark.parametrize(
    ("given_alert", "site"),
    [
        (drawn(SQUARE), place("far", 31.5, 122.02)),
        (drawn(SQUARE, codes=[("adcode", "310115")]), place("far", 20, 110, ("adcode", "310115"))),
        (coded("adcode", "310104"), PUDONG),
        (coded("adcode", "320000"), PUDONG),
        (coded("SAME", "045021"), PUDONG),
        (coded("UGC", "SCZ019"), PUDONG),
        (coded("EMMA_ID", "310115"), PUDONG),
        (circled(31.22, 121.54, 0.0), PUDONG),
        (drawn(((31.22, 121.54),) * 4), PUDONG),
        (drawn(((131.0, 31.0), (131.0, 32.0), (132.0, 32.0), (131.0, 31.0))), PUDONG),
        (alert(info(Area("Pudong"))), PUDONG),
        (alert(info(Area("Drawn", (SQUARE,)), color=Color.GREEN)), PUDONG),
        (alert(info(Area("Drawn", (SQUARE,)), response_types=("AllClear",))), PUDONG),
        (alert(info(Area("Drawn", (SQUARE,)), parameters=(("layer:EC-MSC-SMC:1.0:Alert_Location_Status", "ended"),))),
         PUDONG),
    ],
    ids=["outside", "code beside a sound drawing", "other county", "other province", "other US county", "zone",
         "other scheme", "no radius", "a point", "off the Earth", "words only", "green", "all clear", "ended"],
)  # fmt: skip
def test_site_is_not_touched(given_alert: Alert, site: Place) -> None:
    assert found(given_alert, site) == {}


def box(south: float, west: float, north: float, east: float) -> Ring:
    return (south, west), (south, east), (north, east), (north, west), (south, west)


@pytest.mark.parametrize(
    ("site", "ring", "away"),
    [
        (place("east", -17.0, 179.5), box(-18, 179, -16, -179), place("away", -17, 0)),
        (place("west", -17.0, -179.5), box(-18, 179, -16, -179), place("away", -17, 0)),
        (place("beyond", -17.0, -179.5), box(-18, 179, -16, 181), place("away", -17, 0)),
        (place("margin", -17.0, 179.995), box(-18, -180, -16, -179), place("away", -17, 179.9)),
        (place("pole", 89.0, 10.0), ((70.0, 0.0), (70.0, 120.0), (70.0, -120.0), (70.0, 0.0)), place("away", 69, 10)),
        (place("south", -89.0, 9.0), ((-70, 0), (-70, -120), (-70, 120), (-70, 0)), place("away", 89, 9)),
        (place("world", 10.0, 10.0), box(-80, -180, 80, 180), place("away", 85, 10)),
    ],
    ids=["east of it", "west of it", "beyond 180", "margin over it", "pole", "south pole", "all longitudes"],
)  # fmt: skip
def test_antimeridian_and_poles(site: Place, ring: Ring, away: Place) -> None:
    assert list(found(drawn(ring), site, away)) == [site.site]


@pytest.mark.parametrize(
    ("given_alert", "site"),
    [
        (circled(89.9, 0.0, 50_000.0), place("over the pole", 89.9, 180.0)),
        (circled(0.0, 179.9, 30_000.0), place("over the antimeridian", 0.0, -179.9)),
        (circled(60.0, 10.0, 10_000_000.0), place("a quarter round", -29.0, 10.0)),
    ],
    ids=lambda value: value.site if isinstance(value, Place) else "",
)
def test_circles_at_the_ends_of_the_map(given_alert: Alert, site: Place) -> None:
    assert found(given_alert, site, place("away", -60.0, 90.0)) == {site.site: (Why.CIRCLE, Sure.CERTAIN)}


def test_circle_larger_than_the_earth_is_refused() -> None:
    assert found(circled(0.0, 0.0, 25_000_000.0), PUDONG) == {}


def test_outline_is_touched_where_the_position_is_not() -> None:
    yard: Ring = ((31.4, 122.3), (31.6, 122.3), (31.6, 121.9), (31.4, 121.9), (31.4, 122.3))
    site = place("yard", 31.5, 122.3, outline=(yard,))
    assert found(drawn(SQUARE), site) == {"yard": (Why.POLYGON, Sure.CERTAIN)}
    assert found(circled(31.5, 121.8, 9_600.0), site) == {"yard": (Why.CIRCLE, Sure.CERTAIN)}
    assert found(circled(31.5, 121.8, 7_000.0), site) == {}
    assert found(circled(31.5, 122.1, 10.0), site) == {"yard": (Why.CIRCLE, Sure.CERTAIN)}


def test_best_reason_and_gravest_level_win() -> None:
    named = Area("Province", geocodes=(Geocode("adcode", "310000"),))
    message = alert(
        info(named, severity=Severity.EXTREME),
        info(Area("Drawn", (SQUARE,)), severity=Severity.MINOR),
    )
    (exposure,) = SiteIndex([PUDONG]).touched_by(message)
    assert (exposure.why, exposure.sure, exposure.level) == (Why.POLYGON, Sure.CERTAIN, Level.EXTREME)
    assert exposure.detail == "Drawn"


def test_two_languages_touch_a_site_once() -> None:
    area = Area("Drawn", (SQUARE,))
    assert len(SiteIndex([PUDONG]).touched_by(alert(info(area), info(area, language="zh-CN")))) == 1


@pytest.mark.parametrize(
    ("given_alert", "codes"),
    [
        (drawn(SQUARE), []),
        (drawn(BOWTIE), ["polygon-repaired"]),
        (drawn(((31.0, 121.0),) * 4), ["polygon-unusable", "area-unplaced"]),
        (circled(31.0, 121.0, 0.0), ["circle-unusable", "area-unplaced"]),
        (alert(info(Area("Pudong"))), ["area-unplaced"]),
    ],
    ids=["sound", "repaired", "degenerate", "no radius", "words only"],
)
def test_what_is_wrong_with_an_area_is_told(given_alert: Alert, codes: list[str]) -> None:
    assert [finding.code for finding in SiteIndex([PUDONG]).match(given_alert).findings] == codes


def test_index_of_no_sites_finds_none() -> None:
    assert SiteIndex([]).touched_by(drawn(SQUARE)) == []
    assert SiteIndex([]).touched_by(circled(31.0, 121.0, 1e5)) == []
