"""Who is not enrolled is not stored, what is not signed is rejected, and who floods waits; nobody else notices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_gateway.enrolment.register import enrol_devices, readmit_device, revoke_device
from cloud_gateway.ingest.admission import Admission
from cloud_gateway.ingest.batch import Sorter
from cloud_gateway.readings.series import SeriesStore
from cloud_gateway.settings import Devices
from edge_agent.wire.messages import LaneAck, Rejection
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.enrolment.cards import certificate_of, make_key, signed
from tests.cloud_gateway.ingest.ground import Ground, open_ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, birth, deliver, frame, presence, record

KEY, OTHER = make_key(1), make_key(2)
LETTERS = "SELECT device, code, times FROM dead_letter ORDER BY id"


@pytest.fixture
async def gated(database_file: Path, series: SeriesStore) -> AsyncIterator[Ground]:
    """Ingest that admits one enrolled device."""
    await enrol_devices(database_file, [(certificate_of(KEY), "sensor-node")])
    async with open_ground(database_file, series, Admission(Devices())) as ground:
        await ground.admission.load(ground.store.read_register)
        yield ground


def note(seq: int, key: Ed25519PrivateKey | None, *, at: int = AT, said: int = AT, body: str = '"hello"') -> str:
    """A record of the lane `record`, signed by the key as if made at `said`."""
    text = record(seq, body, kind="note/1", at=at)
    return text if key is None else signed(text, key, seq, "note/1", '"hello"', lane=Lane.RECORD, at=said)


async def test_device_that_is_enrolled_is_stored(gated: Ground) -> None:
    await gated.take(deliver(frame(record(1))), deliver(frame(note(1, KEY), lane="record"), "up/record"))
    assert [p.seq for p in await gated.points()] == [1]
    assert gated.ack(Lane.RECORD).upto == 1
    assert gated.rows(LETTERS) == []


async def test_nothing_of_a_stranger_is_stored_or_answered(gated: Ground) -> None:
    for _ in range(3):
        await gated.take(
            deliver(frame(record(1), epoch="a" * 16), device="stranger"),
            deliver(birth(epoch="a" * 16), "birth", device="stranger"),
            deliver(presence("online", 1, epoch="a" * 16), "presence", device="stranger"),
        )
    assert gated.rows(LETTERS) == [("stranger", "not_enrolled", 9)]
    assert gated.rows("SELECT count(*) FROM device") == gated.rows("SELECT count(*) FROM device_epoch") == [(0,)]
    assert await gated.points("stranger") == []
    assert gated.replies == []


async def test_revoked_device_is_not_stored_from_then_on(gated: Ground) -> None:
    await gated.take(deliver(frame(record(1))))
    await revoke_device(gated.file, DEVICE, "stolen")
    await gated.admission.load(gated.store.read_register)
    await gated.take(deliver(frame(record(2))))
    assert [p.seq for p in await gated.points()] == [1]
    assert gated.ack(Lane.READING) == LaneAck(1)
    assert gated.rows(LETTERS) == [(DEVICE, "revoked", 1)]


async def test_what_waited_when_its_device_was_revoked_is_not_stored(gated: Ground) -> None:
    sorter = Sorter(gated.admission)
    sorter.add(deliver(frame(record(1))))
    sorter.add(deliver(birth(), "birth"))
    await revoke_device(gated.file, DEVICE, "stolen")
    await gated.admission.load(gated.store.read_register)
    await gated.pipeline.process(sorter.take())
    assert await gated.points() == []
    assert gated.rows("SELECT count(*) FROM device_boot") == [(0,)]
    assert gated.rows(LETTERS) == [(DEVICE, "revoked", 2)]


async def test_device_that_is_readmitted_is_stored_again_and_asked_for(gated: Ground) -> None:
    await revoke_device(gated.file, DEVICE, "lost")
    await gated.admission.load(gated.store.read_register)
    await gated.take(deliver(frame(record(1))))
    await readmit_device(gated.file, DEVICE, None)
    await gated.admission.load(gated.store.read_register)
    await gated.take(deliver(frame(record(1))))
    assert gated.admission.readmitted.is_set()
    assert gated.ack(Lane.READING) == LaneAck(1)


async def test_register_that_was_put_back_is_learned_whole(gated: Ground, tmp_path: Path) -> None:
    await enrol_devices(gated.file, [(certificate_of(KEY, "gauge-02"), "kiosk")])
    await gated.admission.load(gated.store.read_register)
    changes = await gated.store.read_register(7)
    assert (changes.whole, changes.version, len(changes.enrolments)) == (True, 2, 2)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param(note(2, None), "unsigned", id="not signed"),
        pytest.param(note(2, OTHER), "bad_signature", id="another key"),
        pytest.param(note(2, KEY, said=AT + 1), "bad_signature", id="another time"),
        pytest.param(note(2, KEY, body='"hallo"'), "bad_signature", id="another body"),
        pytest.param(note(3, KEY).replace('"seq":3', '"seq":2'), "bad_signature", id="another number"),
        pytest.param(f'{note(2, None)[:-1]},"sig":"äöü"}}', "bad_signature", id="no base64"),
    ],
)
async def test_record_that_its_device_has_not_signed_is_rejected_by_name(gated: Ground, said: str, code: str) -> None:
    await gated.take(deliver(frame(note(1, KEY), said, note(3, KEY), lane="record"), "up/record"))
    assert gated.ack(Lane.RECORD).upto == 3
    assert gated.ack(Lane.RECORD).rejected == [Rejection(2, code)]
    assert gated.rows("SELECT seq FROM record ORDER BY seq") == [(1,), (3,)]
    assert gated.rows("SELECT seq, code FROM dead_letter") == [(2, code)]


async def test_what_the_outbox_still_held_at_a_renewal_is_believed(gated: Ground) -> None:
    await enrol_devices(gated.file, [(certificate_of(OTHER), "sensor-node")])
    await gated.admission.load(gated.store.read_register)
    await gated.take(deliver(frame(note(1, KEY), note(2, OTHER), lane="record"), "up/record"))
    assert gated.ack(Lane.RECORD).rejected == []


async def test_signature_is_over_the_time_the_device_said(gated: Ground) -> None:
    said = note(1, KEY, at=5000, said=5000).replace('"clock":"ntp"', '"clock":"unset"')
    await gated.take(deliver(frame(said, lane="record"), "up/record"))
    assert gated.ack(Lane.RECORD).rejected == []
    assert gated.rows("SELECT said_at FROM record") == [(5000,)]


async def test_readings_need_no_signature(gated: Ground) -> None:
    await gated.take(deliver(frame(record(1))))
    assert gated.ack(Lane.READING).rejected == []


class Hand:
    """A clock that is set by hand, s."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def narrow(database_file: Path, series: SeriesStore) -> AsyncIterator[Ground]:
    """Ingest that lets each device send ten messages at once and then one a second, on a clock set by hand."""
    bounds = Devices(admit="any", messages_per_s=1, burst_s=10)
    async with open_ground(database_file, series, Admission(bounds, Hand())) as ground:
        yield ground


