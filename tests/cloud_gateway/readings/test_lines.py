"""Lines of InfluxDB's protocol say exactly what the point says, as a real InfluxDB reads them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.readings.checks import EARLIEST_NS
from cloud_gateway.readings.influx1 import WriteEndpoint
from cloud_gateway.readings.influxql import Queries
from cloud_gateway.readings.lines import LineBuilder
from cloud_gateway.readings.series import Point
from deploy.servers import Server
from edge_agent.wire.senml import Value
from tests.cloud_gateway.readings.points import AT, make_point

SPECIAL = st.sampled_from(['"', "\\", "\n", "\r", ",", " ", "=", "\t", "#", "\\n", '\\"', "\x00", "防", "\u202e"])
TEXT = st.lists(SPECIAL | st.characters(codec="utf-8"), max_size=16).map("".join)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
VALUE = NUMBER | st.booleans() | TEXT
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def endpoint(influx: Server) -> Iterator[tuple[WriteEndpoint, Queries]]:
    with httpx.Client(base_url=influx.url, trust_env=False) as client:
        queries = Queries(client, "test_lines", "autogen")
        queries.create_database()
        yield WriteEndpoint(client, queries, "test_lines", "autogen"), queries


@given(
    values=st.lists(VALUE, min_size=1, max_size=20),
    labels=st.tuples(TEXT, TEXT, TEXT),
    at=st.integers(AT, AT + 1000),
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back_equal(
    endpoint: tuple[WriteEndpoint, Queries], values: list[Value], labels: tuple[str, str, str], at: int
) -> None:
    writer, queries = endpoint
    unit, epoch, clock = labels
    device = f"device-{next(NUMBERS)}"
    points = [
        make_point(seq, value, at=at, device=device, unit=unit, epoch=epoch, clock=clock)
        for seq, value in enumerate(values, 1)
    ]
    built = LineBuilder().build(points)
    writer.send("\n".join(built.lines).encode())
    found = queries.page(device, "level", EARLIEST_NS - 1, 100)
    assert list(map(repr, found)) == list(map(repr, points))


def test_line_has_two_tags_and_the_value_in_the_field_of_its_type() -> None:
    points = [make_point(1, 0.1), make_point(2, True), make_point(3, 'a"b')]
    ends = 'u="m",epoch="0123456789abcdef",clock="ntp"'
    assert LineBuilder().build(points).lines == [
        f"reading,device=gauge-01,stream=level v=0.1,{ends},seq=1i {AT}000001",
        f"reading,device=gauge-01,stream=level vb=true,{ends},seq=2i {AT}000002",
        f'reading,device=gauge-01,stream=level vs="a\\"b",{ends},seq=3i {AT}000003',
    ]


def test_kept_starts_do_not_leak_into_points_of_another_source() -> None:
    builder = LineBuilder()
    points = [make_point(1), make_point(1, unit="cm"), make_point(1, clock="rtc"), make_point(1, stream="rain")]
    first = builder.build(points).lines
    assert builder.build(points).lines == first
    assert len(set(first)) == 4


def test_refused_points_leave_lines_and_points_side_by_side() -> None:
    good: list[Point] = [make_point(1), make_point(3)]
    built = LineBuilder().build([good[0], make_point(2, device="Not A Device"), good[1]])
    assert built.points == good
    assert [line.rsplit(" ", 1)[1] for line in built.lines] == [str(point.time_ns) for point in good]
    assert [refusal.code for refusal in built.refusals] == ["bad_tag"]


@pytest.mark.parametrize("name", ['we"ird', "x; DROP DATABASE y", "' OR 1 = 1", "数据"])
def test_database_of_a_strange_name_is_made_and_used(influx: Server, name: str) -> None:
    with httpx.Client(base_url=influx.url, trust_env=False) as client:
        queries = Queries(client, name, "autogen")
        queries.create_database()
        built = LineBuilder().build([make_point(1)])
        WriteEndpoint(client, queries, name, "autogen").send(built.lines[0].encode())
        assert queries.page("gauge-01", "level", 0, 10) == [make_point(1)]
