"""The report: what was promised against what the stores give back, by set differences over digests."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading
from deploy.demo.alarms import Key, find_wrong_alarms
from deploy.demo.counted import RatingReport, read_rating_report
from deploy.demo.counted import find_broken as find_broken_ratings
from deploy.demo.happening import Happening
from deploy.demo.holdings import Holdings, read_holdings
from deploy.demo.naming import find_named
from deploy.demo.signs import devices_hit
from deploy.demo.spoiled import ADC_STEPS, Samples, find_traces
from deploy.demo.stage import Stage
from deploy.demo.told import WarningReport, find_broken, read_warning_report
from deploy.demo.witness import Promise, Said
from edge_agent.settings import AnalogSensor
from edge_agent.wire.topics import Lane
from firmware_sim.forms import SensorFault, SeriesSource
from firmware_sim.nature import Nature

#: Faults that end a process between a commit and the witness's hearing of it.
KILLS = ("agent-kill", "power-cut", "clone")
#: What the gateway acknowledged before it was killed has reached the devices after this, real seconds.
ON_THE_WAY_S = 10.0


@dataclass(frozen=True)
class Balance:
    """What was put against what is held."""

    lost: set[Promise]
    altered: set[Promise]
    doubled: set[Promise]
    unwitnessed: set[Promise]
    gone: set[Promise]
    wrong_alarms: set[Key]


class Report(msgspec.Struct, frozen=True):
    """Everything the demo has to say. Times are RFC 3339, UTC; `gauge_hours` is [given back, due] by gauge.

    `waiting` facts are on their devices' disks, not yet stored: an interrupted run leaves some. `with_clones` of them
    are on the disks of second devices, which were taken away with what they had not sent.
    `named_by_gaps`: facts that were let go and are named by a stored gap. `refused`: messages, not facts, that were not
    looked at because their device was revoked or flooded; what they carried comes again.
    `gauges_hit` names the gauges from which a fault took hours: their missing figures are no fault of the system.
    """

    scenario: str
    devices: int
    put: int
    stored: int
    waiting: int
    with_clones: int
    lost: int
    duplicates: int
    altered: int
    unwitnessed: int
    gaps: int
    gaps_by_lane: dict[str, int]
    rejected: int
    refused: int
    named_by_gaps: int
    gauge_hours: dict[str, list[int]]
    gauges_hit: list[str]
    alarms: list[dict[str, object]]
    wrong_alarms: int
    faults: list[dict[str, object]]
    worst_delay_s: float
    store: str
    seconds: float
    examples: list[Promise]
    warnings: WarningReport
    ratings: RatingReport | None = None
    simulated: bool = True


async def make_report(
    stage: Stage, happenings: list[Happening], spoiled: list[SensorFault], *, store: str, seconds: float
) -> Report:
    """Read the stores back and hold them against what was promised."""
    holdings, witness = await read_holdings(stage), stage.witness
    restored = [h.restored_s for h in happenings if h.restored_s is not None]
    let_go = {p for p, at_s in witness.acked.items() if restored and at_s < max(restored) + ON_THE_WAY_S}
    balance = strike_balance(witness.put, witness.alarms, holdings, let_go)
    altered = balance.altered | witness.altered
    return Report(
        scenario=stage.scenario.name,
        devices=len(stage.scenario.device),
        put=len(witness.put),
        stored=len(holdings.seals),
        waiting=len(holdings.waiting),
        with_clones=len(holdings.with_clones),
        lost=len(balance.lost),
        duplicates=len(balance.doubled),
        altered=len(altered),
        unwitnessed=len(balance.unwitnessed),
        gaps=sum(holdings.gaps.values()),
        gaps_by_lane=dict(holdings.gaps),
        rejected=holdings.rejected,
        refused=holdings.refused,
        named_by_gaps=len(balance.gone),
        gauge_hours=_gauge_figures(stage, holdings),
        gauges_hit=_gauges_hit(stage, happenings, spoiled),
        alarms=await _alarms(stage, holdings),
        wrong_alarms=len(balance.wrong_alarms),
        faults=[_fault(h) for h in happenings] + _spoiled(stage, spoiled, holdings),
        worst_delay_s=round(witness.worst_delay_s, 3),
        store=store,
        seconds=round(seconds, 1),
        examples=sorted(balance.lost | altered | balance.doubled)[:20],
        warnings=await read_warning_report(stage),
        ratings=await read_rating_report(stage),
    )


def strike_balance(
    put: Mapping[Promise, str], said: Mapping[Key, Said], holdings: Holdings, let_go: Set[Promise] = frozenset()
) -> Balance:
    """Set differences. An alarm record that nobody witnessed counts for the table of alarms as it is stored.

    What still waits on a device's disk is neither lost nor due in any table. What a gap names is not lost; `let_go` is
    what devices had let go when the gateway was restored, whose gap does not say how far it reaches.
    """
    seals = holdings.seals
    waiting = {(p.device, p.epoch, p.seq) for p in holdings.waiting if p.lane == Lane.ALARM.value}
    said = {key: alarm for key, alarm in said.items() if key not in waiting}
    missing = set(put) - set(seals) - holdings.named - holdings.waiting
    gone = find_named(missing, holdings.gap_list, let_go)
    return Balance(
        lost=missing - gone,
        gone=gone,
        altered={p for p, sealed in put.items() if seals.get(p, sealed) != sealed},
        doubled=holdings.doubled,
        unwitnessed=set(seals) - set(put),
        wrong_alarms=find_wrong_alarms({**holdings.said, **said}, holdings.alarms),
    )


def find_shortcomings(report: Report) -> list[str]:
    """What was promised and not kept, and the faults that nobody saw; empty for a clean run."""
    short = [
        f"{name} {count}"
        for name in ("lost", "duplicates", "altered", "rejected", "wrong_alarms")
        if (count := getattr(report, name))
    ]
    short += [f"gap on lane {lane}" for lane in (Lane.ALARM.value, Lane.RECORD.value) if lane in report.gaps_by_lane]
    if report.unwitnessed and not any(fault["kind"] in KILLS for fault in report.faults):
        short.append(f"unwitnessed {report.unwitnessed}")
    short += [
        f"{gauge}: {given} of {due} figures"
        for gauge, (given, due) in report.gauge_hours.items()
        if given < due and gauge not in report.gauges_hit
    ]
    short += [f"fault {fault['name']}: {what}" for fault in report.faults for what in _texts(fault.get("broken"))]
    killed = any(fault["kind"] == "gateway-restore" for fault in report.faults)
    short += find_broken(report.warnings, killed=killed)
    short += find_broken_ratings(report.ratings)
    played = [fault for fault in report.faults if not fault.get("skipped")]
    return short + [f"fault {fault['name']} was not seen" for fault in played if not fault["seen_by"]]


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def is_clean(report: Report) -> bool:
    """Whether something was put, everything promised is kept, and every fault was seen by somebody."""
    return bool(report.put) and not find_shortcomings(report)


def _gauge_figures(stage: Stage, holdings: Holdings) -> dict[str, list[int]]:
    """For each replayed gauge: how many of the series' own figures the store gives back, and how many were due."""
    nature = Nature(stage.scenario, stage.scenario.folders)
    found: dict[str, list[int]] = {}
    for device in stage.scenario.device:
        over = any(device.id in fleet.devices and fleet.ear.ended for fleet in stage.fleets)
        for sensor in device.sensor:
            source = device.wiring.get(sensor.stream)
            if not isinstance(sensor, AnalogSensor) or not isinstance(source, SeriesSource):
                continue
            series, stored = nature.series(source), holdings.series.get((device.id, sensor.stream), [])
            figures = list(zip(series.at_ms, series.values, strict=True))
            tolerance = abs(sensor.high - sensor.low) / ADC_STEPS
            found[f"{device.site}/{sensor.stream}"] = count_figures(figures, stored, tolerance, over=over)
    return found


