"""One message that no code was ready for does not stop the others, and a flood of rubbish does not fill the memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from cloud_gateway.readings.opening import open_series
from cloud_gateway.settings import GatewaySettings
from deploy.servers import Server
from edge_agent.wire.link import connect
from edge_agent.wire.messages import AlarmBody, AlarmState, LaneAck
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.pieces import frame, pack, record
from tests.cloud_gateway.ingest.stores import FailingStore
from tests.end_to_end.devices import open_gauge
from tests.end_to_end.gateway import Books, make_program, resident_mb, running_ingest
from tests.links import secured
from tests.waiting import until

GARBAGE_FRAMES = 2000
GARBAGE_BYTES = 32_000
ALLOWED_MB = 30.0
SURGE = AlarmBody("surge", "tide", AlarmState.RAISED, 0.4, 0.3, "m", 1_700_000_000_000)
CODES = "SELECT device, code, sum(times) FROM dead_letter GROUP BY device, code"


async def test_message_that_makes_a_step_fail_is_set_aside_and_the_others_are_stored(
    own_broker: Server, sqlite_settings: GatewaySettings
) -> None:
    store = FailingStore(open_series(sqlite_settings.series, sqlite_settings.data_dir), poison="boom")
    books = Books(sqlite_settings)
    async with (
        running_ingest(sqlite_settings, store),
        open_gauge(own_broker, "honest-01") as honest,
        open_gauge(own_broker, "hostile-1") as hostile,
    ):
        await honest.until_heard()
        poison = frame(record(1, pack(stream="boom")), epoch=hostile.epoch)
        sent = [honest.read(1, 5), hostile.publish(poison), hostile.publish(b"rubbish"), honest.read(6, 9)]
        await asyncio.gather(*sent)
        await honest.until_stored(9)
        await until(lambda: len(books.rows(CODES)) == 2)
        await honest.read(10, 10)
        await honest.until_stored(10)
    assert honest.stands[Lane.READING] == LaneAck(10)
    assert [p.seq for p in await books.points("honest-01")] == list(range(1, 11))
    assert {(device, code) for device, code, _ in books.rows(CODES)} == {
        (None, "handler_failed"),
        ("hostile-1", "malformed_frame"),
    }


async def test_flood_of_rubbish_does_not_fill_the_memory(
    own_broker: Server, sqlite_settings: GatewaySettings, tmp_path: Path
) -> None:
    program = make_program(sqlite_settings, tmp_path)
    program.start()
    try:
        async with open_gauge(own_broker, "honest-01") as honest:
            await honest.until_heard()
            await honest.read(1, 100)
            await honest.until_stored(100)
            before = resident_mb(program)
            await flood(own_broker)
            await honest.read(101, 200)
            await honest.until_stored(200)
            grown = resident_mb(program, "VmHWM") - before
    finally:
        program.stop()
    print(f"{GARBAGE_FRAMES} frames of {GARBAGE_BYTES} bytes of rubbish: {grown:.1f} MB more at the peak")  # noqa: T201
    assert grown < ALLOWED_MB
    books = Books(sqlite_settings)
    assert books.rows(CODES) == [("hostile-1", "malformed_frame", GARBAGE_FRAMES)]
    assert len(await books.points("honest-01")) == 200


async def flood(broker: Server) -> None:
    """Send rubbish, each piece another, as fast as the broker takes it."""
    async with connect(secured(broker, "hostile-1"), print) as hostile:
        for start in range(0, GARBAGE_FRAMES, 50):
            pieces = (f"{number:08d}".encode() * (GARBAGE_BYTES // 8) for number in range(start, start + 50))
            await asyncio.gather(*(hostile.publish("weiran/1/hostile-1/up/reading", piece) for piece in pieces))


async def test_an_alarm_passes_readings_that_wait_for_their_store(
    own_broker: Server, sqlite_settings: GatewaySettings
) -> None:
    store = FailingStore(open_series(sqlite_settings.series, sqlite_settings.data_dir), broken=True)
    said = record(1, msgspec.json.encode(SURGE).decode(), kind="alarm/1")
    async with running_ingest(sqlite_settings, store), open_gauge(own_broker, "honest-01") as gauge:
        await gauge.until_heard()
        gauge.read(1, 5)
        async with asyncio.timeout(20):
            await store.tried.wait()
        gauge.publish(frame(said, lane="alarm", epoch=gauge.epoch), "up/alarm")
        await gauge.until_stored(1, Lane.ALARM)
        assert Lane.READING not in gauge.stands
        store.broken = False
        await gauge.until_stored(5)
