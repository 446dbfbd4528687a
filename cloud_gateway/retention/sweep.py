"""Goes through the readings file once: down-samples what is old and lets go of what is older, in small steps.

Each step is one transaction that leaves every number in `reading` or in `bucket`, so it can be killed anywhere and run
again; between steps it rests as long as the step took, so that ingest comes first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cloud_gateway.occupancy import occupied
from cloud_gateway.readings.checks import EARLIEST_NS
from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE, RollupFile
from cloud_gateway.retention.rules import DAY_NS, NS_PER_S, bucket_cut, find_rule, raw_cut
from cloud_gateway.retention.store import Ledger, ReadingsFile, SeriesKey, Step, holds_readings, read_ledger
from cloud_gateway.settings import GatewaySettings, Retention


@dataclass
class Swept:
    """What was done to one stream of one device, or with a dry run what would be."""

    device: str
    stream: str
    down_sampled: int = 0
    let_go: int = 0


async def sweep(settings: GatewaySettings, now: int, *, dry_run: bool = False) -> list[Swept]:
    """Apply the settings' retention at `now` (ms UTC); the streams for which there was something to do.

    Raises sqlite3.Error and FolderBusy; what was done until then stays done.
    """
    with occupied(settings.data_dir):
        if not await asyncio.to_thread(holds_readings, settings.data_dir / SQLITE_FILE):
            return []
        ledger = await asyncio.to_thread(read_ledger, settings.database)
        with closing(ReadingsFile(settings.data_dir / SQLITE_FILE)) as file:
            found = []
            for key in await asyncio.to_thread(file.series):
                rule = find_rule(key.stream, settings.retention)
                if rule is not None:
                    work = _count if dry_run else _sweep_series
                    found.append(await work(file, key, rule, now, ledger))
                    if not dry_run:
                        await asyncio.to_thread(_forget_rollups, settings.data_dir / ROLLUPS_FILE, key, rule, now)
    return [swept for swept in found if swept.down_sampled or swept.let_go]


async def _sweep_series(file: ReadingsFile, key: SeriesKey, rule: Retention, now: int, ledger: Ledger) -> Swept:
    swept = Swept(key.device, key.stream)
    width = rule.bucket_s * NS_PER_S
    if (raw := raw_cut(rule, now)) is not None:
        swept.down_sampled, _ = await _run_steps(lambda after: file.down_sample(key, after, raw, width, ledger))
    if (old := bucket_cut(rule, now)) is not None:
        swept.let_go = sum(await _run_steps(lambda after: file.let_go(key, after, old, ledger)))
    return swept


def _forget_rollups(file: Path, key: SeriesKey, rule: Retention, now: int) -> None:
    """Roll-ups do not outlast the values that they are made of; done in each sweep, also after one was cut short."""
    cut = raw_cut(rule, now) or bucket_cut(rule, now)
    if cut is not None:
        with closing(RollupFile(file)) as rollups:
            rollups.forget(key.device, key.stream, cut // DAY_NS)


async def _run_steps(work: Callable[[int], Step]) -> tuple[int, int]:
    """Rows and buckets of all steps."""
    loop = asyncio.get_running_loop()
    rows, buckets, after = 0, 0, EARLIEST_NS - 1
    while True:
        begun = loop.time()
        step = await asyncio.to_thread(work, after)
        rows, buckets = rows + step.rows, buckets + step.buckets
        if step.after is None:
            return rows, buckets
        after = step.after
        await asyncio.sleep(loop.time() - begun)


async def _count(file: ReadingsFile, key: SeriesKey, rule: Retention, now: int, _ledger: Ledger) -> Swept:
    raw, old = raw_cut(rule, now), bucket_cut(rule, now)
    numbers = 0 if raw is None else await asyncio.to_thread(file.count_numbers, key, raw)
    return Swept(
        key.device, key.stream, numbers, 0 if old is None else await asyncio.to_thread(file.count_old, key, old)
    )
