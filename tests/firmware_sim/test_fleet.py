"""The real agent on simulated boards through whole scenarios, watched by a witness at its outbox. No broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from edge_agent.storage.facts import Item
from edge_agent.wire.messages import ALARM, READING, AlarmBody, LaneAck
from edge_agent.wire.senml import decode_pack
from edge_agent.wire.topics import Lane
from firmware_sim.clock import ScenarioClock
from firmware_sim.fleet import run_fleet
from firmware_sim.nature import Nature
from firmware_sim.scenario import load_scenario

HOUR = 3_600_000
GAUGES = ("tide-charleston", "tide-wilmington", "tide-beaufort")
PEAKS = (("tide-charleston", 4.331), ("tide-wilmington", 2.667), ("tide-beaufort", 1.792))
CLOSED_PORT = 1
#: Without a gateway nothing drains; the last alarms are on their way to the disk meanwhile.
DRAIN_S = 0.5


@dataclass
class Witness:
    """Remembers what one outbox has committed."""

    items: list[Item] = field(default_factory=list)

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        self.items += [item for _, item in items]

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        raise AssertionError("there is no gateway")

    def alarms(self, rule: str) -> list[tuple[int, str]]:
        bodies = [(i.at, msgspec.json.decode(i.body, type=AlarmBody)) for i in self.items if i.kind == ALARM]
        return [(at, body.state.value) for at, body in bodies if body.rule == rule]

    def readings(self, stream: str) -> dict[int, object]:
        packs = [(i.at, decode_pack(i.body)) for i in self.items if i.kind == READING]
        return {at: entry.value for at, pack in packs for entry in pack if entry.n == stream}


async def _play(
    name: str, folder: Path, devices: Sequence[str], faults: str | None = None
) -> tuple[dict[str, Witness], ScenarioClock]:
    scenario = load_scenario(name)
    clock = ScenarioClock(scenario.start_ms)
    witnesses = {device: Witness() for device in devices}
    await run_fleet(
        scenario,
        devices=devices,
        state_dir=folder,
        broker_host="127.0.0.1",
        broker_port=CLOSED_PORT,
        clock=clock,
        observer=witnesses.__getitem__,
        faults=faults,
        drain_s=DRAIN_S,
    )
    return witnesses, clock


async def test_a_cloudburst_is_sensed_and_raises_its_alarms(tmp_path: Path) -> None:
    seen, clock = await _play("quick", tmp_path, ["node-yard", "gauge-pier"])
    scenario = load_scenario("quick")
    yard, pier = seen["node-yard"], seen["gauge-pier"]
    assert clock.now() == scenario.end_ms
    assert list(yard.readings("drain_level")) == list(range(scenario.start_ms, scenario.end_ms + 1, 60_000))
    assert sum(v for v in yard.readings("rain").values() if isinstance(v, float)) == pytest.approx(62.4)
    assert [state for _, state in yard.alarms("drain_high")] == ["raised", "cleared"]
    assert [state for _, state in yard.alarms("drain_full")] == ["raised", "cleared"]
    assert [state for _, state in pier.alarms("over_forecast")] == ["raised"]
    assert [state for _, state in pier.alarms("stage_rise")] == ["raised", "cleared"]
    smoke = [value for _, value in sorted(yard.readings("smoke").items())]
    assert smoke[0] is smoke[-1] is False
    assert True in smoke


async def test_bouncing_contacts_are_seen_once(tmp_path: Path) -> None:
    seen, _ = await _play("quick", tmp_path, ["node-yard"], faults="sensors")
    assert [state for _, state in seen["node-yard"].alarms("drain_full")] == ["raised", "cleared"]


async def test_a_frozen_gauge_repeats_itself(tmp_path: Path) -> None:
    seen, _ = await _play("quick", tmp_path, ["gauge-pier"], faults="sensors")
    scenario = load_scenario("quick")
    frozen = [v for at, v in seen["gauge-pier"].readings("stage").items() if 30 <= (at - scenario.start_ms) / 60e3 < 40]
    assert Counter(frozen).most_common() == [(frozen[0], 10)]


async def test_hugo_is_measured_at_all_hours_and_warned_of_in_time(tmp_path: Path) -> None:
    seen, _ = await _play("hugo-1989", tmp_path, GAUGES)
    scenario = load_scenario("hugo-1989")
    nature = Nature(scenario, scenario.folders)
    hours = range(scenario.start_ms, scenario.end_ms + 1, HOUR)
    assert len(hours) == 73
    for device, peak_m in PEAKS:
        series = nature.measure(scenario.device_of(device).wiring["tide"])
        tide = seen[device].readings("tide")
        assert len(tide) == 4321
        assert [tide[at] for at in hours] == pytest.approx([series(at) for at in hours], abs=5 / 1023 / 2 + 1e-6)
        peak_at = next(at for at in hours if series(at) == peak_m)
        raised = [at for at, state in seen[device].alarms("surge") if state == "raised"]
        assert scenario.start_ms + 24 * HOUR < raised[0] <= peak_at - HOUR


async def test_no_surge_is_raised_when_the_gauges_are_fed_the_prediction(tmp_path: Path) -> None:
    seen, _ = await _play("hugo-1989-predicted", tmp_path, GAUGES)
    assert [seen[device].alarms("surge") for device in GAUGES] == [[], [], []]
    assert [len(seen[device].readings("tide")) for device in GAUGES] == [4321] * 3


async def test_an_agent_started_again_goes_on_where_the_story_is(tmp_path: Path) -> None:
    scenario = load_scenario("quick")
    clock = ScenarioClock(scenario.end_ms - 2 * HOUR)
    witness = Witness()
    await run_fleet(
        scenario,
        devices=["node-yard"],
        state_dir=tmp_path,
        broker_host="127.0.0.1",
        broker_port=CLOSED_PORT,
        clock=clock,
        observer=lambda _: witness,
        drain_s=DRAIN_S,
    )
    levels = witness.readings("drain_level")
    assert min(levels) == scenario.end_ms - 2 * HOUR
    assert levels[min(levels)] == pytest.approx(1.2, abs=0.01)


async def test_an_unknown_set_of_faults_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="meteorites"):
        await _play("quick", tmp_path, ["node-yard"], faults="meteorites")
