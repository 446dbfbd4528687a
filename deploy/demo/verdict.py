"""The report: what was promised against what the stores give back, by set differences over digests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Point, SeriesStore
from deploy.demo.spoiled import ADC_STEPS, find_traces
from deploy.demo.stage import Stage
from deploy.demo.trouble import Happening
from deploy.demo.witness import Promise
from edge_agent.proof.digest import digest
from edge_agent.settings import AnalogSensor
from edge_agent.wire import senml
from edge_agent.wire.topics import Lane
from firmware_sim.forms import SensorFault, SeriesSource
from firmware_sim.nature import Nature


@dataclass
class Holdings:
    """What the stores hold, read back: digests by identity, what was refused by name, and doubles."""

    digests: dict[Promise, str] = field(default_factory=dict)
    named: set[Promise] = field(default_factory=set)
    doubled: set[Promise] = field(default_factory=set)
    gaps: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    #: (device, stream): [(at, value)] of numbers, and of contacts as 0 and 1
    contacts: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    series: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)


async def write_report(
    stage: Stage, happenings: list[Happening], spoiled: list[SensorFault], *, store: str, seconds: float
) -> dict[str, object]:
    """Everything the demo has to say, as JSON can hold it. Times are RFC 3339, UTC."""
    holdings = await read_holdings(stage)
    put = stage.witness.put
    lost = set(put) - set(holdings.digests) - holdings.named
    altered = {p for p, said in put.items() if holdings.digests.get(p, said) != said} | stage.witness.altered
    return {
        "scenario": stage.scenario.name,
        "simulated": True,
        "devices": len(stage.scenario.device),
        "put": len(put),
        "stored": len(holdings.digests),
        "lost": len(lost),
        "duplicates": len(holdings.doubled),
        "altered": len(altered),
        "unwitnessed": len(set(holdings.digests) - set(put)),
        "gaps": sum(holdings.gaps.values()),
        "gaps_by_lane": dict(holdings.gaps),
        "rejected": holdings.rejected,
        "gauge_hours": _gauge_figures(stage, holdings),
        "alarms": await _alarms(stage, holdings),
        "faults": [_fault(h) for h in happenings] + _spoiled(stage, spoiled, holdings),
        "worst_delay_s": round(stage.witness.worst_delay_s, 3),
        "store": store,
        "seconds": round(seconds, 1),
        "examples": [tuple(p) for p in sorted(lost | altered | holdings.doubled)[:20]],
    }


def is_clean(report: dict[str, object]) -> bool:
    """Whether everything promised is kept, and every fault was seen by somebody."""
    zero = all(report[key] == 0 for key in ("lost", "duplicates", "altered", "rejected"))
    gaps = report["gaps_by_lane"]
    assert isinstance(gaps, dict)
    faults = report["faults"]
    assert isinstance(faults, list)
    held = not any(lane in gaps for lane in (Lane.ALARM.value, Lane.RECORD.value))
    return zero and held and bool(report["put"]) and all(fault["seen_by"] for fault in faults)


async def read_holdings(stage: Stage) -> Holdings:
    """Read both stores back, whole."""
    holdings = Holdings()
    await _read_rows(stage, holdings)
    series = open_series(stage.settings.series, stage.settings.data_dir)
    await series.open()
    try:
        for device in stage.scenario.device:
            await _read_series(series, device.id, holdings)
    finally:
        await series.close()
    return holdings


async def _read_rows(stage: Stage, holdings: Holdings) -> None:
    engine = open_database(stage.settings.database)
    try:
        async with reading(engine) as c:
            r, d, g = t.record.c, t.dead_letter.c, t.gap.c
            for device, epoch, lane, seq, body in await c.execute(select(r.device, r.epoch, r.lane, r.seq, r.body)):
                holdings.digests[Promise(device, epoch, lane, seq)] = digest(body)
            for device, epoch, lane, seq in await c.execute(select(d.device, d.epoch, d.lane, d.seq)):
                holdings.rejected += 1
                if seq is not None:
                    holdings.named.add(Promise(device, epoch, lane, seq))
            for lane, count in await c.execute(select(g.lane, g["count"])):
                holdings.gaps[lane] += count
    finally:
        await engine.dispose()


async def _read_series(series: SeriesStore, device: str, holdings: Holdings) -> None:
    """Put each record together again from its points: the digest is of the body that they make."""
    records: dict[Promise, list[Point]] = {}
    async for point in series.scan(device):
        records.setdefault(Promise(device, point.epoch, Lane.READING.value, point.seq), []).append(point)
        if not isinstance(point.value, str):
            kept = holdings.contacts if isinstance(point.value, bool) else holdings.series
            kept.setdefault((device, point.stream), []).append((point.time_ns // 1_000_000, float(point.value)))
    for promise, points in records.items():
        holdings.digests[promise] = digest(_body(points))
        if len({p.stream for p in points}) < len(points):
            holdings.doubled.add(promise)


def _body(points: list[Point]) -> bytes:
    base = min(p.time_ns for p in points)
    entries = [senml.entry(p.stream, p.unit, p.value, (p.time_ns - base) / 1e9) for p in points]
    return senml.encode_pack(entries)


def _gauge_figures(stage: Stage, holdings: Holdings) -> dict[str, list[int]]:
    """For each replayed gauge: how many of the series' own figures the store gives back, and of how many."""
    nature = Nature(stage.scenario, stage.scenario.folders)
    found: dict[str, list[int]] = {}
    for device in stage.scenario.device:
        for sensor in device.sensor:
            source = device.wiring.get(sensor.stream)
            if not isinstance(sensor, AnalogSensor) or not isinstance(source, SeriesSource):
                continue
            stored = dict(holdings.series.get((device.id, sensor.stream), ()))
            tolerance = abs(sensor.high - sensor.low) / ADC_STEPS
            series = nature.series(source)
            figures = list(zip(series.at_ms, series.values, strict=True))
            hits = [at for at, value in figures if abs(stored.get(at, 1e9) - value) <= tolerance]
            found[f"{device.site}/{sensor.stream}"] = [len(hits), len(figures)]
    return found


