"""At a real broker: a revoked device that stays connected, a device that floods, and two devices of one identity."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from cloud_gateway.enrolment.certificates import read_certificate
from cloud_gateway.enrolment.register import enrol_devices
from cloud_gateway.settings import Devices, GatewaySettings
from deploy.cli import run
from deploy.servers import Server, credentials_of
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.pieces import AT, birth, frame, pack, record
from tests.end_to_end.devices import Gauge, alarm_item, open_agent, open_gauge, reading, signed_alarms, until_empty
from tests.end_to_end.gateway import Books, make_program, running_ingest
from tests.waiting import until

#: What a device is given in these tests: a flood is met within its first second.
SHARE = Devices(admit="enrolled", messages_per_s=50, burst_s=10)
FLOOD = 3000
CERTIFICATE = "certificate.pem"


@pytest.fixture
async def gated(own_broker: Server, settings: GatewaySettings) -> GatewaySettings:
    """A gateway on each kind of store that knows some devices."""
    return await enrol_some(own_broker, settings)


@pytest.fixture
async def gated_sqlite(own_broker: Server, sqlite_settings: GatewaySettings) -> GatewaySettings:
    """A gateway on SQLite that knows some devices."""
    return await enrol_some(own_broker, sqlite_settings)


async def enrol_some(broker: Server, settings: GatewaySettings) -> GatewaySettings:
    """Let three devices speak, within their share."""
    certificates = []
    for name in ("honest-01", "honest-02", "hostile-1"):
        pem = (credentials_of(broker, name) / CERTIFICATE).read_bytes()
        certificates.append((read_certificate(pem, AT), "sensor-node"))
    await enrol_devices(settings.database, certificates)
    return settings.model_copy(update={"devices": SHARE})


async def test_revoked_device_that_is_still_connected_is_not_stored(
    own_broker: Server, gated: GatewaySettings, tmp_path: Path
) -> None:
    books, config = Books(gated), tmp_path / "register.toml"
    config.write_text(f'data_dir = "{gated.data_dir}"\n')
    revoke = ["gateway", "device", "revoke", "hostile-1", "--reason", "stolen", "--config", str(config)]
    async with running_ingest(gated), open_gauge(own_broker, "hostile-1") as hostile:
        await hostile.until_heard()
        await hostile.read(1, 5)
        await hostile.until_stored(5)
        assert await asyncio.to_thread(run, revoke) == 0
        numbers = itertools.count(6)
        await until_refused(books, hostile, numbers)
        refused = next(numbers)
        for number in range(refused, refused + 50):
            await hostile.read(number, number)
        await until(lambda: books.letters().get("revoked", 0) + books.letters().get("flooding", 0) >= 50)
        stored = await books.points("hostile-1")
        assert max(p.seq for p in stored) < refused
        assert hostile.stands[Lane.READING].upto < refused


async def until_refused(books: Books, hostile: Gauge, numbers: itertools.count[int]) -> None:
    """Send readings until the gateway has refused one."""
    while "revoked" not in books.letters():
        number = next(numbers)
        await hostile.read(number, number)
        await asyncio.sleep(0.05)


async def test_device_that_floods_harms_only_itself(own_broker: Server, gated: GatewaySettings) -> None:
    books = Books(gated)
    async with (
        running_ingest(gated),
        open_gauge(own_broker, "honest-01") as honest,
        open_gauge(own_broker, "hostile-1") as hostile,
    ):
        await honest.until_heard()
        flood = asyncio.create_task(flood_readings(hostile))
        for number in range(1, 101):
            await honest.read(number, number)
        await honest.until_stored(100)
        await flood
        await until(lambda: "flooding" in books.letters())
        assert len(await books.points("hostile-1")) < FLOOD
        await resend_until_stored(hostile, FLOOD)
    assert [p.seq for p in await books.points("honest-01")] == list(range(1, 101))
    assert [p.seq for p in await books.points("hostile-1")] == list(range(1, FLOOD + 1))
    assert books.rows("SELECT DISTINCT body FROM event WHERE topic = 'flooding'") != []


async def flood_readings(hostile: Gauge) -> None:
    """One message for each reading, as fast as the broker takes them."""
    for first in range(1, FLOOD + 1, 100):
        await asyncio.gather(*(hostile.read(seq, seq) for seq in range(first, first + 100)))


async def resend_until_stored(gauge: Gauge, last: int) -> None:
    """As a device does: slowly and in larger frames, what is not acknowledged, until it is."""
    while (upto := gauge.stands[Lane.READING].upto) < last:
        records = (record(seq, pack(seq), at=AT + seq) for seq in range(upto + 1, min(upto + 200, last) + 1))
        await gauge.publish(frame(*records, epoch=gauge.epoch))
        await asyncio.sleep(0.2)


async def test_flood_holds_up_no_alarm_of_another_device_and_ends_for_its_own(
    own_broker: Server, gated_sqlite: GatewaySettings, tmp_path: Path
) -> None:
    books = Books(gated_sqlite)
    async with (
        running_ingest(gated_sqlite),
        open_agent(own_broker, "honest-01", tmp_path) as honest,
        open_gauge(own_broker, "hostile-1") as hostile,
    ):
        await hostile.until_heard()
        flood = asyncio.create_task(flood_greetings(hostile))
        await until(lambda: "flooding" in books.letters())
        for number in range(1, 61):
            await honest.put(alarm_item(number))
        await until_empty(honest)
        flood.cancel()
        await asyncio.wait([flood])
        own = signed_alarms(own_broker, hostile, 20)
        while Lane.ALARM not in hostile.stands:
            await hostile.publish(own, "up/alarm")
            await asyncio.sleep(0.2)
    counts = books.rows("SELECT device, count(*) FROM record WHERE lane = 'alarm' GROUP BY device ORDER BY device")
    assert counts == [("honest-01", 60), ("hostile-1", 20)]
    assert books.rows("SELECT device FROM dead_letter WHERE code = 'flooding'") == [("hostile-1",)]


async def flood_greetings(hostile: Gauge) -> None:
    """As fast as the broker takes them, from the share that alarms are taken from, too."""
    for first in itertools.count(2, 50):
        frames = [
            frame(record(seq, "{}", kind="hello/1"), lane="diagnostic", epoch=hostile.epoch)
            for seq in range(first, first + 50)
        ]
        await asyncio.gather(*(hostile.publish(payload, "up/diagnostic") for payload in frames))


async def test_two_devices_of_one_identity_are_noticed_and_the_honest_one_loses_nothing(
    own_broker: Server, gated_sqlite: GatewaySettings, tmp_path: Path
) -> None:
    books = Books(gated_sqlite)
    (tmp_path / "twin").mkdir()
    async with running_ingest(gated_sqlite), open_agent(own_broker, "honest-01", tmp_path) as honest:
        await honest.put(reading(1))
        await until_empty(honest)
        async with open_agent(own_broker, "honest-01", tmp_path / "twin") as thief:
            await asyncio.gather(*(honest.put(reading(n)) for n in range(2, 30)))
            await thief.put(reading(1))
            await until(lambda: books.rows("SELECT 1 FROM device WHERE clone_at IS NOT NULL"), 60.0)
        await until_empty(honest)
        stored = {p.seq for p in await books.points("honest-01") if p.epoch == honest.epoch}
    assert stored == set(range(1, 30))
    assert books.rows("SELECT count(*) FROM event WHERE topic = 'clone'") == [(1,)]


async def test_device_that_is_enrolled_late_is_known_whole_at_once(
    own_broker: Server, gated_sqlite: GatewaySettings, tmp_path: Path
) -> None:
    books = Books(gated_sqlite)
    async with running_ingest(gated_sqlite), open_gauge(own_broker, "late-0001") as late:
        await late.publish(birth(epoch=late.epoch), "birth", retain=True)
        await until(lambda: "not_enrolled" in books.letters())
        pem = (credentials_of(own_broker, "late-0001") / CERTIFICATE).read_bytes()
        await enrol_devices(gated_sqlite.database, [(read_certificate(pem, AT), "kiosk")])
        await until(lambda: books.rows("SELECT serial FROM device WHERE id = 'late-0001'") == [("SIM-1",)])
        await late.read(1, 1)
        await late.until_stored(1)


async def test_gateway_that_admits_anybody_says_so(sqlite_settings: GatewaySettings, tmp_path: Path) -> None:
    program = make_program(sqlite_settings, tmp_path)
    program.start()
    try:
        await until(lambda: "ANYBODY MAY SPEAK" in (tmp_path / "ingest.log").read_text())
    finally:
        program.stop()
