"""Sites under a storm's wind radii: which, when, how strong; against a plain scan and against real best tracks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from cloud_gateway.exposures.model import Place, Sure, Why
from cloud_gateway.exposures.storm import (
    GAP_MS,
    STEP_MS,
    level_of_wind,
    passages,
    storm_touches,
)
from cloud_gateway.warnings.atcf import read_atcf
from cloud_gateway.warnings.model import Level, Refused
from cloud_gateway.warnings.tracks import Fix, Track, beaufort_radii, position_error_m
from tests.cloud_gateway.exposures.places import GEOD, Ring, place

TRACKS = Path(__file__).parents[4] / "shared" / "data" / "storm-tracks"
HOUR = 3_600_000
START = 1_726_300_800_000
#: A made-up typhoon that goes north-west to the mouth of the Yangtze and weakens over land.
TYPHOON = [
    Fix(START, 28.0, 125.0, (beaufort_radii(7, 300, 280, 200, 220), beaufort_radii(10, 120, 100, 80, 80))),
    Fix(START + 6 * HOUR, 29.2, 123.4, (beaufort_radii(7, 320, 300, 220, 240), beaufort_radii(10, 120, 110, 80, 90),
                                        beaufort_radii(12, 50, 50, 40, 40))),
    Fix(START + 12 * HOUR, 30.5, 122.0, (beaufort_radii(7, 300, 280, 200, 200), beaufort_radii(10, 90, 90, 60, 60))),
    Fix(START + 18 * HOUR, 31.6, 120.6, (beaufort_radii(7, 200, 180, 120, 120),)),
]  # fmt: skip
STORM = Track("WP992024", "EXAMPLE", "BEST", START + 18 * HOUR, tuple(TYPHOON))
CITIES = [
    place("shanghai", 31.23, 121.47), place("ningbo", 29.87, 121.55), place("zhoushan", 30.0, 122.2),
    place("hangzhou", 30.27, 120.15), place("nanjing", 32.06, 118.8), place("beijing", 39.9, 116.4),
]  # fmt: skip


def scan(track: Sequence[Fix], site: Place, wind_kt: float, step_ms: int = 60_000) -> list[int]:
    """Every minute at which the site is under the wind, found the slow way."""
    return [
        at
        for before, after in pairwise(track)
        for at in range(before.at, after.at, step_ms)
        if is_under(before, after, (at - before.at) / (after.at - before.at), site, wind_kt)
    ]


def is_under(before: Fix, after: Fix, share: float, site: Place, wind_kt: float) -> bool:
    azimuth, _, way = GEOD.inv(before.longitude, before.latitude, after.longitude, after.latitude)
    x, y, _ = GEOD.fwd(before.longitude, before.latitude, azimuth, way * share)
    bearing, _, distance = GEOD.inv(x, y, site.longitude, site.latitude)
    names = ("northeast_m", "southeast_m", "southwest_m", "northwest_m")
    name = names[int(bearing % 360 // 90)]
    ends = [next((getattr(r, name) for r in fix.radii if r.wind_kt == wind_kt), 0.0) for fix in (before, after)]
    reach = ends[0] + share * (ends[1] - ends[0])
    return bool(reach > 0 and distance <= reach)


@pytest.mark.parametrize("site", CITIES, ids=lambda site: site.site)
@pytest.mark.parametrize("wind_kt", [28.0, 48.0, 64.0])
def test_times_are_those_of_a_plain_scan(site: Place, wind_kt: float) -> None:
    minutes = scan(TYPHOON, site, wind_kt)
    found = [p for p in passages(TYPHOON, CITIES) if (p.site, p.wind_kt) == (site.site, wind_kt)]
    assert len(found) == (1 if minutes else 0)
    assert all(abs(p.enters - minutes[0]) <= STEP_MS and abs(minutes[-1] - p.leaves) <= STEP_MS for p in found)


def test_each_site_has_its_strongest_wind_and_says_why() -> None:
    found = {t.exposure.site: t.exposure for t in storm_touches(STORM, CITIES, START - HOUR)}
    assert {site: e.level for site, e in found.items()} == {
        "shanghai": Level.SEVERE, "ningbo": Level.MINOR, "zhoushan": Level.SEVERE, "hangzhou": Level.MINOR,
    }  # fmt: skip
    assert found["shanghai"].why is Why.WIND_RADIUS and found["shanghai"].sure is Sure.LIKELY
    assert found["shanghai"].detail == (
        "within the analysed radius of storm-force wind (48 kt) of EXAMPLE from 2024-09-14T22:10Z"
        " to 2024-09-14T23:40Z; centre nearest at 2024-09-14T23:00Z, 25 km"
    )


def test_what_is_over_counts_no_more() -> None:
    found = {t.exposure.site: (t.wind_kt, t.leaves) for t in storm_touches(STORM, CITIES, START)}
    later = {t.exposure.site: t.wind_kt for t in storm_touches(STORM, CITIES, START + 17 * HOUR)}
    assert found["shanghai"][0] == 48.0 and found["zhoushan"][1] < START + 17 * HOUR
    assert later == {"shanghai": 28.0, "ningbo": 28.0}


def test_a_forecast_is_called_one_and_its_uncertainty_too() -> None:
    ahead = [msgspec.structs.replace(f, error_m=250_000.0 * (n > 0)) for n, f in enumerate(TYPHOON)]
    track = msgspec.structs.replace(STORM, fixes=tuple(ahead))
    details = {t.exposure.site: (t.exposure.sure, t.exposure.detail) for t in storm_touches(track, CITIES, START)}
    assert details["shanghai"][1].startswith("within the forecast radius of storm-force wind")
    assert details["nanjing"][0] is Sure.POSSIBLE
    assert details["nanjing"][1].startswith("within the uncertainty of the forecast radius of storm-force wind")


def test_error_of_the_position_reaches_further_and_is_only_possible() -> None:
    unsure = [Fix(f.at, f.latitude, f.longitude, f.radii, error_m=250_000) for f in TYPHOON]
    nanjing = [p for p in passages(unsure, CITIES) if p.site == "nanjing"]
    assert {p.wind_kt: p.sure for p in nanjing} == {28.0: Sure.POSSIBLE, 48.0: Sure.POSSIBLE}


def test_nothing_is_said_across_a_gap() -> None:
    far = Fix(TYPHOON[0].at + GAP_MS + 1, 31.0, 121.0, TYPHOON[0].radii)
    assert passages([TYPHOON[0], far], CITIES) == []


def test_outline_is_reached_before_its_middle() -> None:
    yard: Ring = ((31.0, 121.0), (31.0, 122.5), (31.5, 122.5), (31.5, 121.0), (31.0, 121.0))
    wide = place("wide", 31.23, 121.47, outline=(yard,))
    first = {p.site: p.enters for p in passages(TYPHOON, [CITIES[0], wide]) if p.wind_kt == 28.0}
    assert first["wide"] < first["shanghai"]


def test_storm_over_the_antimeridian() -> None:
    track = [Fix(START, 20.0, 179.0, TYPHOON[0].radii), Fix(START + 6 * HOUR, 20.0, -179.0, TYPHOON[0].radii)]
    assert {p.site for p in passages(track, [place("west", 20.5, -178.9), *CITIES])} == {"west"}


@pytest.mark.parametrize(
    ("wind_kt", "level"),
    [(20, Level.NONE), (28, Level.MINOR), (34, Level.MODERATE), (50, Level.SEVERE), (64, Level.EXTREME)],
)
def test_level_of_a_wind(wind_kt: float, level: Level) -> None:
    assert level_of_wind(wind_kt) is level


LINE = "WP, 01, 2026090100, , BEST, 0, 200N, 1300E, 70, 970, TY, {kt}, {code}, {radii}, 1008"


@pytest.mark.parametrize(
    ("code", "radii", "metres"),
    [
        ("AAA", "100, 0, 0, 0", (185_200, 185_200, 185_200, 185_200)),
        ("NEQ", "1, 2, 3, 4", (1852, 3704, 5556, 7408)),
        ("SWQ", "1, 2, 3, 4", (5556, 7408, 1852, 3704)),
    ],
)
def test_radii_are_read_by_their_first_quadrant(code: str, radii: str, metres: tuple[float, ...]) -> None:
    lines = [LINE.format(kt=50, code=code, radii=radii), LINE.format(kt=34, code="AAA", radii="200,,,")]
    ((fix,),) = [track.fixes for track in read_atcf(lines)]
    assert (fix.latitude, fix.longitude, [r.wind_kt for r in fix.radii]) == (20.0, 130.0, [50.0, 34.0])
    assert tuple(fix.radii[0].quadrants) == metres


def test_a_deck_is_the_best_track_and_after_it_the_newest_official_forecast() -> None:
    deck = """
        WP, 99, 2026090100, 03, JTWC,   0, 201N, 1300E, 70, 970, TY, 34, AAA, 100, 0, 0, 0
        WP, 99, 2026090100, 03, JTWC,  12, 210N, 1280E, 75, 970, TY, 34, AAA, 100, 0, 0, 0
        WP, 99, 2026090100,   , BEST,   0, 200N, 1300E, 70, 970, TY, 34, AAA, 110, 0, 0, 0, , , , , , , , , , , EXAMPLE
        WP, 99, 2026090106, 03, JTWC,  12, 215N, 1270E, 80, 965, TY, 34, AAA, 120, 0, 0, 0
        WP, 99, 2026090106, 03, JTWC,  24, 225N, 1250E, 80, 965, TY, 34, AAA, 120, 0, 0, 0
        WP, 99, 2026090112, 03, AVNO,  12, 100N, 1000E, 80, 965, TY, 34, AAA, 120, 0, 0, 0
        WP, 99, 2026090106,   , BEST,   0, 206N, 1290E, 75, 970, TY, 34, AAA, 110, 0, 0, 0
        """
    (track,) = read_atcf(deck.splitlines())
    assert (track.id, track.name, track.technique, track.issued) == ("WP992026", "EXAMPLE", "JTWC", ms("2026-09-01T06"))
    assert [(f.at, f.latitude) for f in track.fixes] == [
        (ms("2026-09-01T00"), 20.0),
        (ms("2026-09-01T06"), 20.6),
        (ms("2026-09-01T18"), 21.5),
        (ms("2026-09-02T06"), 22.5),
    ]
    assert [round(f.error_m / 1852) for f in track.fixes] == [0, 0, 34, 49]


@pytest.mark.parametrize(
    ("basin", "lead_h", "miles"), [("AL", 12, 26), ("AL", 18, 32.5), ("EP", 120, 137), ("WP", 6, 17), ("WP", 144, 175)]
)
def test_error_grows_with_the_hours_of_the_forecast(basin: str, lead_h: int, miles: float) -> None:
    assert position_error_m(basin, lead_h) == pytest.approx(miles * 1852)


def test_computed_guidance_alone_is_no_advisory() -> None:
    with pytest.raises(Refused, match="centre's own"):
        read_atcf([LINE.format(kt=34, code="AAA", radii="1,,,").replace("BEST", "AVNO")])


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        LINE.replace("2026090100", "2026139900"),
        LINE.replace("200N", "200X"),
        LINE.replace("200N", "950N"),
        LINE.format(kt=34, code="XXQ", radii="1, 2, 3, 4"),
        LINE.format(kt=34, code="NEQ", radii="1, 2, -3, 4"),
        LINE.format(kt=34, code="NEQ", radii="1, 2, nan, 4"),
    ],
    ids=["words", "month 13", "no hemisphere", "beyond the pole", "quadrant", "negative", "nan"],
)
def test_line_that_is_no_atcf_is_named(line: str) -> None:
    with pytest.raises(Refused, match="line 1"):
        read_atcf([line])


@pytest.mark.skipif(not TRACKS.is_dir(), reason="shared/data/storm-tracks is not beside the checkout")
@pytest.mark.parametrize(
    ("file", "site", "wind_kt", "first", "last"),
    [
        # Harvey's 34 kt winds reach Rockport, Texas, where it came ashore at 2017-08-26 03Z, and its 64 kt winds too.
        ("harvey2017", place("rockport", 28.02, -97.05), 64.0, "2017-08-25T22", "2017-08-26T09"),
        ("michael2018", place("mexico beach", 29.95, -85.42), 64.0, "2018-10-10T13", "2018-10-10T20"),
        ("sandy2012", place("atlantic city", 39.36, -74.42), 50.0, "2012-10-29T12", "2012-10-30T09"),
    ],
    ids=["Harvey", "Michael", "Sandy"],
)
def test_real_storm_is_over_the_place_of_its_landfall(
    file: str, site: Place, wind_kt: float, first: str, last: str
) -> None:
    ((_, track),) = [(t.name, t.fixes) for t in read_atcf((TRACKS / f"{file}-bdeck.dat").read_text().splitlines())]
    (found,) = [p for p in passages(track, [site, place("denver", 39.7, -105.0)]) if p.wind_kt == wind_kt]
    minutes = scan(track, site, wind_kt)
    assert abs(found.enters - minutes[0]) <= STEP_MS
    assert ms(first) <= found.enters <= found.leaves <= ms(last)
    assert found.nearest_m < 120_000


def ms(hour: str) -> int:
    return int(datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp() * 1000)
