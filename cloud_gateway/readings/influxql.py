"""Reads readings back by InfluxQL on ``/query``, which InfluxDB 1.x has and 2.x offers over a DBRP mapping."""

from __future__ import annotations

import json
import re
from typing import Generic, NamedTuple, TypeVar

import httpx
import msgspec

from cloud_gateway.readings.checks import EARLIEST_NS, LATEST_NS
from cloud_gateway.readings.lines import MEASUREMENT
from cloud_gateway.readings.series import NS_PER_MS, Bucket, Point, Sample, StoreUnavailable, WarningStep
from cloud_gateway.readings.steps import MEASUREMENT as STEPS
from edge_agent.wire.senml import Value

Row = TypeVar("Row")


class SampleRow(NamedTuple):
    """A row of `samples`; one of v, vb, vs is there."""

    time_ns: int
    v: float | None
    vb: bool | None
    vs: str | None


class PointRow(NamedTuple):
    """A row of `page`; one of v, vb, vs is there."""

    time_ns: int
    v: float | None
    vb: bool | None
    vs: str | None
    unit: str
    epoch: str
    seq: int
    clock: str


class BucketRow(NamedTuple):
    """A row of `buckets`."""

    time_ns: int
    low: float
    mean: float
    high: float
    number: int


class StepRow(NamedTuple):
    """A row of `warning_steps`."""

    time_ns: int
    hazard: str
    level: int
    coming: int
    color: str
    warning: str
    simulated: bool


class TagRow(NamedTuple):
    """A row of SHOW TAG VALUES."""

    key: str
    value: str


class _Table(msgspec.Struct, Generic[Row]):
    values: list[Row] = []


class _Result(msgspec.Struct, Generic[Row]):
    series: list[_Table[Row]] = []
    error: str | None = None


class _Answer(msgspec.Struct, Generic[Row]):
    results: list[_Result[Row]] = []
    error: str | None = None


#: A minus zero as InfluxDB writes it; a JSON reader takes it for the integer 0.
_MINUS_ZERO = re.compile(rb"[\[,]-0[\],]")


class Queries:
    """InfluxQL over one HTTP client, blocking. All methods raise StoreUnavailable.

    `device` and `stream` must be of the wire's grammar: they stand in the query as they are.
    """

    def __init__(self, client: httpx.Client, database: str, retention_policy: str) -> None:
        self._client = client
        self._database = database
        self._policy = retention_policy
        self._source = f"{identifier(retention_policy)}.{identifier(MEASUREMENT)}"
        self.identity = f"{client.base_url} {database} {retention_policy}"

    def run(self, row: type[Row], query: str, method: str = "GET") -> list[Row]:
        """The rows of a statement, each decoded as `row`, of all its series; times in ns."""
        parameters = {"db": self._database, "rp": self._policy, "epoch": "ns", "q": query}
        try:
            reply = self._client.request(method, "/query", params=parameters)
            answer = _decode(reply.content, row)
        except httpx.HTTPError as exc:
            raise StoreUnavailable(f"the series store cannot be reached: {exc!r}") from exc
        except ValueError as exc:
            raise StoreUnavailable(f"the series store answered {reply.status_code} with {exc}") from exc
        error = answer.error or next((result.error for result in answer.results if result.error), None)
        if error is not None or reply.status_code != httpx.codes.OK:
            raise StoreUnavailable(f"the series store answered {reply.status_code}: {error}")
        return [row for result in answer.results for table in result.series for row in table.values]

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def create_database(self) -> None:
        """Make the database when it is not there (InfluxDB 1.x only)."""
        self.run(TagRow, f"CREATE DATABASE {identifier(self._database)}", "POST")

    def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """See `SeriesStore.samples`."""
        query = self._select("v, vb, vs", device, stream, _between(start, end))
        rows = self.run(SampleRow, f"{query} ORDER BY time LIMIT {int(limit)}")
        return [Sample(time_ns, _value(v, vb, vs)) for time_ns, v, vb, vs in rows]

    def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`."""
        fields = "min(v), mean(v), max(v), count(v)"
        query = self._select(fields, device, stream, _between(start * NS_PER_MS, end * NS_PER_MS))
        rows = self.run(BucketRow, f"{query} GROUP BY time({int(width)}ms) fill(none)")
        return [Bucket(at // NS_PER_MS, low, mean, high, count) for at, low, mean, high, count in rows]

    def warning_steps(self, site: str, start: int, end: int) -> list[WarningStep]:
        """See `StepStore.warning_steps`; `site` must be a code."""
        first, last = start * NS_PER_MS, end * NS_PER_MS
        fields = "hazard, level, coming, color, warning, simulated"
        query = f"SELECT {fields} FROM {identifier(self._policy)}.{identifier(STEPS)} WHERE site = '{site}'"  # noqa: S608
        held = f"{query} AND time < {max(first, EARLIEST_NS)} AND simulated ="
        newest = "GROUP BY hazard ORDER BY time DESC LIMIT 1"
        asked = (f"{held} false {newest}", f"{held} true {newest}", f"{query} AND {_between(first, last)}")
        rows = self.run(StepRow, "; ".join(asked))
        return sorted((WarningStep(site, row.hazard, row.time_ns, *row[2:]) for row in rows), key=_step_order)

    def streams(self, device: str) -> list[str]:
        """The streams that a device has ever written."""
        source = identifier(MEASUREMENT)
        query = f"SHOW TAG VALUES FROM {source} WITH KEY = \"stream\" WHERE device = '{device}'"
        return sorted(stream for _, stream in self.run(TagRow, query))

    def page(self, device: str, stream: str, after_ns: int, limit: int) -> list[Point]:
        """Points of one stream later than `after_ns` in time order, at most `limit`."""
        fields = "v, vb, vs, u, epoch, seq, clock"
        query = self._select(fields, device, stream, f"time > {int(after_ns)}")
        rows = self.run(PointRow, f"{query} ORDER BY time LIMIT {int(limit)}")
        return [
            Point(device, stream, unit, time_ns, _value(v, vb, vs), epoch, seq, clock)
            for time_ns, v, vb, vs, unit, epoch, seq, clock in rows
        ]

    def _select(self, fields: str, device: str, stream: str, when: str) -> str:
        series = f"device = '{device}' AND stream = '{stream}'"  # of the wire's grammar: no quotes in them
        return f"SELECT {fields} FROM {self._source} WHERE {series} AND {when}"  # noqa: S608


def _decode(content: bytes, row: type[Row]) -> _Answer[Row]:
    """The answer to a statement, numbers in float columns as floats. Raises ValueError."""
    answer = _Answer[row]  # type: ignore[valid-type]  # made at run time
    if _MINUS_ZERO.search(content):
        document = json.loads(content, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))
        return msgspec.convert(document, answer)
    return msgspec.json.decode(content, type=answer)


def identifier(name: str) -> str:
    """A quoted InfluxQL identifier."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _step_order(step: WarningStep) -> tuple[int, str]:
    return step.time_ns, step.hazard


def _between(start_ns: int, end_ns: int) -> str:
    return f"time >= {max(start_ns, EARLIEST_NS)} AND time < {min(end_ns, LATEST_NS)}"


def _value(v: float | None, vb: bool | None, vs: str | None) -> Value:
    """The one of the three that is there."""
    for value in (vs, vb, v):
        if value is not None:
            return value
    raise StoreUnavailable("the series store answered a point without a value")
