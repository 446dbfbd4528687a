"""Bench of the console: pages, API and charts while 300 SIMULATED devices publish, on both stores of readings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.asks import Ask, chart_asks, page_asks
from deploy.bench.browser import Seen, check_browser, look
from deploy.bench.console_round import Times, measure_round
from deploy.bench.field import EVERY_S, Field, running_field
from deploy.bench.page import Table
from deploy.bench.year import DAY_S, SPARSE_S
from deploy.bench.year_fill import say

STORES = {"sqlite": "SQLite", "influx": "InfluxDB"}
#: Of what staff ask for: 95th percentile, ms.
ASK_LIMIT_MS = 1000.0
#: In Chromium, s.
OVERVIEW_LIMIT_S, CHART_LIMIT_S = 2.0, 1.0


@dataclass(frozen=True)
class Size:
    """How large the field is, and how many requests of each kind a round has."""

    devices: int = 300
    days: int = 365
    requests: int = 20


FULL = Size()


def bench_console(
    folder: Path, rounds: int, *, size: Size = FULL, kept: Path | None = None, stores: Sequence[str] = tuple(STORES)
) -> list[Table]:
    """One store after the other. The generated years are in `kept`, and stay there."""
    check_browser()
    tables = []
    for store in stores:
        (folder / store).mkdir()
        year = (kept or folder) / f"year-{size.devices}-{size.days}-{store}"
        year.mkdir(parents=True, exist_ok=True)
        tables += asyncio.run(_bench_store(store, folder / store, year, rounds, size))
    return tables


async def _bench_store(store: str, work: Path, kept: Path, rounds: int, size: Size) -> list[Table]:
    async with running_field(store, work, kept, devices=size.devices, days=size.days) as running:
        asks = page_asks(running.year.dense.device, running.scenario.site[0].code)
        asks += chart_asks(running.year, int(time.time()), influx=store == "influx")
        times, seen = {ask: Times() for ask in asks}, Seen()
        for number in range(rounds):
            await asyncio.to_thread(measure_round, running, times, size.requests)
            await look(running, seen)
            say(f"{STORES[store]}: round {number + 1} of {rounds} done")
    return make_tables(STORES[store], running, times, seen)


def make_tables(store: str, running: Field, times: dict[Ask, Times], seen: Seen) -> list[Table]:
    """What a person waits for, what each request takes, and that beside the bare query."""
    return [_watched(store, running, seen), _taken(store, times), _ratios(store, times)]


def _watched(store: str, running: Field, seen: Seen) -> Table:
    year, effort = running.year, running.effort
    values = (year.now_s - year.start_s) + len(year.others) * ((year.now_s - year.start_s) // SPARSE_S)
    table = Table(
        f"Console on {store}: {running.linked} SIMULATED devices publish each value every {EVERY_S:.0f} s, "
        f"{values / 1e6:.1f} million readings of {(year.now_s - year.start_s) // DAY_S} days"
    )
    table.add("first overview usable in Chromium", seen.overview, "s", at_most=OVERVIEW_LIMIT_S)
    table.add("chart of a year in Chromium, from the click to the painted chart", seen.year, "s", at_most=CHART_LIMIT_S)
    table.add("generating the readings that were not there yet", [effort.fill_s], "s")
    table.add(f"rolling up {effort.days} days of one value a second", [effort.roll_s], "s")
    return table


def _taken(store: str, times: dict[Ask, Times]) -> Table:
    table = Table(f"Console on {store}: answers of the gateway, each read whole")
    for ask, found in times.items():
        table.add(f"{ask.name}, median", found.medians, "ms")
        table.add(f"{ask.name}, 95th percentile", found.slow, "ms", at_most=ASK_LIMIT_MS)
    return table


def _ratios(store: str, times: dict[Ask, Times]) -> Table:
    table = Table(f"Console on {store}: the same to a bare query of the same data, past the gateway")
    for ask, found in times.items():
        table.add(f"{ask.name}, to {ask.bare}", found.ratios, "", at_most=ask.at_most)
        table.add(f"that {ask.bare}", found.bare_medians, "ms")
    return table
