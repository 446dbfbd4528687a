"""The API of charts and of the table of values, over a field of three harbours in a storm."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloud_gateway.charts import export, routes
from cloud_gateway.charts.widths import DAY, HOUR, Coarse
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.routes import Span
from cloud_gateway.readings.series import Sample
from cloud_gateway.settings import GatewaySettings, Series
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console
from tests.cloud_gateway.readings.points import AT, make_point

pytestmark = pytest.mark.asyncio(loop_scope="session")
TIDE, FLOAT = "tide-charleston/tide", "yard-charleston/drain_float"
DAYS: dict[str, str | list[str]] = {"from": "1989-09-20T04:00:00Z", "to": "1989-09-22T05:00:00Z"}


@pytest_asyncio.fixture(loop_scope="session")
async def client(storm: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with storm.client() as client:
        yield client


async def test_chart_has_lines_thresholds_alarms_and_places(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/charts", params=DAYS | {"s": [TIDE, FLOAT], "points": "60"})).json()
    assert (found["from"], found["to"], found["width_ms"]) == (DAYS["from"], DAYS["to"], 3_600_000)
    tide, switch = found["lines"]
    assert (tide["kind"], tide["unit"], tide["states"], switch["kind"], switch["buckets"]) == (
        "number", "m", [], "state", [],
    )  # fmt: skip
    at, low, mean, high, count = tide["buckets"][0]
    assert (at, count) == (field.START, 10) and low < mean < high == 2.426
    assert [limit["name"] for limit in found["limits"]] == ["surge", "tide_high", "tide_rise", "drain_full"]
    assert {(a["device"], a["stream"]) for a in found["alarms"]} == {("tide-charleston", "tide")}
    assert [(p["device"], p["site"], p["zone"]) for p in found["placements"]] == [
        ("tide-charleston", "charleston", "America/New_York"),
        ("yard-charleston", "charleston", "America/New_York"),
    ]


WRONG = [
    pytest.param({"s": "tide"}, 422, "s", id="no stream in it"),
    pytest.param({"s": "tide-charleston/../x"}, 422, "s", id="a path"),
    pytest.param({"s": "tide-charleston/none"}, 404, "s", id="unknown stream"),
    pytest.param({"s": [f"tide-charleston/tide{n}" for n in range(9)]}, 422, "s", id="too many"),
    pytest.param({"s": TIDE, "from": "yesterday"}, 422, "from", id="no time"),
    pytest.param({"s": TIDE, "to": DAYS["from"]}, 422, "to", id="ends before it begins"),
    pytest.param({"s": TIDE, "from": "0001-02-01T00:00:00Z"}, 422, "to", id="too long"),
]


@pytest.mark.parametrize("path", ["/api/v1/charts", "/api/v1/readings.csv"])
@pytest.mark.parametrize(("change", "status", "name"), WRONG)
async def test_wrong_parameters_are_named(
    client: httpx.AsyncClient, path: str, change: dict[str, str | list[str]], status: int, name: str
) -> None:
    answer = await client.get(path, params=DAYS | change)
    assert (answer.status_code, answer.json()["field"]) == (status, name)


async def test_table_has_every_value_in_order(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/readings.csv", params=DAYS | {"s": [TIDE, FLOAT]})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert rows[0] == list(export.COLUMNS)
    assert rows[1] == ["1989-09-20T04:00:00Z", "tide-charleston", "tide", "m", "2.426"]
    assert rows[-1][1:] == ["yard-charleston", "drain_float", "", rows[-1][4]] and rows[-1][4] in ("true", "false")
    times = [row[0] for row in rows if row[2] == "tide"]
    assert times == sorted(times) and len(times) == 490


async def test_nobody_reads_charts_unsigned(storm: Console) -> None:
    async with storm.visitor() as visitor:
        answers = [
            await visitor.get(path, params=DAYS | {"s": TIDE}) for path in ("/api/v1/charts", "/api/v1/readings.csv")
        ]
    assert [answer.status_code for answer in answers] == [401, 401]


async def test_export_reads_each_value_once_whatever_the_windows(tmp_path: Path) -> None:
    """Dense, empty and sparse times, and values of one moment where a page would end."""
    times = [*range(10), *([50] * 3), 4_000_000, *range(90_000_000, 90_000_020), 900_000_000]
    points = [make_point(seq, float(seq), at=AT + ms) for seq, ms in enumerate(times)]
    store = open_series(Series(), tmp_path)
    await store.open()
    await store.write(points)
    parts = export.read_all(store, "gauge-01", "level", AT * 1_000_000, (AT + 1_000_000_000) * 1_000_000, 4)
    found = [sample async for part in parts for sample in part]
    await store.close()
    assert found == [Sample(point.time_ns, point.value) for point in points]


async def test_states_beyond_the_most_are_told_of(tmp_path: Path) -> None:
    store = open_series(Series(), tmp_path)
    await store.open()
    await store.write([make_point(n, n % 2 == 0, at=AT + n) for n in range(3)])
    found = [await routes.read_states(store, "gauge-01", "level", Span(AT, AT + 9), most) for most in (2, 3)]
    await store.close()
    assert found == [([(AT, True), (AT + 1, False)], False), ([(AT, True), (AT + 1, False), (AT + 2, True)], True)]


@pytest.mark.parametrize(
    ("retention", "coarse"),
    [
        pytest.param([], None, id="all is kept"),
        pytest.param([{"stream": "rain", "raw_days": 2}], None, id="another stream's"),
        pytest.param([{"stream": "lev*", "raw_days": 2, "bucket_s": 3600}], Coarse(DAY, HOUR), id="its own"),
    ],
)
async def test_what_the_settings_down_sample_is_coarse(
    retention: list[dict[str, object]], coarse: Coarse | None
) -> None:
    settings = GatewaySettings.model_validate({"data_dir": "data", "retention": retention})
    assert routes.find_coarse(settings, "level", 3 * DAY + 5) == coarse


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
async def test_text_is_no_formula(text: str) -> None:
    assert export._cell(text) == f"'{text}"
