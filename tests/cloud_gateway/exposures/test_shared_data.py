"""Real and hostile alerts of shared/data through the index: none crashes, broken polygons are marked, China by code."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from cloud_gateway.exposures.index import SiteIndex
from cloud_gateway.exposures.model import Sure, Why
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.reading import read_alerts
from tests.cloud_gateway.exposures.places import coded, place

SHARED = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="shared/data is not beside the checkout")
CEDAR_RAPIDS = place("cedar rapids", 41.977, -91.666, ("SAME", "019113"))
CHARLESTON = place("charleston", 32.78, -79.93, ("SAME", "045019"), ("UGC", "SCZ050"))
SHANGHAI = place("pudong", 31.22, 121.54, ("adcode", "310115"))
FOLDERS = ("cap-xml", "cap-hostile-generated", "cap-chains-derived", "nws-geojson", "cn-alerts-modelled", "feeds")


def alerts_of(folder: str, pattern: str = "*") -> list[Alert]:
    files = [file for file in sorted((SHARED / folder).rglob(pattern)) if file.is_file()]
    return [alert for file in files for alert in read_alerts(file.read_bytes()).alerts]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_alert_goes_through_the_index_soon(folder: str) -> None:
    index = SiteIndex([CEDAR_RAPIDS, CHARLESTON, SHANGHAI])
    alerts = alerts_of(folder)
    begun = time.perf_counter()
    matches = [index.match(alert) for alert in alerts]
    assert matches
    assert time.perf_counter() - begun < 30


def test_tornado_is_matched_by_its_polygon_not_by_whole_counties() -> None:
    red_oak = place("red oak", 41.005, -95.129, ("SAME", "019137"))
    south_of_it = place("page county", 40.6, -95.0, ("SAME", "019145"))
    (tornado,) = [a for a in alerts_of("nws-geojson", "cedar*") if a.infos[0].event == "Tornado Warning"]
    found = [(e.site, e.why, e.sure) for e in SiteIndex([red_oak, south_of_it]).touched_by(tornado)]
    assert found == [("red oak", Why.POLYGON, Sure.CERTAIN)]


def test_alerts_without_a_shape_are_matched_by_county() -> None:
    alerts = alerts_of("nws-geojson", "cedar*")
    index = SiteIndex([CEDAR_RAPIDS, CHARLESTON, SHANGHAI])
    found = {(e.site, e.why) for alert in alerts for e in index.touched_by(alert)}
    assert found == {("cedar rapids", Why.GEOCODE)}


def test_signals_of_shanghai_and_of_pudong_reach_pudong() -> None:
    index = SiteIndex([CEDAR_RAPIDS, CHARLESTON, SHANGHAI])
    alerts = alerts_of("cn-alerts-modelled")
    found = {(e.site, e.why, e.sure) for alert in alerts for e in index.touched_by(alert)}
    assert found == {("pudong", Why.PARENT_GEOCODE, Sure.LIKELY), ("pudong", Why.GEOCODE, Sure.CERTAIN)}


def test_every_county_of_china_is_reached_by_its_province() -> None:
    with (SHARED / "china-admin" / "gbt2260_area.csv").open(encoding="utf-8-sig") as file:
        counties = list(csv.DictReader(file))
    index = SiteIndex([place(row["code"], 30.0, 110.0, ("adcode", row["code"])) for row in counties])
    shandong = index.touched_by(coded("adcode", "370000"))
    assert {e.site for e in shandong} == {row["code"] for row in counties if row["province"] == "37"}
    assert len(shandong) > 100
