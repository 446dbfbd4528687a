"""What ingest has taken in and how soon it was acknowledged, as figures for Prometheus, and what ingest waits for."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.ingest.batch import Batch
from cloud_gateway.service.figures import STORES
from cloud_gateway.service.readiness import Check, NotReady, database_check, evidence_check
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.storage.standstill import read_waiting
from edge_agent.wire.topics import Lane

#: The two sides of ingest: readings, and all else, which never waits for the store of readings.
READINGS, OTHERS = "readings", "others"
DELAY_BUCKETS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class IntakeFigures:
    """Told of each batch by ingest. `outages` counts how often each store was away; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: dict[str, float] = {}
        self.outages: Mapping[str, int] = {}
        self.is_connected = False
        self.is_series_open = False
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(self)
        self._messages = Counter(
            "weiran_ingest_messages", "Messages that were dealt with.", ["side"], registry=registry
        )
        self._records = Counter("weiran_ingest_records", "Records of their frames.", ["lane"], registry=registry)
        self._readings = Counter("weiran_ingest_readings", "Measured values written.", registry=registry)
        self._aside = Counter("weiran_ingest_set_aside", "Set aside by name.", ["why"], registry=registry)
        self._connections = Counter("weiran_ingest_connections", "Connections to the broker.", registry=registry)
        connected = Gauge("weiran_ingest_connected", "1 while the broker is connected.", registry=registry)
        connected.set_function(lambda: float(self.is_connected))
        under_way = Gauge("weiran_ingest_batch_seconds", "Age of the batch under way.", ["side"], registry=registry)
        for side in (READINGS, OTHERS):
            under_way.labels(side).set_function(lambda side=side: self._age(side))  # type: ignore[misc]
        self._delay = Histogram(
            "weiran_ingest_ack_delay_seconds",
            "How long the oldest message of each batch waited until it was stored and acknowledged.",
            ["side"],
            buckets=DELAY_BUCKETS,
            registry=registry,
        )

        self._begin_at_nothing()

    def _begin_at_nothing(self) -> None:
        """Every label is there from the start: a figure that appears with its first event shows no increase."""
        for side in (READINGS, OTHERS):
            self._messages.labels(side)
            self._delay.labels(side)
        for lane in Lane:
            self._records.labels(lane.value)
        for why in ("unreadable", "refused", "rejected"):
            self._aside.labels(why)

    def connect(self) -> None:
        """The broker is connected."""
        self.is_connected = True
        self._connections.inc()

    def disconnect(self) -> None:
        """It is no longer."""
        self.is_connected = False

    def begin(self, side: str) -> None:
        """A batch is under way."""
        self._begun[side] = self._clock()

    def note(self, side: str, batch: Batch) -> None:
        """It is stored and acknowledged."""
        self._begun.pop(side, None)
        self._messages.labels(side).inc(len(batch.tokens))
        if batch.since is not None:
            self._delay.labels(side).observe(max(self._clock() - batch.since, 0.0))
        for lane, count in _records_by_lane(batch).items():
            self._records.labels(lane).inc(count)
        self._readings.inc(sum(len(accepted.points) for accepted in batch.frames))
        self._aside.labels("unreadable").inc(len(batch.unreadable))
        self._aside.labels("refused").inc(batch.refused.total())
        self._aside.labels("rejected").inc(sum(len(accepted.rejected) for accepted in batch.frames))

    def collect(self) -> Iterable[Metric]:
        """The outages, which are counted where they are noticed."""
        family = CounterMetricFamily("weiran_store_outages", "How often ingest began to wait for it.", labels=["store"])
        for store in STORES:
            family.add_metric([store], self.outages.get(store, 0))
        return [family]

    async def write(self) -> bytes:
        """All of them as Prometheus reads them."""
        return generate_latest(self._registry)

    def _age(self, side: str) -> float:
        begun = self._begun.get(side)
        return 0.0 if begun is None else self._clock() - begun


def _records_by_lane(batch: Batch) -> Tally[str]:
    found: Tally[str] = Tally()
    for accepted in batch.frames:
        found[accepted.frame.lane.value] += len(accepted.frame.records)
    return found


def intake_checks(engine: AsyncEngine, settings: GatewaySettings, figures: IntakeFigures) -> dict[str, Check]:
    """What ingest needs: database, store of readings, room on the disk, broker and, with a key, signed heads."""

    async def check_series() -> None:
        if not figures.is_series_open:
            raise NotReady("not opened yet")
        await _check_waiting(settings, "series store", "takes nothing")

    async def check_disk() -> None:
        await _check_waiting(settings, "room", "no room above the reserve")

    async def check_broker() -> None:
        if not figures.is_connected:
            raise NotReady("not connected")

    checks: dict[str, Check] = {
        "database": database_check(engine),
        "series": check_series,
        "disk": check_disk,
        "broker": check_broker,
    }
    if settings.evidence.key_file is not None:
        checks["evidence"] = evidence_check(engine)
    return checks


async def _check_waiting(settings: GatewaySettings, what: str, reason: str) -> None:
    if any(one.what == what for one in read_waiting(settings.data_dir)):
        raise NotReady(reason)
