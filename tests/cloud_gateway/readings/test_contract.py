"""What every series store must do, whichever one it is."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Bucket, Sample, SeriesStore, StoreUnavailable
from cloud_gateway.settings import Series
from deploy.servers import free_port
from edge_agent.wire.senml import Value
from tests.cloud_gateway.readings.points import AT, collect, make_point

MS = 1_000_000
#: The first nanosecond of AT.
NS = AT * MS
FLOATS = [0.1 + 0.2, 1e-300, 1e22, 5e-324, 1.7976931348623157e308, -0.0, 0.0, 5.0, -12345678.9, 2.0**53 + 2]
TEXTS = [
    "",
    'say "hi"',
    "back\\slash",
    "end\\",
    "two\nlines",
    "a,b =c",
    "防患于未然",
    "nul\x00in it",
    "\r\n",
    "\\n",
    '\\"',
    "\u2028\u202e",
]


async def test_scan_gives_back_points_exactly_as_written(store: SeriesStore) -> None:
    points = [make_point(seq, value) for seq, value in enumerate(FLOATS, 1)]
    assert await store.write(points) == []
    assert await collect(store.scan("gauge-01")) == points
    assert [math.copysign(1, p.value) async for p in store.scan("gauge-01") if p.value == 0] == [-1.0, 1.0]


@pytest.mark.parametrize("text", TEXTS)
async def test_texts_come_back_as_they_were(store: SeriesStore, text: str) -> None:
    point = make_point(1, text, unit=text[:16])
    assert await store.write([point]) == []
    assert await collect(store.scan("gauge-01")) == [point]


async def test_each_type_of_value_keeps_its_type(store: SeriesStore) -> None:
    values: list[Value] = [1.0, True, False, "1", 0.0, ""]
    points = [make_point(seq, value) for seq, value in enumerate(values, 1)]
    assert await store.write(points) == []
    found = [point.value for point in await collect(store.scan("gauge-01"))]
    assert list(map(repr, found)) == list(map(repr, values))
    samples = await store.samples("gauge-01", "level", NS, NS + MS, 10)
    assert [repr(sample.value) for sample in samples] == list(map(repr, values))


async def test_whole_number_is_kept_as_a_number_not_a_boolean(store: SeriesStore) -> None:
    assert await store.write([make_point(1, 1)]) == []
    assert repr((await collect(store.scan("gauge-01")))[0].value) == "1.0"


async def test_writing_again_changes_nothing(store: SeriesStore) -> None:
    points = [make_point(seq, seq / 7) for seq in range(1, 300)]
    assert await store.write(points) == []
    assert await store.write(points[100:]) == []
    assert await store.write(points + points) == []
    assert await collect(store.scan("gauge-01")) == points


async def test_two_records_of_one_millisecond_stay_apart(store: SeriesStore) -> None:
    points = [make_point(7, 1.0), make_point(8, 2.0)]
    assert await store.write(points) == []
    assert await store.samples("gauge-01", "level", NS, NS + MS, 10) == [Sample(NS + 7, 1.0), Sample(NS + 8, 2.0)]


async def test_samples_are_in_time_order_whatever_order_they_came_in(store: SeriesStore) -> None:
    points = [make_point(seq, float(seq), at=AT + seq) for seq in (5, 1, 4, 2, 3)]
    assert await store.write(points) == []
    found = await store.samples("gauge-01", "level", NS, NS + 10 * MS, 10)
    assert found == [Sample(NS + n * MS + n, float(n)) for n in (1, 2, 3, 4, 5)]
    assert [sample.at for sample in found] == [AT + n for n in (1, 2, 3, 4, 5)]


async def test_range_has_its_start_and_not_its_end_and_keeps_to_the_limit(store: SeriesStore) -> None:
    assert await store.write([make_point(n, float(n)) for n in range(10)]) == []
    assert await store.samples("gauge-01", "level", NS + 2, NS + 5, 10) == [
        Sample(NS + 2, 2.0),
        Sample(NS + 3, 3.0),
        Sample(NS + 4, 4.0),
    ]
    assert await store.samples("gauge-01", "level", NS + 2, NS + 5, 1) == [Sample(NS + 2, 2.0)]
    assert await store.samples("gauge-01", "level", NS + 5, NS + 5, 10) == []


async def test_times_before_1970_and_far_ranges_work(store: SeriesStore) -> None:
    early = make_point(3, 1.5, at=-621_000_000_000)
    assert await store.write([early]) == []
    assert await store.samples("gauge-01", "level", -(2**90), 2**90, 10) == [Sample(early.time_ns, 1.5)]
    assert await store.buckets("gauge-01", "level", -621_000_000_001, 0, 1000) == [
        Bucket(-621_000_000_000, 1.5, 1.5, 1.5, 1)
    ]
    assert await collect(store.scan("gauge-01")) == [early]


async def test_streams_and_devices_do_not_mix(store: SeriesStore) -> None:
    mine = make_point(1)
    others = [make_point(1, device="gauge-02"), make_point(1, stream="rain", unit="mm")]
    assert await store.write([mine, *others]) == []
    assert await store.samples("gauge-01", "level", NS, NS + MS, 10) == [Sample(NS + 1, 1.25)]
    assert await collect(store.scan("gauge-02")) == [others[0]]
    assert await store.samples("gauge-03", "level", NS, NS + MS, 10) == []
    assert await collect(store.scan("gauge-03")) == []


async def test_unit_epoch_and_clock_may_change_within_a_stream(store: SeriesStore) -> None:
    points = [
        make_point(1),
        make_point(2, unit="cm"),
        make_point(3, epoch="f" * 16),
        make_point(4, clock="unset"),
    ]
    assert await store.write(points) == []
    assert await collect(store.scan("gauge-01")) == points
    assert len(await store.samples("gauge-01", "level", NS, NS + MS, 10)) == 4


async def test_buckets_are_aligned_to_the_epoch_and_leave_out_empty_ones(store: SeriesStore) -> None:
    hour = 3_600_000
    start = AT - AT % hour
    values = [(5, 1.0), (6, 3.0), (7, 2.0), (2 * hour, -4.0)]
    points = [make_point(n, value, at=start + at) for n, (at, value) in enumerate(values)]
    assert await store.write([*points, make_point(90, True, at=start + 8), make_point(91, "x", at=start)]) == []
    assert await store.buckets("gauge-01", "level", start + 1, start + 3 * hour, hour) == [
        Bucket(start, 1.0, 2.0, 3.0, 3),
        Bucket(start + 2 * hour, -4.0, -4.0, -4.0, 1),
    ]
    assert await store.buckets("gauge-01", "level", start + 6, start + 7, hour) == [Bucket(start, 3.0, 3.0, 3.0, 1)]


REFUSED = [
    pytest.param(make_point(2, math.nan), "not_finite", id="nan"),
    pytest.param(make_point(2, math.inf), "not_finite", id="infinity"),
    pytest.param(make_point(2, 10**400), "not_finite", id="too large an int"),
    pytest.param(make_point(2, at=2**53), "bad_time", id="too late"),
    pytest.param(make_point(2, at=-(2**53)), "bad_time", id="too early"),
    pytest.param(make_point(2, device="gauge 01"), "bad_tag", id="space"),
    pytest.param(make_point(2, device="gauge,a=b"), "bad_tag", id="comma"),
    pytest.param(make_point(2, device="gauge\\"), "bad_tag", id="backslash"),
    pytest.param(make_point(2, device="gauge-01\n"), "bad_tag", id="newline"),
    pytest.param(make_point(2, stream='a"b'), "bad_tag", id="quote"),
    pytest.param(make_point(2, stream="水位"), "bad_tag", id="not ascii"),
    pytest.param(make_point(2, stream=""), "bad_tag", id="empty"),
    pytest.param(make_point(2, "\ud800"), "bad_text", id="lone surrogate"),
    pytest.param(make_point(2, unit="\ud800"), "bad_text", id="lone surrogate in the unit"),
]


@pytest.mark.parametrize(("bad", "code"), REFUSED)
async def test_bad_point_is_refused_by_name_and_its_neighbours_are_stored(
    store: SeriesStore, bad: object, code: str
) -> None:
    assert isinstance(bad, tuple)
    good = [make_point(1), make_point(3)]
    refusals = await store.write([good[0], bad, good[1]])  # type: ignore[list-item]  # a Point, by its table
    assert [(refusal.point, refusal.code) for refusal in refusals] == [(bad, code)]
    assert await collect(store.scan("gauge-01")) == good


async def test_hostile_names_in_a_query_find_nothing(store: SeriesStore) -> None:
    assert await store.write([make_point(1)]) == []
    hostile = "x' OR device =~ /.*/ --"
    assert await store.samples(hostile, "level", NS, NS + MS, 10) == []
    assert await store.samples("gauge-01", hostile, NS, NS + MS, 10) == []
    assert await store.buckets(hostile, "level", AT, AT + 1, 1000) == []
    assert await collect(store.scan(hostile)) == []


async def test_scan_pages_through_more_than_one_page(store: SeriesStore) -> None:
    points = [make_point(n, float(n), at=AT + n // 3) for n in range(12_001)]
    assert await store.write(points) == []
    assert await collect(store.scan("gauge-01")) == points


async def test_no_points_is_no_work(store: SeriesStore) -> None:
    assert await store.write([]) == []


@pytest.mark.parametrize("kind", ["sqlite", "influx1", "influx2"])
async def test_unreachable_store_is_unavailable_at_open(kind: str, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").touch()
    secret = tmp_path / "secret"
    secret.write_text("token\n")
    url = f"http://127.0.0.1:{free_port()}"
    settings = Series.model_validate({"store": kind, "url": url, "org": "o", "bucket": "b", "secret_file": secret})
    store = open_series(settings, tmp_path / "in-the-way")
    with pytest.raises(StoreUnavailable):
        await store.open()
    await store.close()
