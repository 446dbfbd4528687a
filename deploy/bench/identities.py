"""Checks a bench's store against what was sent: every reading under its own identity, once, with its value."""

from __future__ import annotations

import asyncio

from cloud_gateway.ingest.validation import sort_records
from cloud_gateway.readings.series import Point, SeriesStore
from deploy.bench.load import DEVICES, Load, device_id
from edge_agent.wire.frames import decode_frame
from edge_agent.wire.topics import Lane


def missing_readings(store: SeriesStore, load: Load, run: int) -> int:
    """How many readings are not in the store just as they were sent, or are there and were not sent."""
    sent: dict[str, set[Point]] = {}
    for device, _, _, payload in load.frames:
        sent.setdefault(device, set()).update(sort_records(device, decode_frame(Lane.READING, payload)).points)
    return asyncio.run(_compare(store, sent))


async def _compare(store: SeriesStore, sent: dict[str, set[Point]]) -> int:
    await store.open()
    try:
        wrong = 0
        for number in range(DEVICES):
            device = device_id(number)
            stored = [point async for point in store.scan(device)]
            wrong += len(sent[device] ^ set(stored)) + len(stored) - len(set(stored))
        return wrong
    finally:
        await store.close()