async def test_device_that_floods_waits_and_the_others_do_not(narrow: Ground) -> None:
    await narrow.take(*(deliver(frame(record(seq))) for seq in range(1, 31)))
    await narrow.take(deliver(frame(record(1), epoch="b" * 16), device="gauge-02"))
    assert narrow.ack(Lane.READING) == LaneAck(10)
    assert narrow.ack(Lane.READING, device="gauge-02", epoch="b" * 16) == LaneAck(1)
    assert narrow.rows(LETTERS) == [(DEVICE, "flooding", 20)]
    assert narrow.rows("SELECT topic FROM event WHERE topic = 'flooding'") == [("flooding",)]


async def test_record_does_not_wait_for_a_back_fill_that_is_above_its_share(narrow: Ground) -> None:
    await narrow.take(*(deliver(frame(record(seq))) for seq in range(1, 31)))
    await narrow.take(deliver(frame(note(1, KEY), lane="record"), "up/record"))
    assert (narrow.ack(Lane.READING), narrow.ack(Lane.RECORD)) == (LaneAck(10), LaneAck(1, safe=0))


async def test_device_that_slows_down_loses_nothing(narrow: Ground) -> None:
    await narrow.take(*(deliver(frame(record(seq))) for seq in range(1, 13)))
    narrow.admission.clock.now = 2.0  # type: ignore[attr-defined]
    await narrow.take(*(deliver(frame(record(seq))) for seq in (11, 12)))
    assert narrow.ack(Lane.READING) == LaneAck(12)
    assert [p.seq for p in await narrow.points()] == list(range(1, 13))


@pytest.mark.parametrize(
    ("bounds", "taken"),
    [
        pytest.param({"readings_per_s": 1}, 4, id="records"),
        pytest.param({"kib_per_s": 1, "burst_s": 1}, 3, id="bytes"),
    ],
)
async def test_large_messages_count_for_what_is_in_them(
    database_file: Path, series: SeriesStore, bounds: dict[str, int], taken: int
) -> None:
    admission = Admission(Devices.model_validate({"admit": "any", "burst_s": 10} | bounds), Hand())
    async with open_ground(database_file, series, admission) as ground:
        await ground.take(*(deliver(frame(*(record(3 * n + i) for i in (1, 2, 3)))) for n in range(20)))
        assert ground.ack(Lane.READING) == LaneAck(3 * taken)
