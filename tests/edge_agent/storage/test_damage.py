"""A file that breaks while it is open: who writes to it hears so, the agent ends, and the next start salvages it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent import app
from edge_agent.app import OUTBOX_FILE
from edge_agent.hardware.clock import SystemClock
from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Outbox, OutboxFull, StorageError
from edge_agent.storage.sqlite import DamagedError
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane
from firmware_sim.board import make_board
from tests.edge_agent.storage.disk import PAGE_BYTES
from tests.edge_agent.tasks.agents import LIMIT_S, Witness, make_settings, running_agent
from tests.waiting import until

RECORDS = 200
NOTE = "remembered " * 5


def fact(n: int) -> Item:
    return Item(Lane.RECORD, "rating/1", b'{"stars":%d}' % n, 1_000 + n, ClockQuality.NTP, n)


def break_pages(file: Path, *texts: bytes) -> None:
    """Spoil the pages with these texts, or with none all but the first, under whoever has the file open."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        whole = file.read_bytes()
        pages = [whole.index(text) // PAGE_BYTES for text in texts] or range(1, len(whole) // PAGE_BYTES)
        with file.open("r+b") as disk:
            for page in pages:
                disk.seek(page * PAGE_BYTES)
                disk.write(b"\xee" * PAGE_BYTES)
        (version,) = other.execute("PRAGMA user_version").fetchone()
        other.execute(f"PRAGMA user_version={version}")  # upon which everybody drops the pages in memory


async def open_filled(path: Path) -> Outbox:
    """An outbox with records and a note."""
    outbox = await Outbox.open(path, boot="boot-1")
    await asyncio.gather(*(outbox.put(fact(n)) for n in range(1, RECORDS + 1)))
    await outbox.note("twin.memory", NOTE)
    return outbox


TOUCHES: dict[str, tuple[Callable[[Outbox], Coroutine[object, object, object]], type[Exception]]] = {
    "note": (lambda outbox: outbox.note("twin.memory", "new"), OutboxFull),
    "connection number": (lambda outbox: outbox.next_connection(), OutboxFull),
    "memory": (lambda outbox: outbox.recall("twin."), StorageError),
    "alarm with its memory": (
        lambda outbox: outbox.put(fact(1)._replace(lane=Lane.ALARM, remember=("rule.surge", "raised"))),
        OutboxFull,
    ),
}


@pytest.mark.parametrize(("touch", "error"), TOUCHES.values(), ids=TOUCHES)
async def test_who_touches_a_broken_table_hears_so_and_so_does_who_watches(
    tmp_path: Path, touch: Callable[[Outbox], Coroutine[object, object, object]], error: type[Exception]
) -> None:
    outbox = await open_filled(tmp_path / "outbox.db")
    watch = asyncio.create_task(outbox.watch())
    break_pages(tmp_path / "outbox.db", NOTE.encode())
    with pytest.raises(error, match="malformed"):
        await touch(outbox)
    with pytest.raises(DamagedError, match=r"outbox\.db.*malformed.*salvages"):
        await watch
    await outbox.close()


async def test_next_start_salvages_what_the_broken_page_did_not_hold(tmp_path: Path) -> None:
    outbox = await open_filled(tmp_path / "outbox.db")
    break_pages(tmp_path / "outbox.db", NOTE.encode())
    with pytest.raises(OutboxFull):
        await outbox.note("twin.memory", "new")
    await outbox.close()
    again = await Outbox.open(tmp_path / "outbox.db", boot="boot-2")
    assert [key[1] for key in again.salvaged] == [Lane.RECORD]
    assert sum(again.salvaged.values()) == RECORDS
    await again.note("twin.memory", "new")
    await again.close()


async def test_agent_ends_by_name_when_its_file_breaks_and_the_next_one_works(tmp_path: Path) -> None:
    settings, witness, devices = make_settings(tmp_path), Witness(), list[Device]()

    async def join(device: Device) -> None:
        devices.append(device)

    agent = asyncio.create_task(app.run(settings, make_board("SIM-1"), SystemClock(), (join,), observer=witness))
    await until(witness.heartbeats)
    break_pages(tmp_path / OUTBOX_FILE)
    with pytest.raises(OutboxFull):
        await devices[0].outbox.put(fact(1))
    with pytest.raises(DamagedError, match="malformed"):
        await asyncio.wait_for(agent, LIMIT_S)
    async with running_agent(settings, make_board("SIM-1"), SystemClock()) as device:
        assert await device.outbox.put(fact(1)) == 1
