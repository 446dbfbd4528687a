"""Ingest and broker are killed in mid-stream: nothing is lost and nothing is stored twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cloud_gateway.settings import GatewaySettings
from deploy.demo.programs import Program
from deploy.servers import Server
from edge_agent.storage.outbox import Outbox
from edge_agent.wire.topics import Lane
from tests.end_to_end.devices import open_agent, reading, until_empty
from tests.end_to_end.gateway import Books, make_program, running_ingest
from tests.waiting import until

READINGS = 6000


async def fill(outbox: Outbox) -> None:
    """Hand over readings a little faster than they leave."""
    for number in range(1, READINGS + 1):
        assert outbox.offer(reading(number))
        if number % 200 == 0:
            await asyncio.sleep(0.02)


async def test_killed_ingest_loses_and_doubles_nothing(
    own_broker: Server, sqlite_settings: GatewaySettings, tmp_path: Path
) -> None:
    program, books = make_program(sqlite_settings, tmp_path), Books(sqlite_settings)
    program.start()
    try:
        async with open_agent(own_broker, "agent-01", tmp_path) as outbox:
            filling = asyncio.create_task(fill(outbox))
            for stored in (200, 2000, 4000):
                await until(lambda stored=stored: upto(books) >= stored)  # type: ignore[misc]
                program.kill()
                program.start()
            await filling
            await until_empty(outbox)
        await until(lambda: orderly_stops_missed(program) == 3)
    finally:
        program.stop()
    assert [p.value for p in await books.points("agent-01")] == [float(n) for n in range(1, READINGS + 1)]
    assert books.rows("SELECT upto, ranges FROM ledger WHERE lane = 'reading'") == [(READINGS, "[]")]
    assert books.rows("SELECT count(*) FROM dead_letter") == [(0,)]


def orderly_stops_missed(program: Program) -> int:
    """How often ingest has said at its start that it had been killed."""
    return sum("without an orderly stop" in str(line["message"]) for line in program.log_lines())


def upto(books: Books) -> int:
    return int(str((books.rows("SELECT max(upto) FROM ledger WHERE lane = 'reading'")[0][0]) or 0))


async def test_killed_broker_loses_and_doubles_nothing(
    own_broker: Server, settings: GatewaySettings, tmp_path: Path
) -> None:
    books = Books(settings)
    async with running_ingest(settings), open_agent(own_broker, "agent-01", tmp_path) as outbox:
        filling = asyncio.create_task(fill(outbox))
        for stored in (200, 3000):
            await until(lambda stored=stored: upto(books) >= stored)  # type: ignore[misc]
            own_broker.kill()
            await asyncio.to_thread(own_broker.restart)
        await filling
        await until_empty(outbox)
    assert outbox.depth[Lane.READING] == 0
    assert [p.value for p in await books.points("agent-01")] == [float(n) for n in range(1, READINGS + 1)]
    assert books.rows("SELECT count(*) FROM dead_letter") == [(0,)]
