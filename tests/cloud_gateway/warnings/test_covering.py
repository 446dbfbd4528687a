"""Messages without a place take that of their source, and say so."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from cloud_gateway.exposures.index import SiteIndex
from cloud_gateway.exposures.model import Exposure, Sure
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.polling import take
from cloud_gateway.warnings.settings import Covers, Source
from tests.cloud_gateway.exposures.places import place

SITES = SiteIndex(
    [place("pudong", 31.2, 121.5, ("adcode", "310115")), place("xuhui", 31.2, 121.43, ("adcode", "310104"))]
)
ENTRY = {
    "id": "1", "sender": "Example Office", "pubTime": "2026-07-20T08:00+08:00", "title": "暴雨黄色预警",
    "severityColor": "Yellow", "type": "1003", "typeName": "暴雨", "status": "active", "related": "7",
}  # fmt: skip


def asked(covers: Covers | None, **entry: str) -> Alert:
    """One signal of a source that is asked by location."""
    source = Source(name="asked", kind="qweather-7", url="https://q.example.org/now", covers=covers)
    body = json.dumps({"warning": [ENTRY | entry]}).encode()
    (one,) = take(source, body, source.url).admitted.taken
    return one.alert


def touched(alert: Alert) -> list[Exposure]:
    return SITES.touched_by(alert)


def test_a_signal_without_a_place_touches_nobody_unless_its_source_says_where() -> None:
    assert touched(asked(None)) == []
    (one,) = touched(asked(Covers(code="310115")))
    assert (one.site, one.sure, one.detail) == ("pudong", Sure.LIKELY, "where the source was asked (adcode 310115)")


def test_a_circle_will_do() -> None:
    (one,) = touched(asked(Covers(latitude=31.2, longitude=121.43, radius_km=3)))
    assert (one.site, one.sure) == ("xuhui", Sure.LIKELY)


def test_it_is_said_and_each_location_has_a_message_of_its_own() -> None:
    one, other = asked(Covers(code="310115")), asked(Covers(code="310104"))
    assert "area_of_source" in [finding.code for finding in one.findings]
    assert (one.identifier, other.identifier) == ("1.11B03@adcode=310115", "1.11B03@adcode=310104")
    assert [key.identifier for key in one.references] == ["7.11B03@adcode=310115"]
    assert one.event_key == other.event_key


def test_a_signal_that_names_its_place_is_left_alone() -> None:
    named = asked(Covers(code="310115"), id="31010441600000_20260720080000")
    assert [exposure.site for exposure in touched(named)] == ["xuhui"]
    assert "@" not in named.identifier


@pytest.mark.parametrize(
    "said", [{}, {"code": "310115", "latitude": 1, "longitude": 1}, {"latitude": 1}], ids=["nothing", "both", "half"]
)
def test_a_source_covers_one_place(said: dict[str, str | int]) -> None:
    with pytest.raises(ValidationError, match="covers needs"):
        Covers.model_validate(said)