async def _alarms(stage: Stage, holdings: Holdings) -> list[dict[str, object]]:
    engine = open_database(stage.settings.database)
    try:
        async with reading(engine) as c:
            a = t.alarm.c
            rows = (
                await c.execute(select(a.device, a.rule, a.stream, a.value, a.raised_at).order_by(a.raised_at))
            ).all()
    finally:
        await engine.dispose()
    return [_alarm(stage, holdings, *row) for row in rows]


def _alarm(
    stage: Stage, holdings: Holdings, device: str, rule: str, stream: str, value: float, raised_at: int
) -> dict[str, object]:
    """One raising; `peak_at` is when the watched stream was highest in the whole run, null for contacts."""
    samples = holdings.series.get((device, stream))
    peak_at = max(samples, key=lambda s: s[1])[0] if samples else None
    return {
        "site": stage.scenario.device_of(device).site,
        "device": device,
        "rule": rule,
        "value": value,
        "raised_at": _rfc3339(raised_at),
        "peak_at": None if peak_at is None else _rfc3339(peak_at),
        "lead_s": None if peak_at is None else (peak_at - raised_at) // 1000,
    }


def _fault(happening: Happening) -> dict[str, object]:
    fault = happening.fault
    return {
        "name": fault.name,
        "kind": fault.kind,
        "at": _rfc3339(fault.at_ms),
        "until": _rfc3339(fault.until_ms),
        "real_s": round(happening.ended_s - happening.began_s, 1),
        "seen_by": happening.seen_by,
    }


def _spoiled(stage: Stage, faults: list[SensorFault], holdings: Holdings) -> list[dict[str, object]]:
    """Sensor faults: who saw them is what the readings show."""

    def samples_of(device: str, stream: str) -> list[tuple[int, float]]:
        key = (device, stream)
        return sorted(holdings.series.get(key) or holdings.contacts.get(key, []))

    traces = find_traces(stage.scenario, faults, samples_of)
    return [
        {"name": f.name, "kind": f.kind, "at": _rfc3339(f.at_ms), "until": _rfc3339(f.until_ms)}
        | {"seen_by": traces[f.name]}
        for f in faults
    ]


def _rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def encode_report(report: dict[str, object]) -> bytes:
    """The report file: indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
