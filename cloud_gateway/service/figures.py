"""The figures that Prometheus reads: what the fleet, the stores and the requests of the web process come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector

from cloud_gateway.devices.condition import Standing
from edge_agent.wire.topics import Lane

#: Text format 0.0.4, which every Prometheus reads.
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: What rules may be called; a device that says anything else is counted under the last.
SEVERITIES = ("urgent", "attention", "other")
STORES = ("room", "series store")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ANSWER_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
OTHER = "other"


@dataclass(frozen=True)
class Field:
    """What the database, the disk and the notes of ingest say at one moment. Times in ms UTC."""

    standings: Mapping[Standing, int] = field(default_factory=dict)
    alarms: Mapping[str, int] = field(default_factory=dict)
    depth: Mapping[str, int] = field(default_factory=dict)
    holes: Mapping[str, int] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    entries: int = 0
    are_heads_signed: bool = True
    waiting: frozenset[str] = frozenset()
    free_bytes: float = 0.0
    backup_at: int | None = None


def describe_field(now: Field) -> list[Metric]:
    """The field as gauges; every label has values of a fixed set, dead letters those of our own codes."""
    alarms = dict.fromkeys(SEVERITIES, 0)
    for name, count in now.alarms.items():
        alarms[name if name in alarms else OTHER] += count
    lanes = [lane.value for lane in Lane]
    return [
        _gauge("devices", "Devices by how they stand.", "state", {s.value: now.standings.get(s, 0) for s in Standing}),
        _gauge("alarms_open", "Open alarms by severity.", "severity", alarms),
        _gauge("outbox_records", "Records that wait on devices.", "lane", _of(lanes, now.depth)),
        _gauge("ledger_missing_records", "Records not come though later ones have.", "lane", _of(lanes, now.holes)),
        _gauge("dead_letters", "Dead letters by code.", "code", now.letters),
        _single("evidence_entries", "Entries of the evidence log.", now.entries),
        _single("evidence_signed", "1 while heads of the evidence log are signed.", float(now.are_heads_signed)),
        _gauge("store_waiting", "1 while ingest waits for it.", "store", {s: s in now.waiting for s in STORES}),
        _single("disk_free_bytes", "Free on the disk of the data folder.", now.free_bytes),
        _single("backup_finished_seconds", "Unix time of the newest backup; 0: none.", (now.backup_at or 0) / 1000),
    ]


def _of(lanes: Iterable[str], counts: Mapping[str, int]) -> dict[str, int]:
    return {lane: counts.get(lane, 0) for lane in lanes}


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"weiran_{name}", text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], float(number))
    return family


def _single(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"weiran_{name}", text, value=value)


class Moment:
    """A collector of what was just read; metrics are asked for in a loop, and the library's collectors cannot wait."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """Give it to the library."""
        return self._found


class WebFigures:
    """Counts the answers of one application, and writes them out with the field."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._answers = Counter(
            "weiran_http_answers",
            "Answers by method, route and class of status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "weiran_http_seconds",
            "Time until an answer began.",
            ("method", "route"),
            buckets=ANSWER_BUCKETS,
            registry=self._registry,
        )

    def note_answer(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answer; `route` is the template of its path, never the path itself."""
        method = method if method in METHODS else OTHER
        self._answers.labels(method, route, f"{status // 100}xx").inc()
        self._seconds.labels(method, route).observe(seconds)

    def write(self, now: Field) -> bytes:
        """All figures as Prometheus reads them."""
        return generate_latest(self._registry) + write_metrics(describe_field(now))


def write_metrics(found: list[Metric]) -> bytes:
    """Metrics as text."""
    registry = CollectorRegistry()
    registry.register(Moment(found))
    return generate_latest(registry)
