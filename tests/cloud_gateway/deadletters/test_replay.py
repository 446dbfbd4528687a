"""A refused record is put through ingest's decision again: stored when its cause is over, refused again when not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_gateway.database import reading, transaction
from cloud_gateway.deadletters import store
from cloud_gateway.deadletters.replay import Bar, find_bar, replay_letter
from cloud_gateway.deadletters.store import Letter, Replay
from cloud_gateway.enrolment.register import enrol_devices, readmit_device, revoke_device
from cloud_gateway.ingest.admission import Admission
from cloud_gateway.readings.opening import open_series
from cloud_gateway.settings import Devices, Series
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.enrolment.cards import certificate_of, make_key, signed
from tests.cloud_gateway.ingest.ground import Ground, open_ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH, deliver, frame, record
from tests.databases import make_database

OLD, NEW = make_key(1), make_key(2)
NOW = AT + 5_000
RAISED = f'{{"rule":"surge","stream":"tide","state":"raised","value":1.5,"limit":1.0,"unit":"m","since":{AT}}}'
RECORDS = "SELECT lane, seq, kind, at, body, received_at, sig IS NOT NULL FROM record ORDER BY lane, seq"


@pytest.fixture
async def gated(tmp_path: Path) -> AsyncIterator[Ground]:
    """Ingest that admits one device, enrolled by its old key; a record and an alarm by the new one were refused."""
    file = tmp_path / "gateway.db"
    make_database(file)
    await enrol_devices(file, [(certificate_of(OLD), "sensor-node")])
    series = open_series(Series(store="sqlite"), tmp_path)
    await series.open()
    async with open_ground(file, series, Admission(Devices())) as ground:
        await ground.admission.load(ground.store.read_register)
        note = signed(record(1, '"hello"', kind="note/1"), NEW, 1, "note/1", '"hello"', lane=Lane.RECORD, at=AT)
        alarm = signed(record(1, RAISED, kind="alarm/1"), NEW, 1, "alarm/1", RAISED, lane=Lane.ALARM, at=AT)
        await ground.take(deliver(frame(note, lane="record"), "up/record"))
        await ground.take(deliver(frame(alarm, lane="alarm"), "up/alarm"))
        yield ground
    await series.close()


async def put_in_again(ground: Ground, letter: int) -> Replay:
    async with transaction(ground.engine) as connection:
        found = await store.find_letter(connection, letter)
        assert found is not None
        assert find_bar(found, None) is None
        return await replay_letter(connection, found, Devices(), "ana", NOW)


async def test_record_is_stored_once_its_device_has_the_right_key(gated: Ground) -> None:
    await readmit_device(gated.file, DEVICE, certificate_of(NEW))
    done = [await put_in_again(gated, letter) for letter in (1, 2)]
    assert [(one.result, one.code, one.by) for one in done] == [("stored", "", "ana")] * 2
    assert gated.rows(RECORDS) == [
        ("alarm", 1, "alarm/1", AT, RAISED.encode(), NOW, 1),
        ("record", 1, "note/1", AT, b'"hello"', NOW, 1),
    ]
    assert gated.rows("SELECT rule, raised_at, cleared_at FROM alarm") == [("surge", AT, None)]
    assert gated.rows("SELECT type FROM evidence_entry WHERE type = 'record'") == [("record",)] * 2
    async with reading(gated.engine) as connection:
        assert await store.count_dead_letters(connection) == 0


async def test_record_whose_cause_lasts_is_refused_again_and_stays(gated: Ground) -> None:
    done = await put_in_again(gated, 1)
    assert (done.result, done.code) == ("refused", "bad_signature")
    assert gated.rows(RECORDS) == []
    async with reading(gated.engine) as connection:
        assert await store.count_dead_letters(connection) == 2
        assert await store.last_replays(connection, [1, 2]) == {1: done}


async def test_record_of_a_device_that_was_revoked_meanwhile_is_not_stored(gated: Ground) -> None:
    await readmit_device(gated.file, DEVICE, certificate_of(NEW))
    await revoke_device(gated.file, DEVICE, "stolen")
    done = await put_in_again(gated, 1)
    assert (done.result, done.code, gated.rows(RECORDS)) == ("refused", "revoked", [])


async def test_record_put_in_twice_is_stored_once(gated: Ground) -> None:
    await readmit_device(gated.file, DEVICE, certificate_of(NEW))
    await put_in_again(gated, 1)
    done = await put_in_again(gated, 1)
    assert (done.result, done.code) == ("refused", "seq_conflict")
    assert gated.rows("SELECT count(*) FROM record") == [(1,)]


LETTER = Letter(
    1, NOW, "t", DEVICE, EPOCH, "record", 1, "bad_signature", "", 1, 1, b"", "boot-1", b"{}",
)  # fmt: skip
BARS = [
    ("none", {}, "", None),
    ("refused again", {}, "refused", None),
    ("stored already", {}, "stored", Bar.STORED),
    ("a whole message", {"seq": None}, "", Bar.MESSAGE),
    ("never signed", {"code": "unsigned"}, "", Bar.FINAL),
    ("another has its number", {"code": "seq_conflict"}, "", Bar.FINAL),
    ("a reading", {"lane": "reading", "code": "unknown_kind"}, "", Bar.LANE),
    ("a heartbeat", {"lane": "diagnostic", "code": "malformed_body"}, "", Bar.LANE),
    ("kept in part", {"record": None}, "", Bar.PART),
]


@pytest.mark.parametrize(("changes", "before", "bar"), [case[1:] for case in BARS], ids=[case[0] for case in BARS])
def test_only_letters_whose_cause_can_be_over_are_put_in_again(
    changes: dict[str, object], before: str, bar: Bar | None
) -> None:
    letter = Letter(**{**LETTER.__dict__, **changes})
    last = Replay(1, NOW, "ana", before, "", "") if before else None
    assert find_bar(letter, last) is bar
