"""Broken and hostile rings: mended within bounds, or refused; never slow."""

from __future__ import annotations

import math
import random
import time

import pytest

from cloud_gateway.exposures.geometry import ring_shape, site_shape
from tests.cloud_gateway.exposures.places import SQUARE, Ring

SEEDED = random.Random(631)
TANGLE = tuple((SEEDED.uniform(30, 32), SEEDED.uniform(120, 122)) for _ in range(3_000))
ROUND = tuple((31 + math.sin(n * math.tau / 200_000), 121 + math.cos(n * math.tau / 200_000)) for n in range(200_000))
ZIGZAG = tuple((30 + (n % 2), 120 + n / 1e5 + 0.2 * (n % 3)) for n in range(100_000))
#: What the slowest machine may take for any ring; seconds here are far fewer.
LIMIT_S = 10.0


@pytest.mark.parametrize("ring", [TANGLE, ROUND, ZIGZAG], ids=["tangle", "200,000 points", "zigzag of 100,000"])
def test_huge_rings_end_soon(ring: Ring) -> None:
    begun = time.perf_counter()
    shape = ring_shape((*ring, ring[0]))
    assert shape is not None and shape.surface.area > 0.5 and shape.surface.is_valid
    assert time.perf_counter() - begun < LIMIT_S


def test_tangle_is_taken_by_its_hull() -> None:
    shape = ring_shape((*TANGLE, TANGLE[0]))
    assert shape is not None and shape.repaired
    assert shape.surface.area == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize(
    "ring",
    [
        (),
        ((31.0, 121.0),),
        ((31.0, 121.0), (32.0, 122.0), (31.0, 121.0)),
        ((31.0, 121.0), (32.0, 122.0), (33.0, 123.0), (31.0, 121.0)),
        ((31.0, math.nan), (32.0, 122.0), (31.0, 122.0), (31.0, 121.0)),
        ((31.0, math.inf), (32.0, 122.0), (31.0, 122.0), (31.0, 121.0)),
        ((91.0, 121.0), (92.0, 122.0), (91.0, 122.0), (91.0, 121.0)),
        ((31.0, 1e9), (32.0, 1e9), (31.0, 122.0), (31.0, 1e9)),
    ],
    ids=["empty", "one point", "two points", "a line", "nan", "inf", "beyond the pole", "far beyond 360"],
)
def test_rings_without_a_surface_are_refused(ring: Ring) -> None:
    assert ring_shape(ring) is None


def test_sound_ring_is_not_marked() -> None:
    shape = ring_shape(SQUARE)
    assert shape is not None and not shape.repaired
    assert shape.surface.bounds == (121.0, 31.0, 122.0, 32.0)


def test_site_with_a_useless_outline_is_its_position() -> None:
    assert site_shape(31.5, 121.5, [((31.0, 121.0), (31.0, 121.0))]).wkt == "POINT (121.5 31.5)"


def test_site_of_two_buildings_has_both() -> None:
    other = tuple((latitude + 2, longitude) for latitude, longitude in SQUARE)
    assert site_shape(31.5, 121.5, [SQUARE, other]).area == pytest.approx(2.0)
