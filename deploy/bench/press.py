"""Bench of a press: from a finger on a key of a SIMULATED board to the lamp, and to the rating on the disk."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from deploy.bench.page import Table
from deploy.bench.ranks import percentile
from deploy.provision.folder import Provision
from edge_agent.hardware.clock import SystemClock
from edge_agent.settings import Broker, IdentitySettings
from edge_agent.storage.facts import Item
from edge_agent.wire.messages import LaneAck, Role
from edge_agent.wire.ratings import RATING
from edge_agent.wire.topics import Lane
from firmware_sim.board import SimBoard, make_board
from firmware_sim.counters import run_terminal
from firmware_sim.day import Said
from firmware_sim.desk import SimDesk, make_event_key
from kiosk.settings import KeySettings, KioskSettings, RatingSettings

DEVICE = "bench-desk"
PRESSES = 100
KEYS, LAMPS = (5, 6, 13), (20, 21, 26)
#: A finger stays this long; then the key is up again until the next, s.
HELD_S, UP_S = 0.05, 0.05
LAMP_LIMIT_MS, DURABLE_LIMIT_MS = 50.0, 100.0
PAGE_BYTES = 4096
GIVE_UP_S = 30.0


class Stopwatch:
    """An observer of the outbox: when the last rating was committed, s of the performance counter."""

    def __init__(self) -> None:
        self.stored_s = 0.0
        self.stored_one = asyncio.Event()

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """These are committed."""
        if any(item.kind == RATING for _, item in items):
            self.stored_s = time.perf_counter()
            self.stored_one.set()

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """There is no gateway in this bench."""


def bench_press(folder: Path, rounds: int) -> list[Table]:
    """The 99th percentile of each round's presses, beside a bare write and fdatasync of one page."""
    provision = Provision(folder / "provision")
    provision.init(["127.0.0.1"], 0)
    identity = provision.device(DEVICE, Role.RATING_TERMINAL)
    table = Table(f"A press on the SIMULATED board: {PRESSES} ratings a round, each in a window of its own")
    lamps, durables, syncs = [], [], []
    for number in range(rounds):
        syncs.append(percentile(_raw_syncs(folder / f"raw-{number}"), 99))
        lamp, durable = asyncio.run(_press_round(_settings(folder / f"round-{number}", identity)))
        lamps.append(lamp)
        durables.append(durable)
    table.add("press to lamp, 99th percentile", [percentile(one, 99) for one in lamps], "ms", at_most=LAMP_LIMIT_MS)
    table.add(
        "press to durable, 99th percentile", [percentile(one, 99) for one in durables], "ms", at_most=DURABLE_LIMIT_MS
    )
    table.add("press to durable, median", [percentile(one, 50) for one in durables], "ms")
    table.add("of it, how long a contact has to hold", [KeySettings().hold_s * 1000], "ms")
    table.add("bare write and fdatasync of one page, 99th percentile", syncs, "ms")
    return [table]


def _settings(state_dir: Path, identity: Path) -> KioskSettings:
    state_dir.mkdir()
    rating = RatingSettings(
        counter="1",
        button_pins=KEYS,
        lamp_pins=LAMPS,
        event_key=(make_event_key(state_dir / "counter.key"),),
        keys=KeySettings(mash_s=0.01),  # a hand that never tires is no mashing here
        port=0,
    )
    return KioskSettings(
        device=DEVICE,
        role=Role.RATING_TERMINAL,
        state_dir=state_dir,
        broker=Broker(port=1),
        identity=IdentitySettings(folder=identity),
        rating=rating,
    )


async def _press_round(settings: KioskSettings) -> tuple[list[float], list[float]]:
    """Times to the lamp and to the disk, ms."""
    board, clock, watch = make_board("SIM-bench"), SystemClock(), Stopwatch()
    desk = SimDesk(settings.rating, board, clock)
    running = asyncio.create_task(run_terminal(settings, board, clock, desk, observer=watch))
    try:
        async with asyncio.timeout(GIVE_UP_S):
            await desk.served()
        async with httpx.AsyncClient(trust_env=False) as client:
            times = [await _press_once(desk, board, watch, client, number) for number in range(PRESSES)]
    finally:
        running.cancel()
        await asyncio.wait([running])
    return [lamp for lamp, _ in times], [durable for _, durable in times]


async def _press_once(
    desk: SimDesk, board: SimBoard, watch: Stopwatch, client: httpx.AsyncClient, number: int
) -> tuple[float, float]:
    await desk.say(Said("end", f"B{number}"), client)
    await _lamp(board, on=True)
    watch.stored_one.clear()
    begun = time.perf_counter()
    desk.move(number % len(KEYS), True)
    await _lamp(board, on=False)
    lamp_s = time.perf_counter() - begun
    async with asyncio.timeout(GIVE_UP_S):
        await watch.stored_one.wait()
    await asyncio.sleep(HELD_S)
    desk.move(number % len(KEYS), False)
    await asyncio.sleep(UP_S)
    return lamp_s * 1000, (watch.stored_s - begun) * 1000


async def _lamp(board: SimBoard, *, on: bool) -> None:
    async with asyncio.timeout(GIVE_UP_S):
        while board.is_on(LAMPS[0]) is not on:  # noqa: ASYNC110 - a pin has no event; each pass of the loop is looked at
            await asyncio.sleep(0)


def _raw_syncs(path: Path) -> list[float]:
    page, times = b"x" * PAGE_BYTES, []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for _ in range(PRESSES):
            begun = time.perf_counter()
            os.write(descriptor, page)
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - begun) * 1000)
    finally:
        os.close(descriptor)
    return times
