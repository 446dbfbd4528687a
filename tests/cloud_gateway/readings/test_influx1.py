"""What only the InfluxDB 1.x store does, against a real server."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import httpx
import pytest

from cloud_gateway.readings.influx1 import influx1_store
from cloud_gateway.readings.series import SeriesStore, StoreUnavailable
from deploy.servers import Server, start_influxd
from tests.cloud_gateway.readings.points import collect, make_point


async def test_server_killed_after_an_acknowledged_write_loses_nothing(tmp_path: Path) -> None:
    with start_influxd(tmp_path) as server:
        store = influx1_store(server.url, "weiran", "autogen", None)
        await store.open()
        points = [make_point(n, n / 3) for n in range(1, 5001)]
        assert await store.write(points) == []
        server.kill()
        with pytest.raises(StoreUnavailable):
            await store.write([make_point(9001)])
        with pytest.raises(StoreUnavailable):
            await store.samples("gauge-01", "level", 0, 1, 1)
        server.restart()
        assert await collect(store.scan("gauge-01")) == points
        assert await store.write([make_point(9001)]) == []
        await store.close()


async def test_points_that_the_server_refuses_are_named_with_its_words(influx: Server, database: str) -> None:
    store = influx1_store(influx.url, database, "short", None)
    await store.open()
    policy = f'CREATE RETENTION POLICY short ON "{database}" DURATION 1h REPLICATION 1'
    run_query(influx, policy)
    now = int(time.time() * 1000)
    old, new = make_point(1, at=now - 90_000_000), [make_point(n, at=now) for n in (2, 3, 4)]
    refusals = await store.write([new[0], old, *new[1:]])
    assert [(refusal.point, refusal.code) for refusal in refusals] == [(old, "store_refused")]
    assert "retention policy" in refusals[0].detail
    assert await collect(store.scan("gauge-01")) == new
    await store.close()


async def test_database_that_the_server_lost_is_made_again(
    influx: Server, database: str, influx_store: SeriesStore
) -> None:
    run_query(influx, f'DROP DATABASE "{database}"')
    with pytest.raises(StoreUnavailable, match="database not found"):
        await influx_store.write([make_point(1)])
    assert await influx_store.write([make_point(1)]) == []


async def test_silent_server_does_not_hold_up_the_event_loop(influx_store: SeriesStore) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stuck = influx1_store(f"http://127.0.0.1:{silent.getsockname()[1]}", "x", "autogen", None)
        waiting = asyncio.create_task(stuck.write([make_point(1)]))
        connection, _ = await asyncio.to_thread(silent.accept)
        assert await influx_store.write([make_point(1)]) == []
        assert not waiting.done()
        connection.close()
        with pytest.raises(StoreUnavailable):
            await waiting
        await stuck.close()


def run_query(server: Server, query: str) -> None:
    httpx.post(f"{server.url}/query", params={"q": query}).raise_for_status()