def count_figures(figures: Samples, stored: Samples, tolerance: float, *, over: bool) -> list[int]:
    """[given back, due]: all are due when the story is over, else those up to the newest sample."""
    newest = max((at for at, _ in stored), default=0)
    due = [(at, value) for at, value in figures if over or at <= newest]
    values = dict(stored)
    return [sum(at in values and abs(values[at] - value) <= tolerance for at, value in due), len(due)]


def _gauges_hit(stage: Stage, happenings: list[Happening], spoiled: list[SensorFault]) -> list[str]:
    """Gauges whose device was killed or could not store, or whose sensor was spoiled."""
    kills = [h.fault for h in happenings if h.fault.kind in ("agent-kill", "power-cut", "disk-full")]
    killed = {device for fault in kills for device in devices_hit(stage, fault)}
    targets = {fault.target for fault in spoiled}
    return sorted(
        f"{device.site}/{sensor.stream}"
        for device in stage.scenario.device
        for sensor in device.sensor
        if device.id in killed or f"{device.id}/{sensor.stream}" in targets
    )


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
        "seen_after_s": happening.seen_after_s,
        "refused": happening.refused,
        "broken": happening.broken,
        "skipped": happening.skipped,
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


def encode_report(report: Report) -> bytes:
    """The report file: indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
