"""The InfluxDB 2.x store. No 2.x server was at hand: what stands in for it is said at each test.

The write goes to a real VictoriaMetrics, which takes 2.x writes (numbers only, times in ms; numbers that are far
apart lose digits there). Answers, errors and queries come from a small HTTP server that follows the documented
contract.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Bucket, Sample, SeriesHome, StoreUnavailable, WarningStep
from cloud_gateway.settings import Series
from deploy.servers import Server, free_port
from tests.cloud_gateway.readings.points import AT, make_point

TOKEN = "a-token-of-the-test"


@dataclass
class Contract:
    """What the stand-in has seen, and what it is to answer."""

    url: str = ""
    lines: list[str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, list[str]], str]] = field(default_factory=list)  # path, query, token
    write_status: int = 204
    retry_after: str = ""
    body_limit: int = 1_000_000
    rows: str = "[]"


class Handler(BaseHTTPRequestHandler):
    """Answers as the documentation of ``/api/v2/write``, ``/query`` and ``/ping`` says."""

    protocol_version = "HTTP/1.1"
    contract: Contract

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._note()
        contract = self.contract
        if contract.write_status != 204:
            self._answer(contract.write_status, '{"code":"unavailable","message":"not now"}')
        elif len(body) > contract.body_limit:
            self._answer(413, '{"code":"request too large","message":"cannot read data: points in batch"}')
        elif 'vs="refuse me"' in body:
            self._answer(422, '{"code":"unprocessable entity","message":"field type conflict"}')
        else:
            contract.lines += body.split("\n")
            self._answer(204, "")

    def do_GET(self) -> None:
        self._note()
        if self.path == "/ping":
            self._answer(204, "")
            return
        series = f'[{{"name":"reading","columns":["time"],"values":{self.contract.rows}}}]'
        self._answer(200, f'{{"results":[{{"statement_id":0,"series":{series}}}]}}')

    def _note(self) -> None:
        parts = urlsplit(self.path)
        token = self.headers.get("Authorization", "")
        self.contract.requests.append((parts.path, parse_qs(parts.query), token))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        if self.contract.retry_after:
            self.send_header("Retry-After", self.contract.retry_after)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def serve(contract: Contract) -> Iterator[None]:
    handler = type("ContractHandler", (Handler,), {"contract": contract})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        contract.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def contract() -> Iterator[Contract]:
    contract = Contract()
    with serve(contract):
        yield contract


@pytest.fixture
async def store(contract: Contract, tmp_path: Path) -> AsyncIterator[SeriesHome]:
    series = open_series(make_settings(contract.url, tmp_path), tmp_path)
    await series.open()
    yield series
    await series.close()


def make_settings(url: str, folder: Path) -> Series:
    secret = folder / "token"
    secret.write_text(f"{TOKEN}\n")
    return Series(store="influx2", url=url, org="insurer", bucket="hazards", database="db", secret_file=secret)


async def test_write_is_the_documented_request(store: SeriesHome, contract: Contract) -> None:
    assert await store.write([make_point(1, 0.5), make_point(2, "防")]) == []
    path, query, token = contract.requests[-1]
    assert (path, token) == ("/api/v2/write", f"Token {TOKEN}")
    assert (query["org"], query["bucket"], query["precision"]) == (["insurer"], ["hazards"], ["ns"])
    assert [line.split(",u=")[0] for line in contract.lines] == [
        "reading,device=gauge-01,stream=level v=0.5",
        'reading,device=gauge-01,stream=level vs="防"',
    ]


async def test_line_that_is_refused_is_found_among_its_neighbours(store: SeriesHome, contract: Contract) -> None:
    points = [make_point(n) for n in range(1, 50)]
    bad = make_point(77, "refuse me")
    refusals = await store.write([*points[:20], bad, *points[20:]])
    assert [(refusal.point, refusal.code) for refusal in refusals] == [(bad, "store_refused")]
    assert "field type conflict" in refusals[0].detail
    assert len(contract.lines) == len(points)


async def test_too_large_a_body_is_split(store: SeriesHome, contract: Contract) -> None:
    contract.body_limit = 1000
    assert await store.write([make_point(n) for n in range(1, 100)]) == []
    assert len(contract.lines) == 99


@pytest.mark.parametrize(
    ("status", "retry_after", "wait_s"),
    [(429, "5", 5.0), (503, "", 1.0), (500, "", 1.0), (401, "", 10.0), (404, "", 1.0)],
)
async def test_server_that_cannot_take_it_now_is_unavailable(
    store: SeriesHome, contract: Contract, status: int, retry_after: str, wait_s: float
) -> None:
    contract.write_status, contract.retry_after = status, retry_after
    with pytest.raises(StoreUnavailable, match=str(status)) as caught:
        await store.write([make_point(1)])
    assert caught.value.retry_after_s == wait_s
    assert contract.lines == []


async def test_reading_asks_for_the_mapped_database_with_the_token(store: SeriesHome, contract: Contract) -> None:
    ns = AT * 1_000_000
    contract.rows = f"[[{AT}000001,1.5,null,null],[{AT}000002,null,true,null],[{AT + 1}000003,-0,null,null]]"
    assert await store.samples("gauge-01", "level", ns, ns + 2_000_000, 10) == [
        Sample(ns + 1, 1.5),
        Sample(ns + 2, True),
        Sample(ns + 1_000_003, -0.0),
    ]
    path, query, token = contract.requests[-1]
    assert (path, token) == ("/query", f"Token {TOKEN}")
    assert (query["db"], query["rp"], query["epoch"]) == (["db"], ["autogen"], ["ns"])
    contract.rows = f"[[{AT}000000,1,2.5,4,2]]"
    assert await store.buckets("gauge-01", "level", AT, AT + 2, 1000) == [Bucket(AT, 1.0, 2.5, 4.0, 2)]


async def test_steps_of_warnings_go_and_come_by_the_same_ways(store: SeriesHome, contract: Contract) -> None:
    one = WarningStep("pudong", "rainstorm", AT * 1_000_000 + 7, 2, 3, "orange", "0199-aa", False)
    assert await store.write_steps([one]) == []
    fields = 'level=2i,coming=3i,color="orange",warning="0199-aa",simulated=false'
    assert contract.lines == [f"warning,site=pudong,hazard=rainstorm {fields} {AT}000007"]
    contract.rows = f'[[{AT}000007,"rainstorm",2,3,"orange","0199-aa",false]]'
    assert await store.warning_steps("pudong", AT, AT + 1) == [one]
    path, query, token = contract.requests[-1]
    assert (path, token, query["db"], query["rp"]) == ("/query", f"Token {TOKEN}", ["db"], ["autogen"])


async def test_server_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    store = open_series(make_settings(f"http://127.0.0.1:{free_port()}", tmp_path), tmp_path)
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await store.write([make_point(1)])
    await store.close()


async def test_victoria_metrics_stores_the_numbers_written(victoria: Server, device: str, tmp_path: Path) -> None:
    store = open_series(make_settings(victoria.url, tmp_path), tmp_path)
    await store.open()
    values = [0.5, -2.25, 12.125]
    points = [make_point(n, value, at=AT + n, device=device) for n, value in enumerate(values, 1)]
    assert await store.write(points) == []
    await store.close()
    assert export(victoria, device) == ([AT + 1, AT + 2, AT + 3], values)


class Exported(msgspec.Struct):
    timestamps: list[int]
    values: list[float]


def export(server: Server, device: str) -> tuple[list[int], list[float]]:
    """The times (ms) and values of the device's `v` fields."""
    httpx.get(f"{server.url}/internal/force_flush").raise_for_status()
    match = f'{{__name__="reading_v",device="{device}",stream="level"}}'
    reply = httpx.get(f"{server.url}/api/v1/export", params={"match[]": match}).raise_for_status()
    exported = msgspec.json.decode(reply.content, type=Exported)
    return exported.timestamps, exported.values
