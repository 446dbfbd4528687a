"""The report: what was promised against what the stores give back, by set differences over digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading
from cloud_gateway.ingest.admission import FLOODING, NOT_ENROLLED, REVOKED
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Point, SeriesStore
from deploy.demo.alarms import Key, Raising, find_wrong_alarms
from deploy.demo.happening import Happening
from deploy.demo.intruder import FLOOD
from deploy.demo.naming import Gap, find_named
from deploy.demo.signs import devices_hit
from deploy.demo.spoiled import ADC_STEPS, Samples, find_traces
from deploy.demo.stage import Fleet, Stage
from deploy.demo.told import WarningReport, find_broken, read_warning_report
from deploy.demo.witness import Promise, Said, read_alarm, seal
from edge_agent.app import OUTBOX_FILE
from edge_agent.proof.digest import digest
from edge_agent.settings import AnalogSensor
from edge_agent.storage.outbox import Outbox
from edge_agent.wire import senml
from edge_agent.wire.messages import ALARM, READING
from edge_agent.wire.topics import Lane
from firmware_sim.forms import SensorFault, SeriesSource
from firmware_sim.nature import Nature

#: Dead letters that count messages which were not looked at, and that of the flood itself.
REFUSALS, FLOOD_SHA256 = {REVOKED, FLOODING, NOT_ENROLLED}, digest(FLOOD)
#: Faults that end a process between a commit and the witness's hearing of it.
KILLS = ("agent-kill", "power-cut", "clone")
#: What the gateway acknowledged before it was killed has reached the devices after this, real seconds.
ON_THE_WAY_S = 10.0


class _Told(msgspec.Struct, frozen=True):
    """The identity in the body of an `alarm` event; what the gateway raised itself on readings has no epoch."""

    device: str
    epoch: str = ""
    seq: int = 0


_event_decoder = msgspec.json.Decoder(_Told)


@dataclass
class Holdings:
    """What the stores hold, read back: seals by identity, what was refused by name, and doubles."""

    seals: dict[Promise, str] = field(default_factory=dict)
    waiting: set[Promise] = field(default_factory=set)
    with_clones: set[Promise] = field(default_factory=set)
    named: set[Promise] = field(default_factory=set)
    doubled: set[Promise] = field(default_factory=set)
    gaps: Counter[str] = field(default_factory=Counter)
    gap_list: list[Gap] = field(default_factory=list)
    rejected: int = 0
    refused: int = 0
    #: alarm records by (device, epoch, seq), and the table of alarms
    said: dict[Key, Said] = field(default_factory=dict)
    alarms: dict[Key, Raising] = field(default_factory=dict)
    #: (device, stream): [(at, value)] of numbers, and of contacts as 0 and 1
    contacts: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    series: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)


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
    played = [fault for fault in report.faults if not fault.get("skipped")]
    return short + [f"fault {fault['name']} was not seen" for fault in played if not fault["seen_by"]]


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def is_clean(report: Report) -> bool:
    """Whether something was put, everything promised is kept, and every fault was seen by somebody."""
    return bool(report.put) and not find_shortcomings(report)


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
    holdings.with_clones = await _read_outboxes(stage.clones) - holdings.seals.keys()
    holdings.waiting = (await _read_outboxes(stage.fleets) - holdings.seals.keys()) | holdings.with_clones
    return holdings


async def _read_outboxes(fleets: Iterable[Fleet]) -> set[Promise]:
    """What is on the devices' own disks; their agents have ended."""
    waiting: set[Promise] = set()
    for device, home in [home for fleet in fleets for home in fleet.homes.items()]:
        file = home / OUTBOX_FILE
        if not file.exists():
            continue
        outbox = await Outbox.open(file, boot="verdict")
        for lane in Lane:
            waiting |= {
                Promise(device, outbox.epoch, lane.value, fact.seq)
                for fact in await outbox.pending(lane, 0, outbox.depth[lane])
            }
        await outbox.close()
    return waiting


async def _read_rows(stage: Stage, holdings: Holdings) -> None:
    engine = open_database(stage.settings.database)
    try:
        async with reading(engine) as c:
            r, d, g = t.record.c, t.dead_letter.c, t.gap.c
            said_at = func.coalesce(r.said_at, r.at)  # the device's own word, where the gateway has corrected its clock
            facts = select(r.device, r.epoch, r.lane, r.seq, r.kind, said_at, r.clock, r.body)
            for device, epoch, lane, seq, kind, at, clock, body in await c.execute(facts):
                holdings.seals[Promise(device, epoch, lane, seq)] = seal(kind, at, clock, body)
                if kind == ALARM:
                    holdings.said[device, epoch, seq] = read_alarm(at, body)
            letters = select(d.device, d.epoch, d.lane, d.seq, d.code, d.sha256, d.times)
            for device, epoch, lane, seq, code, sha256, times in await c.execute(letters):
                if code in REFUSALS or sha256 == FLOOD_SHA256:
                    holdings.refused += times
                    continue
                holdings.rejected += 1
                if seq is not None:
                    holdings.named.add(Promise(device, epoch, lane, seq))
            gaps = select(g.device, g.epoch, g.lane, g.reason, g["count"], g["first"], g["last"])
            holdings.gap_list = [Gap(*row) for row in await c.execute(gaps)]
            for gap in holdings.gap_list:
                holdings.gaps[gap.lane] += gap.facts
            await _read_alarms(c, holdings)
    finally:
        await engine.dispose()


async def _read_alarms(c: AsyncConnection, holdings: Holdings) -> None:
    """The table of alarms; one that was told twice to who follows the events has been applied twice."""
    a, e = t.alarm.c, t.event.c
    for device, epoch, seq, *raising in await c.execute(
        select(a.device, a.epoch, a.seq, a.rule, a.raised_at, a.cleared_at)
    ):
        holdings.alarms[device, epoch, seq] = Raising(*raising)
    told = [_event_decoder.decode(body) for (body,) in await c.execute(select(e.body).where(e.topic == "alarm"))]
    holdings.doubled |= find_doubles(Promise(e.device, e.epoch, Lane.ALARM.value, e.seq) for e in told if e.epoch)


def find_doubles(promises: Iterable[Promise]) -> set[Promise]:
    """Those that are there more than once."""
    return {promise for promise, count in Counter(promises).items() if count > 1}


async def _read_series(series: SeriesStore, device: str, holdings: Holdings) -> None:
    """Put each record together again from its points: the digest is of the body that they make."""
    records: dict[Promise, list[Point]] = {}
    async for point in series.scan(device):
        records.setdefault(Promise(device, point.epoch, Lane.READING.value, point.seq), []).append(point)
        if not isinstance(point.value, str):
            kept = holdings.contacts if isinstance(point.value, bool) else holdings.series
            kept.setdefault((device, point.stream), []).append((point.time_ns // 1_000_000, float(point.value)))
    for promise, points in records.items():
        holdings.seals[promise] = seal_points(points)
        if len({p.stream for p in points}) < len(points):
            holdings.doubled.add(promise)


def seal_points(points: list[Point]) -> str:
    """The seal of the reading that these points were; `at` of the record is its first point's."""
    base = min(p.time_ns for p in points)
    entries = [senml.entry(p.stream, p.unit, p.value, (p.time_ns - base) / 1e9) for p in points]
    clock = "+".join(sorted({p.clock for p in points}))  # points of one record that differ have been altered
    return seal(READING, base // 1_000_000, clock, senml.encode_pack(entries))


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
