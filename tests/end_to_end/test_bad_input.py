"""A hostile device shares the broker with an honest one: the honest one does not notice, and all rubbish has a name."""

from __future__ import annotations

from collections import Counter
from itertools import count

import httpx
import pytest

from cloud_gateway.settings import GatewaySettings
from deploy.servers import Server
from edge_agent.wire.link import connect
from edge_agent.wire.messages import MAX_FRAME_BYTES, LaneAck, Rejection
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.bad import BAD_FRAMES, BAD_STATUS
from tests.cloud_gateway.ingest.pieces import frame, pack, record
from tests.end_to_end.devices import open_gauge
from tests.end_to_end.gateway import Books, running_ingest
from tests.links import EARS, secured
from tests.waiting import until

#: What fits through the broker; larger ones it refuses itself.
FITTING = [bad for bad in BAD_FRAMES.values() if len(bad[0]) <= MAX_FRAME_BYTES + 30_000]


async def test_honest_device_is_served_while_a_hostile_one_sends_rubbish(
    own_broker: Server, settings: GatewaySettings
) -> None:
    books, numbers = Books(settings), count(1)
    async with (
        running_ingest(settings) as ingest,
        open_gauge(own_broker, "honest-01") as honest,
        open_gauge(own_broker, "hostile-1") as hostile,
    ):
        await honest.until_heard()
        for payload, _ in FITTING:
            await hostile.publish(payload)
            await honest.read(number := next(numbers), number)
        for part, payload, _ in BAD_STATUS.values():
            await hostile.publish(payload, part)
            await honest.read(number := next(numbers), number)
        await honest.until_stored(number)
        expected = Counter([code for _, code in FITTING] + [code for *_, code in BAD_STATUS.values()])
        await until(lambda: books.letters() == expected)
        assert not ingest.done()
    points = await books.points("honest-01")
    assert [(p.seq, p.value) for p in points] == [(seq, float(seq)) for seq in range(1, number + 1)]
    assert await books.points("hostile-1") == []
    assert honest.stands[Lane.READING] == LaneAck(number)


#: Names that would be tags, each an attempt at being more than one.
INJECTIONS = (
    "level,device=honest-01",
    "level v=666 1",
    "level\\nx,device=honest-01 v=6",
    "level\\\\",
    'level\\"',
    "level=1",
    "level\\u0000",
    "le vel",
)
TEXT = '[{"n":"note","vs":"x\\"\\nreading,device=honest-01,stream=level v=666\\\\"}]'
UNIT = '[{"n":"depth","u":"m\\",x=1\\n9\\\\","v":2}]'


async def test_names_units_and_texts_that_try_to_break_out_make_no_points_of_their_own(
    own_broker: Server, settings: GatewaySettings
) -> None:
    bad = [record(seq, pack(seq, stream=name)) for seq, name in enumerate(INJECTIONS, 4)]
    async with running_ingest(settings), open_gauge(own_broker, "hostile-1") as hostile:
        await hostile.until_heard()
        await hostile.publish(frame(record(1), record(2, TEXT), record(3, UNIT), *bad, epoch=hostile.epoch))
        await hostile.until_stored(3 + len(INJECTIONS))
    books = Books(settings)
    assert hostile.stands[Lane.READING].rejected == [Rejection(seq, "bad_tag") for seq in range(4, 12)]
    assert [(p.stream, p.unit, p.value) for p in await books.points("hostile-1")] == [
        ("level", "m", 1.25),
        ("note", "", 'x"\nreading,device=honest-01,stream=level v=666\\'),
        ("depth", 'm",x=1\n9\\', 2.0),
    ]
    assert await books.points("honest-01") == []
    await check_series(settings, ["depth", "level", "note"])


