"""What a record says of a site: pure, and on the page."""

from __future__ import annotations

import pytest

from cloud_gateway.database import transaction
from cloud_gateway.devices.store import Rule
from cloud_gateway.seasons.advice import advise, places_of
from cloud_gateway.seasons.entries import OutlookEntry, RecordEntry
from cloud_gateway.seasons.extremes import Value
from cloud_gateway.seasons.store import Record, put_outlooks, put_records
from cloud_gateway.sites.store import NewSite, add_site
from tests.cloud_gateway.conftest import Console
from tests.cloud_gateway.seasons.test_returns import RAIN

YEARS = [Value(str(1990 + n), level) for n, level in enumerate(RAIN)]


def record(values: list[Value], stream: str = "rain", unit: str = "mm") -> Record:
    return Record("site:depot-1", "rain-24h", unit, "office", stream, values)


def rule(limit: float, stream: str = "rain", unit: str = "mm", kind: str = "threshold") -> Rule:
    return Rule("yard-1", f"r{limit}", stream, kind, limit, unit, "urgent", "much rain", "雨量大")


def test_a_record_is_looked_for_at_the_site_then_in_ever_larger_divisions() -> None:
    assert places_of("depot-1", [("SAME", "045019"), ("adcode", "310115000000")]) == [
        "site:depot-1",
        "adcode:310115",
        "adcode:310100",
        "adcode:310000",
    ]


def test_advice_names_the_years_the_highest_and_the_levels() -> None:
    found = advise(record(YEARS), [])
    assert (found.years, found.highest, found.fits) == (tuple(range(1990, 2006)), Value("1996", 131.7), True)
    assert [level.years for level in found.levels] == [10, 50]
    assert advise(record(YEARS[:9]), [rule(100)]).levels == ()
    assert advise(record(YEARS[:9]), [rule(100)]).thresholds == ()


def test_own_thresholds_are_told_only_of_the_stream_that_shares_the_zero() -> None:
    others = [rule(90, stream="other"), rule(91, unit="cm"), rule(92, kind="rate")]
    low, high = advise(record(YEARS), [rule(300), *others, rule(100)]).thresholds
    assert (low.rule.limit, high.rule.limit, high.years, high.rarer_than) == (100, 300, None, 32)
    assert low.years == pytest.approx(4.6, abs=0.5)
    assert advise(record(YEARS, stream=""), [rule(100)]).thresholds == ()


@pytest.mark.asyncio(loop_scope="session")
async def test_the_sites_page_is_given_record_and_outlook_unchanged(empty: Console) -> None:
    rows = [RecordEntry(1, "site:depot-1", "rain-24h", "mm", one.period, one.value, "office", "") for one in YEARS]
    said = OutlookEntry(1, "site:depot-1", "市局", "2026-04-01", "2026-06-01", "2999-08-31", "rainstorm",
                        20.0, 30.0, 50.0, "偏多<b>２成")  # fmt: skip
    async with transaction(empty.engine) as connection:
        await add_site(connection, NewSite("depot-1", "Depot", "仓库", 31.2, 121.5, "Asia/Shanghai"))
        await put_records(connection, rows, 1)
        await put_outlooks(connection, [said], 1)
    async with empty.client() as client, empty.visitor() as stranger:
        page = await client.get("/sites/depot-1/record?lang=en")
        other = await client.get("/sites/none/record")
        refused = await stranger.get("/sites/depot-1/record")
    assert all(words in page.text for words in ("131.7 mm", "Once in 50 years", "16 whole years"))
    assert page.text.count("偏多&lt;b&gt;２成") == 1
    assert "below normal 20 %, near normal 30 %, above normal 50 %" in page.text
    assert (other.status_code, refused.status_code) == (404, 303)
