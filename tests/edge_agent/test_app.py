"""One device from its start to its end: what it holds, what it leaves, and that many live in one process."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from deploy.servers import Server
from edge_agent import app
from edge_agent.app import OUTBOX_FILE
from edge_agent.storage.outbox import Outbox, StorageError
from edge_agent.tasks.device import Device
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import (
    LAMP,
    MINUTE,
    SIREN,
    START,
    Witness,
    flood,
    level,
    make_settings,
    running_agent,
)
from tests.edge_agent.tasks.ear import listening
from tests.waiting import until

LIMIT_S = 30.0


async def test_stop_commits_what_was_sampled_and_switches_the_outputs_off(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.9)
    async with running_agent(make_settings(tmp_path, level(), rules=[flood()]), board, clock, witness):
        await clock.run(START + 2 * MINUTE)
        assert board.is_on(SIREN)
    assert len(witness.readings("level")) == 3
    assert [state for _, _, state in witness.alarms()] == ["raised"]
    assert not board.is_on(SIREN)


async def test_outbox_is_free_again_after_the_end_and_keeps_its_epoch(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_agent(make_settings(tmp_path, level()), board, clock) as device:
        epoch, boot = device.outbox.epoch, device.outbox.boot
    async with running_agent(make_settings(tmp_path, level()), make_board("SIM-1"), clock) as device:
        assert device.outbox.epoch == epoch
        assert device.outbox.boot != boot


async def test_duty_that_fails_ends_the_agent_with_its_error_and_in_order(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async def fail(device: Device) -> None:
        raise ZeroDivisionError("a mistake")

    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(app.run(make_settings(tmp_path, level()), board, clock, (fail,)), LIMIT_S)
    assert caught.group_contains(ZeroDivisionError)
    outbox = await Outbox.open(tmp_path / OUTBOX_FILE, boot="after")
    await outbox.close()


async def test_duty_may_end_while_the_agent_goes_on(tmp_path: Path, board: SimBoard, clock: ScenarioClock) -> None:
    witness = Witness()
    async with running_agent(make_settings(tmp_path, level()), board, clock, witness):
        await clock.run(START + MINUTE)
        await until(lambda: len(witness.readings("level")) == 2)


async def test_cancelled_agent_commits_what_it_has(tmp_path: Path, board: SimBoard, clock: ScenarioClock) -> None:
    witness = Witness()
    task = asyncio.create_task(app.run(make_settings(tmp_path, level()), board, clock, observer=witness))
    await until(lambda: clock.sleepers)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(witness.readings("level")) == 1


async def test_folder_that_cannot_hold_an_outbox_is_an_error_that_names_it(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    with pytest.raises(StorageError, match="state"):
        await app.run(make_settings(tmp_path / "state"), board, clock)


async def test_siren_that_cannot_be_opened_is_named_and_the_lamp_still_shines(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    board.output(SIREN)
    board.set_ratio(0, 0.9)
    async with running_agent(make_settings(tmp_path, level(), rules=[flood()]), board, clock) as device:
        await until(lambda: board.is_on(LAMP))
        assert "siren or lamp" in device.degraded


async def test_agent_touches_no_signal_handler(tmp_path: Path, board: SimBoard, clock: ScenarioClock) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    async with running_agent(make_settings(tmp_path), board, clock):
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


async def test_many_agents_live_in_one_process(
    tmp_path: Path, broker: Server, device: str, clock: ScenarioClock
) -> None:
    names = [f"{device}-{number}" for number in range(10)]
    boards = {name: make_board(name) for name in names}
    async with asyncio.TaskGroup() as group:
        for place, name in enumerate(names):
            boards[name].set_ratio(0, place / 10)
            group.create_task(live(broker, name, tmp_path / name, boards[name]))


async def live(broker: Server, name: str, folder: Path, board: SimBoard) -> None:
    """One agent through its life, with a clock of its own."""
    witness, clock = Witness(), ScenarioClock(START)
    settings = make_settings(folder, level(), device=name, broker=broker)
    async with listening(broker, name) as ear, running_agent(settings, board, clock, witness):
        await clock.run(START + 2 * MINUTE)
        await until(lambda: ear.births and ear.seqs())
    assert ear.births[0].serial == name
    assert [value for _, value in witness.readings("level")] == pytest.approx([int(name[-1])] * 3, abs=0.01)
