"""Backs the gateway up at work, lets it go on, and puts it back to that backup, as an operator would."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from cloud_gateway import tables as t
from cloud_gateway.backup.store import RESTORED
from cloud_gateway.database import open_database, reading
from deploy.demo.happening import Happening
from deploy.demo.stage import CONFIG, Stage
from deploy.failures import DONE, FINDING


async def back_up(stage: Stage, happening: Happening) -> Path:
    """A backup of the gateway at work, in a folder of its own."""
    folder = stage.folder / f"backup-{happening.fault.name}"
    await _operate(stage, happening, "backup", str(folder))
    return folder


async def put_back(stage: Stage, happening: Happening, backup: Path) -> None:
    """Kill the gateway, restore it from the backup, and start it again."""
    ours = stage.gateway
    for program in ours:
        await asyncio.to_thread(program.kill)
    await _operate(stage, happening, "restore", str(backup), "--force")
    happening.restored_s = time.monotonic()
    for program in ours:
        program.start()
    if holes := await _count_holes(stage.settings.database):
        happening.seen_by.append(f"restore: {holes} lines of the ledger say where facts may be missing")


async def _operate(stage: Stage, happening: Happening, *words: str) -> None:
    """A command of the operator's. A backup that says that InfluxDB's readings are not in it is one all the same."""
    command = (sys.executable, "-m", "deploy", "gateway", *words, "--config", str(stage.folder / CONFIG))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode not in (DONE, FINDING) or (process.returncode and words[0] != "backup"):
        happening.broken.append(f"weiran gateway {words[0]}: {said.decode(errors='replace').strip()}")


async def _count_holes(database: Path) -> int:
    engine = open_database(database)
    try:
        async with reading(engine) as c:
            return int(await c.scalar(select(func.count()).where(t.gap.c.reason == RESTORED)) or 0)
    finally:
        await engine.dispose()
