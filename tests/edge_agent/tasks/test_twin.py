"""The agent's twin on a real broker: settings change while it runs, and go back when the gateway is not reached."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from deploy.servers import Server
from edge_agent.app import OUTBOX_FILE
from edge_agent.settings import AgentSettings, TwinSettings
from edge_agent.storage.outbox import Outbox
from edge_agent.tasks.alarms import AlarmDesk
from edge_agent.tasks.device import Device
from edge_agent.tasks.progress import Progress
from edge_agent.tasks.sampling import Sampler
from edge_agent.tasks.twin import TURN_S, TwinDesk
from edge_agent.twin.memory import PARTS, WHOLE
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.messages import Ack, Birth, LaneAck, Presence, Reported
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import Lane, Leaf, parse_topic
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import MINUTE, START, Witness, flood, level, make_settings, rain, running_agent
from tests.edge_agent.twin.desires import desire
from tests.edge_agent.wire.relay import open_relay
from tests.links import ear_of, secured
from tests.waiting import until

LOWER = {"rules": {"flood.above": 3, "flood.clear": 2}}
DAY_S = 86_400.0


@dataclass
class Office:
    """A gateway's part in the twin: desires, hears reports, and acknowledges when it is told to."""

    device: str
    connection: Connection = field(init=False)
    reports: list[Reported] = field(default_factory=list)
    births: list[Birth] = field(default_factory=list)
    presences: list[tuple[str, int]] = field(default_factory=list)

    async def want(self, payload: bytes) -> None:
        """Publish what is desired; returns once the broker has it."""
        await self.connection.publish(f"weiran/1/{self.device}/config/desired", payload, retain=True)

    def acknowledge(self) -> None:
        """Say that nothing is stored yet; the device knows then that it has been heard."""
        ack = Ack(self.births[-1].epoch, {Lane.DIAGNOSTIC: LaneAck(0)})
        self.connection.send(f"weiran/1/{self.device}/ack", msgspec.json.encode(ack))

    def said(self) -> list[tuple[int, str]]:
        """(version, state) of each report."""
        return [(r.version, r.state.value) for r in self.reports]

    async def until_said(self, version: int, state: str) -> Reported:
        """The report of that version and state, the newest one."""
        await until(lambda: self.said()[-1:] == [(version, state)])
        return self.reports[-1]

    def hear(self, delivery: Delivery) -> None:
        """Take in what the device says."""
        _, part = parse_topic(delivery.topic)
        if part is Leaf.REPORTED:
            self.reports.append(msgspec.json.decode(delivery.payload, type=Reported))
        elif part is Leaf.BIRTH:
            self.births.append(msgspec.json.decode(delivery.payload, type=Birth))
        elif part is Leaf.PRESENCE:
            presence = msgspec.json.decode(delivery.payload, type=Presence)
            self.presences.append((presence.state.value, presence.conn))


@asynccontextmanager
async def open_office(broker: Server, device: str) -> AsyncIterator[Office]:
    """An office that has subscribed."""
    office = Office(device)
    options = replace(secured(broker, ear_of(device)), session_expiry_s=0)
    async with connect(options, office.hear) as connection:
        office.connection = connection
        await connection.subscribe([f"weiran/1/{device}/{leaf}" for leaf in ("config/reported", "presence", "birth")])
        yield office


@pytest.fixture
async def office(broker: Server, device: str) -> AsyncIterator[Office]:
    async with open_office(broker, device) as office:
        yield office


@pytest.fixture
def board() -> SimBoard:
    return make_board("SIM-1")


@pytest.fixture
def clock() -> ScenarioClock:
    return ScenarioClock(START)


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def settings(broker: Server, device: str, tmp_path: Path) -> AgentSettings:
    """A level with a flood at 5 m; a trial lasts for a day."""
    return trying(make_settings(tmp_path, level(), rules=[flood()], device=device, broker=broker), DAY_S)


def trying(settings: AgentSettings, trial_s: float) -> AgentSettings:
    return settings.model_copy(update={"twin": TwinSettings(trial_s=trial_s)})


# -- while it runs ------------------------------------------------------------------------------------------


async def test_a_lower_threshold_raises_the_alarm_at_the_next_value(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.4)
    async with running_agent(settings, board, clock, witness):
        await clock.run(START + MINUTE)
        await office.want(desire(LOWER))
        said = await office.until_said(1, "trial")
        await clock.run(START + 2 * MINUTE)
        await until(lambda: len(office.births) > 1)
    assert [(at, body.state.value, body.limit) for at, body in witness.alarm_bodies()] == [
        (START + 2 * MINUTE, "raised", 3)
    ]
    assert said.sections["rules"]["flood.above"] == msgspec.Raw(b"3.0")
    assert office.births[-1].rules[0].limit == 3


