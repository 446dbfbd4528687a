"""A gateway put back to an old backup while its devices go on: nothing is lost and nothing is stored twice."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.settings import GatewaySettings
from deploy.cli import run
from deploy.servers import Server
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.pieces import AT
from tests.end_to_end.devices import open_agent, reading
from tests.end_to_end.gateway import Books, make_program
from tests.waiting import until

SEQS = (
    "SELECT lane, group_concat(seq) FROM (SELECT lane, seq FROM record WHERE lane IN ('alarm', 'record') ORDER BY 1, 2)"
)
BOTH = f"{SEQS} GROUP BY lane"
#: How far each part of the story goes.
BACKED_UP, STORED, IN_ALL = 20, 50, 70
EACH = ",".join(map(str, range(1, IN_ALL + 1)))
ALL: list[tuple[object, ...]] = [("alarm", EACH), ("record", EACH)]


def rating(number: int) -> Item:
    """A record of somebody's opinion."""
    return Item(Lane.RECORD, "rating/1", b'{"stars":5}', AT + number, ClockQuality.NTP, number)


def raised(number: int) -> Item:
    """An alarm; each is of a rule of its own."""
    body = {"rule": f"rule_{number}", "stream": "level", "state": "raised", "value": 2.0, "limit": 1.0}
    text = json.dumps(body | {"unit": "m", "since": AT + number}).encode()
    return Item(Lane.ALARM, "alarm/1", text, AT + number, ClockQuality.NTP, number)


async def say(outbox: Outbox, first: int, last: int) -> None:
    """A reading, a record and an alarm of each number."""
    for number in range(first, last + 1):
        assert outbox.offer(reading(number))
        await outbox.put(rating(number))
        await outbox.put(raised(number))


async def until_stored(books: Books, number: int) -> None:
    """Wait until the ledger has all three lanes up to this number, or of readings what is not below the hole."""
    for lane in (Lane.ALARM, Lane.RECORD, Lane.READING):
        await until(lambda lane=lane: reaches(books, lane, number))  # type: ignore[misc]


def reaches(books: Books, lane: Lane, number: int) -> bool:
    rows = books.rows(f"SELECT upto, ranges FROM ledger WHERE lane = '{lane.value}'")
    return any(max(int(str(upto)), *(last for _, last in json.loads(str(r))), 0) >= number for upto, r in rows)


def weiran(*words: str) -> int:
    """A command, as the operator types it."""
    return run(["gateway", *words])


async def go_through(settings: GatewaySettings, broker: Server, folder: Path, *, lose_readings: bool) -> Books:
    """Go on after a backup, lose the machine, restore, and let the devices come back."""
    program, books, config = make_program(settings, folder), Books(settings), str(folder / "gateway.toml")
    program.start()
    try:
        async with open_agent(broker, "agent-01", folder) as outbox:
            await say(outbox, 1, BACKED_UP)
            await until_stored(books, BACKED_UP)
            assert await asyncio.to_thread(weiran, "backup", str(folder / "backup"), "--config", config) == 0
            await say(outbox, BACKED_UP + 1, STORED)
            await until_stored(books, STORED)
            restore = ("restore", str(folder / "backup"), "--config", config, "--force")
            assert await asyncio.to_thread(weiran, *restore) == 2  # it runs
            program.kill()
            if lose_readings:
                (settings.data_dir / SQLITE_FILE).unlink()
            assert await asyncio.to_thread(weiran, *restore) == 0
            program.start()
            await say(outbox, STORED + 1, IN_ALL)
            await until_stored(books, IN_ALL)
            await until(lambda: books.rows(BOTH) == ALL)
    finally:
        program.stop()
    return books


async def test_restored_gateway_has_everything_once(
    own_broker: Server, sqlite_settings: GatewaySettings, tmp_path: Path
) -> None:
    books = await go_through(sqlite_settings, own_broker, tmp_path, lose_readings=False)
    assert books.rows(BOTH) == ALL
    assert books.rows("SELECT count(*) FROM alarm") == [(IN_ALL,)]
    assert [p.value for p in await books.points("agent-01")] == [float(n) for n in range(1, IN_ALL + 1)]
    assert books.rows("SELECT count(*) FROM dead_letter") == [(0,)]


async def test_lost_readings_file_loses_only_what_a_gap_names(
    own_broker: Server, sqlite_settings: GatewaySettings, tmp_path: Path
) -> None:
    books = await go_through(sqlite_settings, own_broker, tmp_path, lose_readings=True)
    assert books.rows(BOTH) == ALL
    held = {p.seq for p in await books.points("agent-01")}
    assert held >= {*range(1, BACKED_UP + 1), *range(STORED + 1, IN_ALL + 1)}
    named = "SELECT reason, first FROM gap WHERE lane = 'reading' AND reason = 'gateway-restored'"
    assert books.rows(named) == [("gateway-restored", BACKED_UP + 1)]


async def test_lanes_that_began_after_the_backup_come_again(
    own_broker: Server, sqlite_settings: GatewaySettings, tmp_path: Path
) -> None:
    program, books, config = make_program(sqlite_settings, tmp_path), Books(sqlite_settings), tmp_path / "gateway.toml"
    program.start()
    try:
        async with open_agent(own_broker, "agent-01", tmp_path) as outbox:
            assert outbox.offer(reading(1))
            await until(lambda: reaches(books, Lane.READING, 1))
            backup = (str(tmp_path / "backup"), "--config", str(config))
            assert await asyncio.to_thread(weiran, "backup", *backup) == 0
            await outbox.put(rating(1))
            await outbox.put(raised(1))
            await until(
                lambda: books.rows(BOTH) == [("alarm", "1"), ("record", "1")] and not any(outbox.depth.values())
            )
            program.kill()
            assert await asyncio.to_thread(weiran, "restore", *backup, "--force") == 0
            program.start()
            await until(lambda: books.rows(BOTH) == [("alarm", "1"), ("record", "1")])
    finally:
        program.stop()
