"""The plan's model: hours by lane and bytes written, near what a real outbox does."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.settings import AgentSettings, AnalogSensor, OutboxSettings
from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Outbox
from edge_agent.storage.plan import FRAME_BYTES, LanePlan, make_plan, written_a_day
from edge_agent.storage.quotas import cost
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane
from tests.edge_agent.storage.weeks import live_through

COMMITS = 150


def settings(tmp_path: Path, streams: int = 10, max_mb: int = 2) -> AgentSettings:
    sensors = [
        AnalogSensor(kind="analog", stream=f"s{n}", unit="m", channel=0, low=0, high=1, interval_s=1)
        for n in range(streams)
    ]
    outbox = OutboxSettings(max_mb=max_mb)
    return AgentSettings(device="pump-01", state_dir=tmp_path, sensor=tuple(sensors), outbox=outbox)


def lane(settings: AgentSettings, name: Lane) -> LanePlan:
    return next(row for row in make_plan(settings).lanes if row.lane is name)


def test_readings_last_about_as_long_as_the_plan_says(tmp_path: Path) -> None:
    plan = lane(settings(tmp_path, max_mb=5), Lane.READING)
    assert plan.facts_a_day == 864_000
    before = live_through(tmp_path / "before.db", int(plan.hours_whole * 3600 * 0.8), 5, 20)
    after = live_through(tmp_path / "after.db", int(plan.hours_whole * 3600 * 1.3), 5, 20)
    assert before.gaps == 0
    assert after.gaps > 0


def test_longer_intervals_and_larger_files_last_longer(tmp_path: Path) -> None:
    few, many = (lane(settings(tmp_path, streams, 20), Lane.READING) for streams in (1, 10))
    small, large = (lane(settings(tmp_path, max_mb=size), Lane.RECORD) for size in (2, 20))
    assert few.hours_whole == pytest.approx(10 * many.hours_whole, rel=0.1)
    assert large.hours == pytest.approx(10 * small.hours, rel=0.1)


def written_bytes() -> int:
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"])


async def test_bytes_written_are_near_what_the_plan_says(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="0123456789abcdef")
    before = written_bytes()
    for n in range(COMMITS):
        await outbox.put(Item(Lane.ALARM, "note/1", b'"%d %s"' % (n, b"x" * 40), n, ClockQuality.NTP, n))
    written = written_bytes() - before
    await outbox.close()
    if not written:
        pytest.skip("this folder is not on a disk")
    day = written_a_day([], 86_400) / 86_400
    assert 0.5 * day < written / COMMITS < 2 * day
    assert day > 2 * FRAME_BYTES + cost(40)
