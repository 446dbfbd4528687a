"""What the stores and the devices' disks hold when the demo is over, read back whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading
from cloud_gateway.ingest.admission import FLOODING, NOT_ENROLLED, REVOKED
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Point, SeriesStore
from cloud_gateway.settings import GatewaySettings
from deploy.demo.alarms import Key, Raising
from deploy.demo.intruder import FLOOD
from deploy.demo.naming import Gap
from deploy.demo.stage import Fleet, Stage
from deploy.demo.witness import Promise, Said, read_alarm, seal
from edge_agent.app import OUTBOX_FILE
from edge_agent.proof.digest import digest
from edge_agent.storage.outbox import Outbox
from edge_agent.wire import senml
from edge_agent.wire.messages import ALARM, READING
from edge_agent.wire.topics import Lane
from firmware_sim.scenario import Scenario

#: Dead letters that count messages which were not looked at, and that of the flood itself.
REFUSALS, FLOOD_SHA256 = {REVOKED, FLOODING, NOT_ENROLLED}, digest(FLOOD)


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


async def read_holdings(stage: Stage) -> Holdings:
    """Read both stores back, whole."""
    return await read_held(stage.settings, stage.scenario, stage.all_fleets, stage.clones)


async def read_held(
    settings: GatewaySettings, scenario: Scenario, fleets: Iterable[Fleet], clones: Iterable[Fleet] = ()
) -> Holdings:
    """Read both stores of a gateway back, and the disks of these fleets, which have ended."""
    holdings = Holdings()
    await _read_rows(settings.database, holdings)
    series = open_series(settings.series, settings.data_dir)
    await series.open()
    try:
        for device in scenario.device:
            await _read_series(series, device.id, holdings)
    finally:
        await series.close()
    holdings.with_clones = await _read_outboxes(clones) - holdings.seals.keys()
    holdings.waiting = (await _read_outboxes(fleets) - holdings.seals.keys()) | holdings.with_clones
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


async def _read_rows(database: Path, holdings: Holdings) -> None:
    engine = open_database(database)
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
