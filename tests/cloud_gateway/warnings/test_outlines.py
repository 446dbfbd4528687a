"""Polygons and circles: mended where the mistake is certain, bounded, left out with a finding where they are none."""

from __future__ import annotations

import pytest

from cloud_gateway.warnings.model import Circle
from cloud_gateway.warnings.outlines import MAX_POINTS, MAX_RING_POINTS, MAX_RINGS, read_circle, read_rings

TRIANGLE = ((34.6, 113.5), (34.6, 113.8), (34.9, 113.8), (34.6, 113.5))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param("34.6,113.5 34.6,113.8 34.9,113.8 34.6,113.5", [], id="as in CAP"),
        pytest.param("\n  34.6,113.5\n  34.6,113.8\t34.9,113.8\n34.6,113.5\n", [], id="over several lines"),
        pytest.param("34.6, 113.5 34.6, 113.8 34.9 ,113.8 34.6,113.5", [], id="spaces beside the commas"),
        pytest.param("+34.6,113.5, +34.6,113.8, +34.9,113.8, +34.6,113.5", [], id="commas between the points"),
        pytest.param("34.6,113.5 34.6,113.8 34.9,113.8", ["unclosed_ring"], id="not closed"),
        pytest.param("113.5,34.6 113.8,34.6 113.8,34.9 113.5,34.6", ["longitude_first"], id="longitude first"),
        pytest.param("34.6,113.5 34.6,113.8 nan,1 34.9,113.8 34.6,113.5", ["bad_points"], id="not a number"),
        pytest.param("34.6,113.5 inf,2 34.6,113.8 34.9,113.8 34.6,113.5", ["bad_points"], id="infinite"),
        pytest.param("34.6,113.5 34.6,113.8 34.9 34.9,113.8 34.6,113.5", ["bad_points"], id="half a point"),
        pytest.param("34.6,113.5 34.6,113.8 3,x,4 34.9,113.8 34.6,113.5", ["bad_points"], id="three parts"),
    ],
)
def test_a_polygon_is_read_however_it_is_written(text: str, codes: list[str]) -> None:
    rings, findings = read_rings("polygon", [text])
    assert rings == (TRIANGLE,)
    assert [finding.code for finding in findings] == codes


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1,2 3,4 1,2", id="two corners"),
        pytest.param("a b c", id="words"),
        pytest.param("POLYGON((1 2, 3 4, 5 6))", id="other notation"),
        pytest.param("95,200 96,200 97,201 95,200", id="nowhere on Earth"),
        pytest.param("1" * 1_000_000, id="one endless number"),
        pytest.param("1 " * 500_000, id="numbers without pairs"),
    ],
)
def test_what_is_no_polygon_is_left_out_and_said(text: str) -> None:
    rings, findings = read_rings("polygon", [text])
    assert rings == ((),)
    assert (findings[-1].code, findings[-1].grade) == ("bad_polygon", "doubtful")
    assert max(len(finding.text) for finding in findings) < 200


def test_an_empty_polygon_is_none_and_no_finding() -> None:
    assert read_rings("polygon", [""]) == (((),), ())


def test_longitudes_beyond_the_date_line_stay_as_they_are() -> None:
    rings, findings = read_rings("polygon", ["-21,-179 -21,-180.5 -22,-180 -21,-179"])
    assert rings == (((-21.0, -179.0), (-21.0, -180.5), (-22.0, -180.0), (-21.0, -179.0)),)
    assert findings == ()


def test_one_polygon_that_must_be_longitude_first_turns_the_others_of_the_message() -> None:
    rings, findings = read_rings("polygon", ["85,40 86,40 86,41 85,40", "95,40 96,40 96,41 95,40"])
    assert [ring[0] for ring in rings] == [(40.0, 85.0), (40.0, 95.0)]
    assert [finding.code for finding in findings] == ["longitude_first"]


def test_a_ring_of_too_many_points_is_thinned_and_closed() -> None:
    points = [f"{30 + n / 1_000_000:.6f},110.5" for n in range(4 * MAX_RING_POINTS)]
    (ring,), findings = read_rings("polygon", [" ".join([*points, "31,111"])])
    assert len(ring) <= MAX_RING_POINTS + 1
    assert len(ring) > MAX_RING_POINTS // 2
    assert (ring[0], ring[-1]) == ((30.0, 110.5), (30.0, 110.5))
    assert (findings[0].code, findings[0].grade) == ("too_many_points", "doubtful")


def test_all_rings_together_keep_to_the_bound() -> None:
    texts = [" ".join(f"{30 + n / 100_000:.5f},{100 + place}" for n in range(9999)) + " 5,5" for place in range(30)]
    rings, _ = read_rings("polygon", texts)
    assert sum(map(len, rings)) <= MAX_POINTS + 2 * len(rings)


def test_polygons_after_the_first_many_are_left_out() -> None:
    rings, findings = read_rings("polygon", ["1,2 3,4 5,1 1,2"] * (MAX_RINGS + 1))
    assert (rings[MAX_RINGS - 1] != (), rings[MAX_RINGS]) == (True, ())
    assert [finding.code for finding in findings] == ["too_many_polygons"]


@pytest.mark.parametrize(
    ("text", "circle", "codes"),
    [
        pytest.param("34.7,113.6 5", Circle(34.7, 113.6, 5000.0), [], id="as in CAP"),
        pytest.param("34.7, 113.6 5.5", Circle(34.7, 113.6, 5500.0), [], id="space after the comma"),
        pytest.param("113.6,34.7 5", Circle(34.7, 113.6, 5000.0), ["longitude_first"], id="longitude first"),
        pytest.param("34.7,113.6 0", Circle(34.7, 113.6, 0.0), ["point_only"], id="no radius"),
        pytest.param("", None, [], id="nothing"),
        pytest.param("34.7,113.6", None, ["bad_circle"], id="radius missing"),
        pytest.param("34.7,113.6 -5", None, ["bad_circle"], id="negative radius"),
        pytest.param("34.7,113.6 nan", None, ["bad_circle"], id="radius not a number"),
        pytest.param("34.7,113.6 99999", None, ["bad_circle"], id="wider than the Earth"),
        pytest.param("95,200 5", None, ["bad_circle"], id="nowhere on Earth"),
    ],
)
def test_a_circle_is_read_or_left_out_and_said(text: str, circle: Circle | None, codes: list[str]) -> None:
    read, findings = read_circle("circle", text)
    assert read == circle
    assert [finding.code for finding in findings] == codes
