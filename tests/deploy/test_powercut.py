"""The demo's power cut: what is torn off an outbox's files is what no promise stands on."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from deploy.demo.powercut import cut_power, find_end
from edge_agent.app import OUTBOX_FILE
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane

LOG = f"{OUTBOX_FILE}-wal"
NOTE = Item(Lane.RECORD, "note/1", b"{}", 1_000, ClockQuality.NTP, 1)


async def interrupted(folder: Path, puts: int) -> Path:
    """A device's folder as a kill leaves it: a copy of its files while the agent works."""
    outbox = await Outbox.open(folder / OUTBOX_FILE, boot="boot-1")
    for _ in range(puts):
        await outbox.put(NOTE)
    home = folder / "device-1"
    await asyncio.to_thread(shutil.copytree, folder, home, ignore=shutil.ignore_patterns(home.name))
    await outbox.close()
    return home


@pytest.mark.parametrize("seed", range(8))
async def test_what_was_put_outlives_the_cut(tmp_path: Path, seed: int) -> None:
    home = await interrupted(tmp_path, 5)
    before = (home / LOG).read_bytes()
    cut_power([home], seed)
    assert (home / LOG).read_bytes() != before
    outbox = await Outbox.open(home / OUTBOX_FILE, boot="boot-2")
    assert (outbox.depth[Lane.RECORD], outbox.troubles) == (5, {})
    await outbox.close()


async def test_the_end_of_a_log_is_the_end_of_its_last_commit(tmp_path: Path) -> None:
    log = (await interrupted(tmp_path, 3) / LOG).read_bytes()
    end = find_end(log)
    assert find_end(log[:end]) == end
    assert find_end(log[: end - 1]) < end
    assert find_end(log[:end] + bytes(len(log))) == end
    assert find_end(b"") == 0
