"""A birth says how the rules stand, as soon as that is known: at a real broker."""

from __future__ import annotations

from pathlib import Path

from deploy.servers import Server
from firmware_sim.board import make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import MINUTE, START, flood, level, make_settings, running_agent
from tests.edge_agent.tasks.ear import listening
from tests.waiting import until


async def test_birth_is_said_again_when_it_is_known_how_a_rule_stands(
    broker: Server, device: str, tmp_path: Path, clock: ScenarioClock
) -> None:
    settings = make_settings(tmp_path, level(), rules=[flood(hold_s=60)], device=device, broker=broker)
    board = make_board("SIM-7")
    board.attach(0, lambda: 0.6)
    async with listening(broker, device) as ear, running_agent(settings, board, clock):
        await until(lambda: ear.births)
        assert ear.births[0].rules[0].raised is None
        await clock.run(START + MINUTE)
        await until(lambda: ear.births[-1].rules[0].raised is True)
