"""The agent on a real broker: who it says it is, and that it is lost and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.servers import Server
from edge_agent.app import OUTBOX_FILE, find_identity
from edge_agent.hardware.clock import SystemClock
from edge_agent.settings import AgentSettings, RiseRule
from edge_agent.storage.outbox import Outbox
from edge_agent.tasks.device import Device
from edge_agent.tasks.uplink import WILL_DELAY_S, Uplink
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.session import Delivery, LinkOptions
from firmware_sim.board import make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import START, flood, level, make_settings, rain, running_agent
from tests.edge_agent.tasks.ear import listening
from tests.edge_agent.wire.relay import open_relay
from tests.waiting import until

# -- who it is --------------------------------------------------------------------------------------------


async def test_birth_declares_streams_rules_and_that_it_is_simulated(
    broker: Server, device: str, tmp_path: Path
) -> None:
    sensors = (level(deadband=0.1, max_interval_s=600), rain(interval_s=300))
    settings = make_settings(
        tmp_path, *sensors, rules=[flood(label="Flood", label_zh="漫水")], device=device, broker=broker
    )
    async with (
        listening(broker, device) as ear,
        running_agent(settings, make_board("SIM-7"), ScenarioClock(START)) as agent,
    ):
        await until(lambda: ear.births)
    birth = ear.births[0]
    assert (birth.role.value, birth.serial, birth.simulated) == ("sensor-node", "SIM-7", True)
    assert (birth.epoch, birth.boot) == (agent.outbox.epoch, agent.outbox.boot)
    assert [(s.name, s.unit, s.interval_s, s.label_zh) for s in birth.streams] == [
        ("level", "m", 600.0, "水位"),
        ("rain", "mm", 300.0, ""),
    ]
    assert [(r.name, r.stream, r.limit, r.unit, r.label_zh) for r in birth.rules] == [
        ("flood", "level", 5.0, "m", "漫水")
    ]


async def test_longest_texts_that_settings_take_fit_into_the_birth(broker: Server, device: str, tmp_path: Path) -> None:
    words = {"label": "w" * 200, "label_zh": "水" * 200}
    sensor, rule = (
        level(unit="u" * 14, **words),
        RiseRule(type="rise", name="r" * 32, stream="level", above=2, clear=1, **words),
    )
    settings = make_settings(tmp_path, sensor, rules=[rule], device=device, broker=broker)
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), ScenarioClock(START)):
        await until(lambda: ear.births)
    assert ear.births[0].rules[0].unit == "u" * 14 + "/h"
    with pytest.raises(ValidationError, match="at most 200"):
        level(label="w" * 201)
    with pytest.raises(ValidationError, match="at most 14"):
        level(unit="u" * 15)


async def test_presence_says_online_and_at_the_end_offline_with_a_number_that_grows(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    async with listening(broker, device) as ear:
        for life in (1, 2):
            async with running_agent(settings, make_board("SIM-1"), SystemClock()):
                await until(lambda life=life: ("online", life, False) in ear.presences)  # type: ignore[misc]
            await until(lambda life=life: ("offline", life, False) in ear.presences)  # type: ignore[misc]
    assert [state for state, _, _ in ear.presences] == ["online", "offline", "online", "offline"]


async def test_presence_and_birth_are_kept_for_who_comes_later(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    async with running_agent(settings, make_board("SIM-1"), SystemClock()):
        async with listening(broker, device) as first:
            await until(lambda: first.births and first.presences)
        async with listening(broker, device) as ear:
            await until(lambda: ear.births and ear.presences)
            assert ear.presences == [("online", 1, True)]


def hasty(options: LinkOptions, on_delivery: Callable[[Delivery], None]) -> AbstractAsyncContextManager[Connection]:
    """Connect with a will that comes a second after the loss, to save the test half a minute."""
    assert options.will is not None
    assert options.will.delay_s == WILL_DELAY_S
    return connect(replace(options, will=replace(options.will, delay_s=1)), on_delivery)


async def test_lost_device_is_told_of_by_its_will_and_is_back_with_a_greater_number(
    broker: Server, device: str, tmp_path: Path
) -> None:
    outbox = await Outbox.open(tmp_path / OUTBOX_FILE, boot="boot-1")
    async with listening(broker, device) as ear, open_relay(broker.port) as relay:
        settings = make_settings(tmp_path, device=device, broker=broker, port=relay.port)
        agent = Device(settings, make_board("SIM-1"), SystemClock(), outbox, find_identity(settings))
        uplink = asyncio.create_task(Uplink(agent, [], connect=hasty).run())
        await until(lambda: ear.presences == [("online", 1, False)])
        relay.swallows = True
        relay.cut()
        await until(lambda: ear.presences[1:] == [("lost", 1, False)])
        relay.swallows = False
        relay.cut()
        await until(lambda: ear.presences[-1][0] == "online" and ear.presences[-1][1] > 1)
        uplink.cancel()
        await asyncio.wait([uplink])
    await outbox.close()