async def check_series(settings: GatewaySettings, streams: list[str]) -> None:
    """InfluxDB itself knows these series of the hostile device and no others."""
    if settings.series.store != "influx1":
        return
    async with httpx.AsyncClient(base_url=settings.series.url) as client:
        reply = await client.get("/query", params={"db": settings.series.database, "q": "SHOW SERIES"})
    (found,) = reply.json()["results"][0]["series"]
    assert found["values"] == [[f"reading,device=hostile-1,stream={name}"] for name in streams]


async def test_topics_of_no_device_are_named(own_broker: Server, sqlite_settings: GatewaySettings) -> None:
    topics = (
        "weiran/1/HOSTILE/up/reading",
        "weiran/1/hos/up/reading",
        "weiran/1/gateway.ingest-2/up/reading",
        "weiran/1/hostile 1,x=1/up/reading",
        "weiran/1//up/reading",
        "weiran/1/敌意设备/birth",
    )
    books = Books(sqlite_settings)
    async with (
        running_ingest(sqlite_settings),
        open_gauge(own_broker, "hostile-1") as hostile,
        connect(secured(own_broker, EARS[0]), print) as allowed,
    ):
        await hostile.until_heard()
        for topic in topics:
            await allowed.publish(topic, frame(record()))
        await until(lambda: books.letters() == {"bad_topic": len(topics)})
        await hostile.read(1, 1)
        await hostile.until_stored(1)
    assert {topic for (topic,) in books.rows("SELECT topic FROM dead_letter")} == set(topics)


async def test_retained_frame_is_refused_at_every_start_and_counted(
    own_broker: Server, sqlite_settings: GatewaySettings
) -> None:
    books = Books(sqlite_settings)
    async with open_gauge(own_broker, "hostile-1") as hostile:
        await hostile.publish(frame(record(), epoch=hostile.epoch), retain=True)
    for times in (1, 2):  # a message whose PUBACK the end of ingest overtook comes once more
        async with running_ingest(sqlite_settings):
            await until(lambda times=times: books.letters().get("retained_frame", 0) >= times)  # type: ignore[misc]
    assert await books.points("hostile-1") == []


async def test_frame_of_qos_0_is_stored_and_the_gateway_stays_connected(
    own_broker: Server, sqlite_settings: GatewaySettings, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_ingest(sqlite_settings), open_gauge(own_broker, "careless-1") as careless:
        await careless.until_heard()
        payload = frame(record(1), record(2), epoch=careless.epoch)
        careless.connection.send("weiran/1/careless-1/up/reading", payload)
        await careless.until_stored(2)
        await careless.read(3, 4)
        await careless.until_stored(4)
    assert "link down" not in caplog.text


async def test_frame_in_the_name_of_another_device_is_refused_and_the_owner_unharmed(
    own_broker: Server, settings: GatewaySettings
) -> None:
    books = Books(settings)
    async with (
        running_ingest(settings),
        open_gauge(own_broker, "honest-01") as honest,
        open_gauge(own_broker, "hostile-1") as hostile,
    ):
        await honest.until_heard()
        await honest.read(1, 5)
        await honest.until_stored(5)
        hostile.epoch = honest.epoch
        await hostile.read(1, 9)
        await until(lambda: books.letters() == {"foreign_epoch": 1})
        await honest.read(6, 10)
        await honest.until_stored(10)
    assert [p.value for p in await books.points("honest-01")] == [float(seq) for seq in range(1, 11)]
    assert await books.points("hostile-1") == []
    assert hostile.stands == {}


async def test_message_that_is_too_large_ends_its_senders_connection_only(
    own_broker: Server, sqlite_settings: GatewaySettings, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_ingest(sqlite_settings), open_gauge(own_broker, "honest-01") as honest:
        await honest.until_heard()
        async with connect(secured(own_broker, "hostile-1"), print) as hostile:
            hostile.publish("weiran/1/hostile-1/up/reading", b"[" * 1_000_000)
            await hostile.wait_closed()
        await honest.read(1, 3)
        await honest.until_stored(3)
    assert "link down" not in caplog.text
