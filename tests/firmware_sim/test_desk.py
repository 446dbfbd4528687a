"""A SIMULATED counter system posts events to a terminal that is not always there."""

from __future__ import annotations

from pathlib import Path

import httpx

from edge_agent.hardware.clock import SystemClock
from firmware_sim.board import make_board
from firmware_sim.day import Said
from firmware_sim.desk import SimDesk, make_event_key
from kiosk.settings import RatingSettings


class Terminal(httpx.AsyncBaseTransport):
    """Cannot be reached so often, and then answers."""

    def __init__(self, refusals: int) -> None:
        self._refusals = refusals
        self.taken: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._refusals:
            self._refusals -= 1
            raise httpx.ConnectError("no way there")
        self.taken.append(await request.aread())
        return httpx.Response(202)


async def test_an_event_goes_to_a_terminal_that_is_reached_later(tmp_path: Path) -> None:
    rules = RatingSettings(counter="1", event_key=(make_event_key(tmp_path / "key"),))
    desk, terminal = SimDesk(rules, make_board("SIM-desk"), SystemClock()), Terminal(1)
    desk.serve_at(1)
    async with httpx.AsyncClient(transport=terminal) as client:
        await desk.say(Said("begin", "A001"), client)
    assert len(terminal.taken) == 1
