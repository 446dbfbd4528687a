"""Nothing is acknowledged before it is stored, a store that is away holds everything back, and nothing else does."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.readings.series import SeriesStore
from edge_agent.wire.messages import LaneAck, Rejection
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.ground import Ground, open_ground
from tests.cloud_gateway.ingest.pieces import DEVICE, birth, deliver, frame, pack, record
from tests.cloud_gateway.ingest.stores import FailingStore
from tests.waiting import until

LIMIT_S = 30.0


async def test_unavailable_series_store_holds_back_the_ack_until_it_is_back(
    database_file: Path, series: SeriesStore, caplog: pytest.LogCaptureFixture
) -> None:
    away = FailingStore(series, broken=True)
    async with open_ground(database_file, away) as ground, asyncio.timeout(LIMIT_S):
        taking = asyncio.create_task(ground.take(deliver(frame(record(1), record(2)))))
        for _ in range(3):
            away.tried.clear()
            await away.tried.wait()
        assert not taking.done()
        assert (ground.replies, ground.rows("SELECT * FROM ledger")) == ([], [])
        away.broken = False
        await taking
        assert ground.ack(Lane.READING) == LaneAck(2)
        assert [p.seq for p in await ground.points()] == [1, 2]
    told = [r.message for r in caplog.records if r.name.endswith("pipeline")]
    assert told == ["series store is unavailable, nothing is acknowledged: out for lunch"]


async def test_batch_without_readings_does_not_wait_for_the_series_store(
    database_file: Path, series: SeriesStore
) -> None:
    async with open_ground(database_file, FailingStore(series, broken=True)) as ground, asyncio.timeout(LIMIT_S):
        await ground.take(deliver(frame(record(1, "{}", kind="rating/1"), lane="record"), "up/record"))
        assert ground.ack(Lane.RECORD) == LaneAck(1, safe=0)


def bound_pages(engine: AsyncEngine, limit: dict[str, int]) -> None:
    """Have every connection obey the limit, as a full disk would make it."""

    def apply(connection: object, *_: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # SQLAlchemy's adapter of the driver
        cursor.execute(f"PRAGMA max_page_count={limit['pages']}")
        cursor.execute("PRAGMA busy_timeout=20")
        cursor.close()

    event.listen(engine.sync_engine, "checkout", apply)


async def test_full_disk_holds_back_the_ack_until_there_is_room(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    ((pages,),) = ground.rows("PRAGMA page_count")
    limit = {"pages": int(str(pages))}
    bound_pages(ground.engine, limit)
    body = f'"{"x" * 60_000}"'
    async with asyncio.timeout(LIMIT_S):
        taking = asyncio.create_task(
            ground.take(deliver(frame(record(1, body, kind="note/1"), lane="record"), "up/record"))
        )
        await until(lambda: "database is unavailable, nothing is acknowledged: database or disk" in caplog.text)
        assert (ground.replies, ground.rows("SELECT * FROM ledger")) == ([], [])
        limit["pages"] = 1_000_000
        await taking
    assert ground.ack(Lane.RECORD) == LaneAck(1, safe=0)
    assert ground.rows("SELECT seq FROM record") == [(1,)]


async def test_locked_database_holds_back_the_ack_until_it_is_free(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    bound_pages(ground.engine, {"pages": 1_000_000})
    async with asyncio.timeout(LIMIT_S):
        with closing(sqlite3.connect(ground.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            taking = asyncio.create_task(ground.take(deliver(frame(record(1)))))
            await until(lambda: "database is unavailable, nothing is acknowledged: database is locked" in caplog.text)
            assert ground.replies == []
            other.execute("ROLLBACK")
        await taking
    assert ground.ack(Lane.READING) == LaneAck(1)


async def test_mistake_in_a_statement_is_raised_and_not_tried_for_ever(ground: Ground) -> None:
    with closing(sqlite3.connect(ground.file)) as connection, connection:
        connection.execute("DROP TABLE ledger")
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(OperationalError, match="no such table"):
            await ground.take(deliver(frame(record(1))))
    assert ground.replies == []


async def test_newest_values_that_cannot_be_written_do_not_end_their_duty(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    await ground.take(deliver(frame(record(1, pack(1.0)))))
    await ground.take(deliver(frame(record(2, pack(2.0)))))
    with closing(sqlite3.connect(ground.file)) as connection, connection:
        connection.execute("ALTER TABLE stream RENAME TO hidden")
    duty = asyncio.create_task(ground.pipeline.keep_latest_fresh())
    await until(lambda: "newest values could not be written" in caplog.text)
    assert not duty.done()
    duty.cancel()


async def test_bad_names_are_refused_by_name_and_the_rest_of_the_frame_is_stored(ground: Ground) -> None:
    records = [record(seq, pack(seq, stream=name)) for seq, name in enumerate(BAD_NAMES, 2)]
    await ground.take(deliver(frame(record(1), *records, record(100))))
    await check_bad_names(ground)


async def test_bad_names_leave_no_series_in_influxdb(influx_ground: Ground, device: str) -> None:
    records = [record(seq, pack(seq, stream=name)) for seq, name in enumerate(BAD_NAMES, 2)]
    await influx_ground.take(deliver(frame(record(1), *records, record(100))))
    await check_bad_names(influx_ground)


BAD_NAMES = (
    "water level",
    "level,device=other",
    "level=2",
    'level\\"',
    "level\\nreading,device=x v=1",
    "level\\n",
    "level\\\\",
    "le\\u0000vel",
    "Level",
    "9level",
    "水位",
    "level\\u202e",
)


async def check_bad_names(ground: Ground) -> None:
    """Each is named in the ack and kept; the two good ones are stored; nothing else is."""
    refused = [Rejection(seq, "bad_tag") for seq in range(2, 2 + len(BAD_NAMES))]
    ack = ground.ack(Lane.READING)
    assert (ack.upto, ack.rejected, ack.ranges) == (1 + len(BAD_NAMES), refused, [(100, 100)])
    assert [(p.stream, p.seq) for p in await ground.points()] == [("level", 1), ("level", 100)]
    assert ground.rows("SELECT DISTINCT code FROM dead_letter") == [("bad_tag",)]
    assert ground.rows("SELECT count(*) FROM dead_letter") == [(len(BAD_NAMES),)]


ODD_UNITS = ("m s", "m,x=1", 'say "m"', "m\n", "back\\", "防", "m\x00", "")


async def test_odd_units_are_kept_as_they_are_in_influxdb(influx_ground: Ground) -> None:
    await influx_ground.take(deliver(odd_units()))
    assert [p.unit for p in await influx_ground.points()] == list(ODD_UNITS)
    assert influx_ground.ack(Lane.READING) == LaneAck(len(ODD_UNITS))


async def test_odd_units_are_kept_as_they_are_in_sqlite(ground: Ground) -> None:
    await ground.take(deliver(odd_units()))
    assert sorted(p.unit for p in await ground.points()) == sorted(ODD_UNITS)


def odd_units() -> bytes:
    bodies = [json.dumps([{"n": "level", "u": unit, "v": 1}]) for unit in ODD_UNITS]
    return frame(*(record(seq, body) for seq, body in enumerate(bodies, 1)))


async def test_one_bad_record_of_two_hundred_is_named_and_the_others_are_stored(ground: Ground) -> None:
    await ground.take(deliver(frame(*(record(s, pack("1e999" if s == 117 else s)) for s in range(1, 201)))))
    assert ground.ack(Lane.READING) == LaneAck(200, [], [Rejection(117, "malformed_reading")])
    assert [p.seq for p in await ground.points()] == [s for s in range(1, 201) if s != 117]
    assert ground.rows("SELECT seq, code FROM dead_letter") == [(117, "malformed_reading")]


async def test_point_of_another_origin_is_refused_and_the_first_stays(ground: Ground) -> None:
    await ground.take(deliver(frame(record(5, pack(1.0)))))
    await ground.take(deliver(frame(record(5, pack(2.0)), epoch="00000000000000aa")))
    assert [p.value for p in await ground.points()] == [1.0]
    assert ground.rows("SELECT epoch, code FROM dead_letter") == [("00000000000000aa", "point_conflict")]


async def test_mistake_of_a_store_is_raised_before_anything_is_acknowledged(
    database_file: Path, series: SeriesStore
) -> None:
    poisoned = FailingStore(series, poison="boom")
    async with open_ground(database_file, poisoned) as ground:
        with pytest.raises(RuntimeError):
            await ground.take(deliver(frame(record(1, pack(stream="boom")))), deliver(b"rubbish"))
        assert (ground.replies, ground.rows("SELECT * FROM ledger")) == ([], [])


async def test_restart_of_a_device_is_told_once(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    await ground.take(deliver(birth(), "birth"))
    await ground.take(deliver(birth(), "birth"))
    assert "restarted" not in caplog.text
    await ground.take(deliver(birth().replace(b"boot-1", b"boot-2"), "birth"))
    assert [r.message for r in caplog.records] == ["a device has restarted"]
    assert caplog.records[0].__dict__["device"] == DEVICE


async def test_newest_values_come_although_no_batch_carries_them(ground: Ground) -> None:
    await ground.take(deliver(frame(record(1, pack(1.0)))))
    await ground.take(deliver(frame(record(2, pack(2.0)))))
    duty = asyncio.create_task(ground.pipeline.keep_latest_fresh())
    await until(lambda: ground.rows("SELECT value FROM stream") == [("2.0",)])
    duty.cancel()
    await asyncio.wait([duty])
