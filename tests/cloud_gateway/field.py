"""A field of three harbour sites for tests of the web process: rows and points as ingest would have left them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Table, insert

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, transaction
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Point, WarningStep, point_time
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.sites.store import NewSite, add_site, place_device
from edge_agent.wire.senml import Value
from tests.databases import make_database

SCENARIO = Path(__file__).parents[2] / "firmware_sim" / "scenarios" / "hugo-1989"
EPOCH = "00000000000000a1"
MINUTE = 60_000
HOUR = 60 * MINUTE
START = 622_267_200_000  # 1989-09-20T04:00Z
CALM = START + 20 * HOUR
STORM = START + 49 * HOUR + 10 * MINUTE  # 1989-09-22T05:10Z
SITES = (
    NewSite("charleston", "Charleston harbour warehouse", "查尔斯顿港仓库", 32.786, -79.926, "America/New_York", True),
    NewSite("wilmington", "Wilmington wharf", "威尔明顿码头", 34.228, -77.952, "America/New_York", True),
    NewSite("beaufort", "Beaufort shipyard", "博福特船厂", 34.717, -76.669, "America/New_York", True),
)
STREAMS: dict[str, tuple[tuple[str, str, float, str, str, str | None], ...]] = {
    "tide": (
        ("tide", "m", 360, "Water level", "潮位", None),
        ("tide_predicted", "m", 360, "Predicted tide", "天文潮预报", "tide"),
    ),
    "yard": (
        ("rain", "mm", 3600, "Rain in 5 minutes", "5分钟雨量", None),
        ("drain_level", "m", 600, "Water in the drain", "排水井水位", None),
        ("drain_float", "", 3600, "Float switch in the drain", "排水井浮球开关", None),
        ("gate_door", "", 3600, "Yard gate open", "院门开启", None),
    ),
}
RULES: dict[str, tuple[tuple[str, str, str, float, str, str, str, str], ...]] = {
    "tide": (
        ("surge", "tide", "residual", 0.30, "m", "urgent", "Storm surge", "风暴增水"),
        ("tide_high", "tide", "threshold", 2.90, "m", "urgent", "Water at the quay's edge", "水位接近码头面"),
        ("tide_rise", "tide", "rise", 0.80, "m/h", "attention", "Water rising fast", "水位急涨"),
    ),
    "yard": (
        ("drain_high", "drain_level", "threshold", 0.80, "m", "attention", "Drain filling", "排水井水位偏高"),
        ("drain_full", "drain_float", "contact", 1.0, "", "urgent", "Drain full", "排水井满"),
    ),
}


@dataclass(frozen=True)
class Raised:
    """One alarm of the field: device, rule, value, minutes before the clock it was raised and cleared."""

    device: str
    rule: str
    value: float
    raised_min: int
    cleared_min: int | None = None


STORM_ALARMS = (
    Raised("tide-charleston", "surge", 2.01, 372),
    Raised("tide-charleston", "tide_high", 4.27, 42),
    Raised("tide-charleston", "tide_rise", 1.54, 18),
    Raised("yard-wilmington", "drain_high", 0.93, 6),
    Raised("yard-beaufort", "drain_high", 0.81, 400, 180),
)


async def seed(settings: GatewaySettings, clock: int, now: int, alarms: Sequence[Raised] = ()) -> None:
    """Fill a new database and series file with the field as it stood at scenario time `clock`."""
    make_database(settings.database)
    engine = open_database(settings.database)
    try:
        async with transaction(engine) as connection:
            for site in SITES:
                await add_site(connection, site)
                for part in STREAMS:
                    await place_device(connection, f"{part}-{site.code}", site.code, START)
            for table, rows in _rows(clock, now, alarms):
                await connection.execute(insert(table), rows)
    finally:
        await engine.dispose()
    await write_points(settings, list(_points(clock)))


async def write_points(settings: GatewaySettings, points: Sequence[Point]) -> None:
    """Put points into the series store."""
    series = open_series(settings.series, settings.data_dir)
    await series.open()
    try:
        await series.write(points)
    finally:
        await series.close()


async def write_steps(settings: GatewaySettings, steps: Sequence[WarningStep]) -> None:
    """Put what official warnings said of sites into the series store."""
    series = open_series(settings.series, settings.data_dir)
    await series.open()
    try:
        assert await series.write_steps(steps) == []
    finally:
        await series.close()


def _rows(clock: int, now: int, alarms: Sequence[Raised]) -> Iterable[tuple[Table, list[dict[str, object]]]]:
    devices = [f"{part}-{site.code}" for site in SITES for part in STREAMS]
    yield t.device, [device_row(d, clock, now) for d in devices]
    yield t.stream, [row for d in devices for row in _stream_rows(d, clock, now)]
    yield (
        t.rule,
        [
            dict(zip(("device", *t.rule.c.keys()[1:]), (d, *rule), strict=True))
            for d in devices
            for rule in RULES[d[:4]]
        ],
    )
    if alarms:
        yield t.alarm, [_alarm_row(a, seq, clock, now) for seq, a in enumerate(alarms, 1)]
    yield t.event, [{"at": now, "topic": "device", "body": '{"device":"tide-charleston"}'}]


def device_row(device: str, clock: int, now: int) -> dict[str, object]:
    """A device that stands well."""
    return {
        "id": device, "role": "sensor-node", "software": "0.1.0", "serial": "10000000a1b2c3d4", "boot": "boot-1",
        "epoch": EPOCH, "heartbeat_s": 60.0, "simulated": True, "birth_at": START, "presence": "online",
        "presence_epoch": EPOCH, "presence_conn": 1, "presence_at": now - HOUR, "heard_at": now - 2000,
        "heartbeat_at": clock, "depth": 0, "oldest_at": None,
    }  # fmt: skip


def _stream_rows(device: str, clock: int, now: int) -> list[dict[str, object]]:
    rows = []
    for name, unit, interval_s, label, label_zh, predicts in STREAMS[device[:4]]:
        at, value = list(curve(device, name, clock))[-1]
        rows.append(
            {
                "device": device, "name": name, "unit": unit, "interval_s": interval_s, "label": label,
                "label_zh": label_zh, "predicts": predicts, "value": json.dumps(value), "at": at,
                "received_at": now - 2000,
            }
        )  # fmt: skip
    return rows


def _alarm_row(alarm: Raised, seq: int, clock: int, now: int) -> dict[str, object]:
    name, stream, _type, limit, unit, *_ = next(r for r in RULES[alarm.device[:4]] if r[0] == alarm.rule)
    raised = clock - alarm.raised_min * MINUTE
    cleared = None if alarm.cleared_min is None else clock - alarm.cleared_min * MINUTE
    return {
        "device": alarm.device, "epoch": EPOCH, "seq": seq, "rule": name, "stream": stream, "value": alarm.value,
        "limit": limit, "unit": unit, "since": raised - 30 * MINUTE, "raised_at": raised, "received_at": now,
        "cleared_at": cleared,
    }  # fmt: skip


def _points(clock: int) -> Iterable[Point]:
    for site in SITES:
        for part, streams in STREAMS.items():
            device = f"{part}-{site.code}"
            for name, unit, *_ in streams:
                for seq, (at, value) in enumerate(curve(device, name, clock), 1):
                    yield Point(device, name, unit, point_time(at, seq), value, EPOCH, seq, "ntp")


def curve(device: str, stream: str, clock: int) -> Iterable[tuple[int, Value]]:
    """What a stream measured until `clock`: tides between NOAA's hours, modelled rain, drain and contacts."""
    code = device.partition("-")[2]
    if stream in ("tide", "tide_predicted"):
        column = "verified" if stream == "tide" else "predicted"
        yield from _between(_table(f"tide-{code}.csv", column), 6 * MINUTE, clock)
        return
    rain = _table(f"rain-{code}.csv", "rain")
    for at, per_hour in _between(rain, 10 * MINUTE, clock):
        yield at, _yard(stream, at, per_hour)


def _yard(stream: str, at: int, rain: float) -> Value:
    match stream:
        case "rain":
            return round(rain / 6 / 0.2) * 0.2
        case "drain_level":
            return round(0.15 + 0.03 * rain + 0.02 * math.sin(at / HOUR), 3)
        case "drain_float":
            return rain > 22
        case _:
            return 12 <= (at // HOUR) % 24 < 21 and at < START + 30 * HOUR


def _table(name: str, column: str) -> list[tuple[int, float]]:
    lines = [line for line in (SCENARIO / name).read_text().splitlines() if not line.startswith("#")]
    return [
        (round(datetime.fromisoformat(r["at"]).timestamp() * 1000), float(r[column])) for r in csv.DictReader(lines)
    ]


def _between(rows: Sequence[tuple[int, float]], step: int, clock: int) -> Iterable[tuple[int, float]]:
    for (a, low), (b, high) in pairwise(rows):
        for at in range(a, b, step):
            if at <= clock:
                yield at, round(low + (high - low) * (at - a) / (b - a), 3)
