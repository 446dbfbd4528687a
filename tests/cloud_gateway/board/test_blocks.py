"""Signal blocks have the issuer's colour or none; areas on the map are few points."""

from __future__ import annotations

import pytest

from cloud_gateway.board.blocks import official, own
from cloud_gateway.board.duty import dial
from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.outlines import RING_POINTS, rings_of
from cloud_gateway.warnings.model import (
    Alert,
    Area,
    Circle,
    Color,
    Info,
    Level,
    MsgType,
    Severity,
    Status,
)
from edge_agent.web.words import read_words

LABELS = BoardLabels("en", read_words([]).of("en"))


def alert(color: Color | None, *areas: Area) -> Alert:
    info = Info("Gale", "gale", color=color, severity=Severity.SEVERE, areas=areas)
    return Alert("a", "office@example.org", 1, Status.ACTUAL, MsgType.ALERT, "cap-1.2", infos=(info,))


@pytest.mark.parametrize(
    ("color", "level", "tone", "word"),
    [
        (Color.ORANGE, Level.SEVERE, "orange", "orange warning"),
        (Color.BLACK, Level.EXTREME, "black", "black warning"),
        (None, Level.SEVERE, "grade-3", "severe warning"),
        (Color.ORANGE, Level.EXTREME, "grade-4", "extreme warning"),
    ],
    ids=["as the issuer said", "regional colour", "an issuer without colours", "a level that has no colour here"],
)
def test_colour_is_the_issuers_or_none(color: Color | None, level: Level, tone: str, word: str) -> None:
    block = official(LABELS, "gale", level, [alert(color)])
    assert (block.tone, block.word) == (tone, word)


def test_own_gauge_never_warns() -> None:
    assert (own(LABELS, "flood").tone, own(LABELS, "flood").word) == ("own", "threshold reached on site")


def test_circle_is_drawn_at_its_distance() -> None:
    (ring,) = rings_of(alert(None, Area(circles=(Circle(60.0, 10.0, 111_195.0),))))
    lons, lats = zip(*ring, strict=True)
    assert (round(max(lats), 2), round(min(lats), 2), round(max(lons) - 10, 1)) == (61.0, 59.0, 2.0)


def test_long_outline_is_thinned() -> None:
    polygon = tuple((30 + n / 100_000, 120.0) for n in range(50_000))
    (ring,) = rings_of(alert(None, Area(polygons=(polygon,))))
    assert (len(ring) <= RING_POINTS, ring[0]) == (True, (120.0, 30.0))


@pytest.mark.parametrize(
    ("phone", "number"),
    [("+86 138-0000 0001", "+8613800000001"), ("555-0142", "5550142"), ("", ""), ("javascript:alert(1)", "1")],
    ids=["with a plus", "local", "none", "only digits are kept"],
)
def test_number_is_fit_for_a_link(phone: str, number: str) -> None:
    assert dial(phone) == number