async def test_an_alarm_that_stands_stays_until_the_new_limit_clears_it(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.6)
    async with running_agent(settings, board, clock, witness):
        await clock.run(START + MINUTE)
        await office.want(desire({"rules": {"flood.above": 8, "flood.clear": 5.5}}))
        await office.until_said(1, "trial")
        await clock.run(START + 3 * MINUTE)
        board.set_ratio(0, 0.54)
        await clock.run(START + 4 * MINUTE)
    assert witness.alarms() == [(0, "flood", "raised"), (4 * MINUTE, "flood", "cleared")]


async def test_a_shorter_interval_counts_at_once_and_no_value_is_lost(
    broker: Server, device: str, tmp_path: Path, office: Office, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    sensors = (level(interval_s=3600), rain(interval_s=3600))
    settings = trying(make_settings(tmp_path, *sensors, device=device, broker=broker), DAY_S)
    async with running_agent(settings, board, clock, witness):
        await clock.run(START + MINUTE)
        board.set_contact(17, True)
        await office.want(desire({"sampling": {"level.interval_s": 60, "rain.interval_s": 120}}))
        await office.until_said(1, "trial")
        await clock.run(START + 4 * MINUTE)
        await until(lambda: len(office.births) > 1)
    assert [at for at, _ in witness.readings("level")] == [0, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE]
    assert witness.readings("rain") == [(2 * MINUTE, 0.2), (4 * MINUTE, 0)]
    assert [s.interval_s for s in office.births[-1].streams] == [60, 120]


async def test_a_new_deadband_is_measured_from_what_was_reported_last(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.3)
    async with running_agent(settings, board, clock, witness):
        await clock.run(START + MINUTE)
        await office.want(desire({"sampling": {"level.deadband": 0.5}}))
        await office.until_said(1, "trial")
        board.set_ratio(0, 0.34)
        await clock.run(START + 3 * MINUTE)
        board.set_ratio(0, 0.36)
        await clock.run(START + 4 * MINUTE)
    assert [at // MINUTE for at, _ in witness.readings("level")] == [0, 1, 4]


async def test_a_shorter_heartbeat_begins_at_once(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    async with running_agent(settings, board, clock, witness):
        await until(witness.heartbeats)
        await office.want(desire({"health": {"heartbeat_s": 0.1}}))
        await until(lambda: len(witness.heartbeats()) >= 4)
        await until(lambda: office.births[-1].heartbeat_s == 0.1)


class HandClock(ScenarioClock):
    """A clock whose one sleeper the test wakes itself."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at
        self.slept: list[float] = []
        self.sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def now(self) -> int:
        """Where the test has set it."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Until the test says so."""
        self.slept.append(seconds)
        await self.sleeper


async def test_a_tick_that_falls_together_with_a_change_is_not_lost(tmp_path: Path, board: SimBoard) -> None:
    clock = HandClock(START + 1000)
    outbox = await Outbox.open(tmp_path / OUTBOX_FILE, boot="boot-1")
    device = Device(make_settings(tmp_path, level()), board, clock, outbox)
    sampler = Sampler(device, AlarmDesk(device), level())
    tick = asyncio.create_task(sampler.next_tick())
    await until(lambda: clock.slept)
    device.adopt(make_settings(tmp_path, level(interval_s=3600)))
    clock.at = START + MINUTE
    clock.sleeper.set_result(None)
    await tick
    await outbox.close()
    assert clock.slept == [59]


async def test_settings_that_cannot_be_stored_are_not_used_until_they_are(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock, tmp_path: Path
) -> None:
    async with running_agent(settings, board, clock) as device:
        await until(lambda: office.reports)
        with closing(sqlite3.connect(tmp_path / OUTBOX_FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # the file takes nothing from anybody else
            await office.want(desire(LOWER))
            await until(lambda: "settings from afar" in device.degraded)
            assert device.settings == settings
        await office.until_said(1, "trial")
        assert "settings from afar" not in device.degraded


async def test_a_twin_that_does_not_get_on_is_hung_and_one_that_turns_again_is_not(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    outbox, now = await Outbox.open(tmp_path / OUTBOX_FILE, boot="boot-1"), [100.0]
    device = Device(make_settings(tmp_path), board, clock, outbox, progress=Progress(lambda: now[0]))
    desk = await TwinDesk.open(device)
    duty = asyncio.create_task(desk.run())
    await asyncio.sleep(0)  # its first step
    now[0] += TURN_S + 59
    assert device.progress.hung(60) == []
    now[0] += 2
    assert device.progress.hung(60) == ["twin"]
    desk.receive(b"nonsense")
    await until(lambda: device.progress.hung(60) == [])
    duty.cancel()
    await asyncio.wait([duty])
    await outbox.close()


# -- trials -------------------------------------------------------------------------------------------------


async def test_a_trial_ends_well_once_the_gateway_has_been_heard(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_agent(settings, board, clock):
        await until(lambda: office.births)
        office.acknowledge()  # before the change: says nothing of it
        await office.want(desire(LOWER))
        await office.until_said(1, "trial")
        office.acknowledge()
        said = await office.until_said(1, "applied")
    assert all(result.ok for result in said.results.values())
    assert office.said() == [(0, "applied"), (1, "trial"), (1, "applied")]


async def test_another_link_is_tried_over_a_new_connection(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_agent(settings, board, clock) as device:
        await until(lambda: office.births)
        await office.want(desire({"uplink": {"keepalive_s": 20, "window": 2, "ack_timeout_s": 3}}))
        await until(lambda: ("online", 2) in office.presences and len(office.births) > 1)
        office.acknowledge()
        await office.until_said(1, "applied")
        assert (device.settings.broker.keepalive_s, device.settings.outbox.window) == (20, 2)
    assert ("offline", 1) in office.presences


async def test_without_the_gateway_the_device_goes_back_and_says_why(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_agent(trying(settings, 1), board, clock) as device:
        await office.want(desire(LOWER))
        said = await office.until_said(1, "reverted")
        assert device.settings == trying(settings, 1)
        await until(lambda: [b.rules[0].limit for b in office.births][-3:] == [5, 3, 5])
    assert "the gateway was not reached within 1 s" in said.results[WHOLE].error
    assert said.sections["rules"]["flood.above"] == msgspec.Raw(b"5.0")


async def test_what_was_taken_back_is_not_tried_again_until_somebody_asks_anew(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_agent(trying(settings, 1), board, clock):
        await office.want(desire(LOWER))
        await office.until_said(1, "reverted")
    async with running_agent(settings, make_board("SIM-1"), clock):  # the broker says the same again
        await until(lambda: office.said().count((1, "reverted")) == 2)
        await office.want(desire(LOWER, 2))
        await office.until_said(2, "trial")
    assert office.said() == [(0, "applied"), (1, "trial"), (1, "reverted"), (1, "reverted"), (2, "trial")]


async def test_a_device_killed_in_a_trial_goes_on_with_it(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.mkdir()
    async with running_agent(settings, board, clock):
        await office.want(desire(LOWER))
        await office.until_said(1, "trial")
        shutil.copy(tmp_path / OUTBOX_FILE, image)  # what a kill leaves behind
        shutil.copy(tmp_path / f"{OUTBOX_FILE}-wal", image)
    after = settings.model_copy(update={"state_dir": image})
    async with running_agent(after, make_board("SIM-1"), clock) as device:
        assert next(r for r in device.settings.rule).above == 3  # type: ignore[union-attr]  # it is a threshold
        await until(lambda: office.said().count((1, "trial")) == 2)
        office.acknowledge()
        await office.until_said(1, "applied")


async def test_settings_that_end_every_life_of_the_agent_are_taken_back(
    settings: AgentSettings, office: Office, clock: ScenarioClock
) -> None:
    async with running_agent(settings, make_board("SIM-1"), clock):
        await office.want(desire(LOWER))
        await office.until_said(1, "trial")
    for _ in range(PARTS - 1):
        async with running_agent(settings, make_board("SIM-1"), clock) as device:
            assert device.settings != settings
    async with running_agent(settings, make_board("SIM-1"), clock) as device:
        assert device.settings == settings
        await office.until_said(1, "reverted")


# -- what changes nothing -----------------------------------------------------------------------------------


async def test_the_same_settings_after_every_loss_change_nothing_and_are_not_reported(
    settings: AgentSettings, broker: Server, office: Office, board: SimBoard, clock: ScenarioClock
) -> None:
    async with open_relay(broker.port) as relay:
        by_relay = settings.model_copy(update={"broker": settings.broker.model_copy(update={"port": relay.port})})
        async with running_agent(by_relay, board, clock) as device:
            await office.want(desire(LOWER))
            await office.until_said(1, "trial")
            office.acknowledge()
            await office.until_said(1, "applied")
            in_use = device.settings
            for conn in (2, 3, 4):
                relay.cut()
                await until(lambda conn=conn: ("online", conn) in office.presences)  # type: ignore[misc]
            await until(lambda: len(office.births) == 5)
            assert device.settings is in_use
            await office.want(desire({}, 2))
            await office.until_said(2, "trial")
    assert office.said() == [(0, "applied"), (1, "trial"), (1, "applied"), (2, "trial")]


@pytest.mark.parametrize(
    "payload",
    [b"\x00", b"[" * 60_000, desire(LOWER, hash="0" * 64), desire({"panel": {"siren_pin": 1}}), b" " * 100_000],
    ids=["rubbish", "deep", "wrong hash", "unknown section", "too large"],
)
async def test_hostile_settings_are_refused_and_the_device_goes_on(
    settings: AgentSettings, office: Office, board: SimBoard, clock: ScenarioClock, payload: bytes
) -> None:
    async with running_agent(settings, board, clock) as device:
        await office.want(payload)
        await until(lambda: office.reports and office.reports[-1].state.value == "refused")
        assert device.settings == settings
        await office.want(desire(LOWER, 7))
        await office.until_said(7, "trial")
