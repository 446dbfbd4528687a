"""One agent with ten streams at 1 Hz on a SIMULATED board, in real time: what the agent bench measures."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from pathlib import Path

from edge_agent.app import run
from edge_agent.hardware.clock import SystemClock
from edge_agent.settings import AgentSettings, AnalogSensor, Broker, ContactSensor, IdentitySettings, ThresholdRule
from firmware_sim.board import make_board

ANALOG, CONTACTS = 8, 2
TIDE_S = 60.0
DEVICE = "bench-agent"


def agent_settings(state_dir: Path, port: int, identity: Path) -> AgentSettings:
    """Ten streams, every value reported, a threshold on each level."""
    levels = [
        AnalogSensor(kind="analog", stream=f"level_{n}", unit="m", channel=n, low=0.0, high=5.0, interval_s=1.0)
        for n in range(ANALOG)
    ]
    contacts = [
        ContactSensor(kind="contact", stream=f"float_{n}", unit="/", pin=5 + n, interval_s=1.0) for n in range(CONTACTS)
    ]
    rules = [
        ThresholdRule(type="threshold", name=f"high_{n}", stream=f"level_{n}", above=4.9, clear=4.0)
        for n in range(ANALOG)
    ]
    return AgentSettings(
        device=DEVICE,
        state_dir=state_dir,
        broker=Broker(port=port),
        identity=IdentitySettings(folder=identity),
        sensor=(*levels, *contacts),
        rule=tuple(rules),
    )


def main() -> None:
    """`python -m deploy.bench.agent_process STATE_DIR PORT IDENTITY`: runs until it is ended."""
    board = make_board("SIM-bench")
    for channel in range(ANALOG):
        board.attach(channel, lambda: 0.5 + 0.3 * math.sin(time.monotonic() / TIDE_S))
    asyncio.run(run(agent_settings(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])), board, SystemClock()))


if __name__ == "__main__":
    main()
