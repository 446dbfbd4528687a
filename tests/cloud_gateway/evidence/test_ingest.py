"""What devices say becomes evidence in the transaction that stores it, and what they have seen is compared."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.enrolment.register import enrol_devices
from cloud_gateway.evidence import store, store_witnesses
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.records import RecordFact, record_leaf
from cloud_gateway.ingest.admission import Admission
from cloud_gateway.readings.opening import open_series
from cloud_gateway.settings import Devices, Series
from edge_agent.proof.digest import digest
from edge_agent.proof.signatures import Statement, is_signed
from edge_agent.wire.messages import Ack
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.enrolment.cards import certificate_of, make_key, signed
from tests.cloud_gateway.evidence.test_heads import ORIGIN, SIGNER
from tests.cloud_gateway.ingest.ground import Ground, open_ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH, alarm, birth, deliver, frame, heartbeat, record

KEY = make_key(1)
BODY = '{"note":"hello"}'


@dataclass
class Told:
    """The head that ingest has in hand."""

    checkpoint: str = ""

    def newest(self) -> str:
        return self.checkpoint


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def ground(log_file: Path, told: Told) -> AsyncIterator[Ground]:
    """Ingest with one enrolled device."""
    await enrol_devices(log_file, [(certificate_of(KEY), "rating-terminal")])
    series = open_series(Series(store="sqlite"), log_file.parent)
    await series.open()
    async with open_ground(log_file, series, Admission(Devices()), told.newest) as ground:
        await ground.admission.load(ground.store.read_register)
        yield ground
    await series.close()


def note(seq: int) -> str:
    return signed(record(seq, BODY, kind="note/1"), KEY, seq, "note/1", BODY, lane=Lane.RECORD, at=AT)


async def take_notes(ground: Ground, *seqs: int) -> None:
    await ground.take(deliver(frame(*(note(seq) for seq in seqs), lane="record"), "up/record"))


def seen(seq: int, size: int, root: bytes, origin: str = ORIGIN) -> bytes:
    body = json.dumps({"origin": origin, "size": size, "root": base64.b64encode(root).decode()})
    return frame(record(seq, body, kind="head-seen/1"), lane="diagnostic")


class Said(msgspec.Struct):
    """An entry as a reader decodes it."""

    type: str
    body: dict[str, object]


async def entries(ground: Ground) -> list[Said]:
    async with reading(ground.engine) as connection:
        return [msgspec.json.decode(entry.body, type=Said) for entry in await store.list_entries(connection, -1, 100)]


async def codes(engine: AsyncEngine) -> list[str]:
    async with reading(engine) as connection:
        return [dissent.code for dissent in await store_witnesses.list_open(connection)]


async def signed_root(ground: Ground) -> tuple[int, bytes]:
    head = await sign_head(ground.engine, SIGNER, AT)
    assert head is not None
    return head.size, head.root


async def test_a_record_becomes_an_entry_after_the_key_that_signed_it(ground: Ground) -> None:
    await take_notes(ground, 1, 2)
    key, first, second = await entries(ground)
    public = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    assert key.type == "key"
    assert (key.body["role"], key.body["name"], key.body["key"]) == ("device", DEVICE, public)
    assert [entry.body["seq"] for entry in (first, second)] == [1, 2]
    assert first.body["body_sha256"] == digest(BODY.encode())
    statement = Statement(DEVICE, EPOCH, Lane.RECORD, 1, "note/1", AT, BODY.encode())
    assert is_signed(KEY.public_key().public_bytes_raw(), statement, str(first.body["sig"]))


async def test_the_entry_of_a_stored_record_is_found_by_the_record(ground: Ground) -> None:
    await take_notes(ground, 1, 2)
    row = ground.rows("SELECT device, epoch, lane, seq, kind, at, clock, body, sig, received_at FROM record LIMIT 1")[0]
    leaf = record_leaf(RecordFact._make(row[:9]), int(str(row[9])))
    async with reading(ground.engine) as connection:
        assert await store.find_leaf(connection, leaf) == 1


async def test_a_record_that_comes_again_is_no_second_entry(ground: Ground) -> None:
    for _ in range(2):
        await take_notes(ground, 1, 2)
    assert [entry.type for entry in await entries(ground)] == ["key", "record", "record"]


async def test_an_alarm_is_evidence_too(ground: Ground) -> None:
    text = alarm(1)
    body = text.partition('"body":')[2][:-1]
    said = signed(text, KEY, 1, "alarm/1", body, lane=Lane.ALARM, at=AT)
    await ground.take(deliver(frame(said, lane="alarm"), "up/alarm"))
    entry = (await entries(ground))[-1]
    assert (entry.type, entry.body["lane"], entry.body["kind"]) == ("record", "alarm", "alarm/1")
    assert entry.body["body_sha256"] == digest(body.encode())


async def test_what_is_only_diagnostic_is_no_evidence(ground: Ground) -> None:
    await ground.take(deliver(frame(heartbeat(1), lane="diagnostic"), "up/diagnostic"))
    assert await entries(ground) == []


async def test_a_number_that_json_readers_do_not_hold_is_rejected_by_name(ground: Ground) -> None:
    await take_notes(ground, 2**53)
    assert [one.code for one in ground.ack(Lane.RECORD).rejected] == ["bad_value"]
    assert await entries(ground) == []


async def test_a_device_is_told_a_new_head_once_and_again_at_its_birth(ground: Ground, told: Told) -> None:
    told.checkpoint = "head one"
    await take_notes(ground, 1)
    await take_notes(ground, 2)
    told.checkpoint = "head two"
    await take_notes(ground, 3)
    await ground.take(deliver(birth(), "birth"))
    said = [msgspec.json.decode(payload, type=Ack).checkpoint for _, payload in ground.replies]
    assert said == ["head one", "", "head two", "head two"]


async def test_a_witness_that_has_seen_this_log_agrees(ground: Ground) -> None:
    await take_notes(ground, 1, 2)
    size, root = await signed_root(ground)
    await take_notes(ground, 3)
    await ground.take(deliver(seen(1, size, root), "up/diagnostic"))
    assert await codes(ground.engine) == []
    assert ground.rows("SELECT device, size, code FROM evidence_witness") == [(DEVICE, size, "")]


@pytest.mark.parametrize(
    ("more", "origin", "code"),
    [
        pytest.param(0, ORIGIN, "differs", id="another root"),
        pytest.param(9, ORIGIN, "ahead", id="a longer log"),
        pytest.param(0, "weiran.example/other", "foreign", id="another origin"),
    ],
)
async def test_a_witness_of_another_log_raises_an_alarm(
    ground: Ground, more: int, origin: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    await take_notes(ground, 1, 2)
    size, _ = await signed_root(ground)
    for seq in (1, 2):
        await ground.take(deliver(seen(seq, size + more, bytes(32), origin), "up/diagnostic"))
    assert await codes(ground.engine) == [code]
    assert [r.levelname for r in caplog.records if "witness" in r.message] == ["ERROR"]
    assert ground.rows("SELECT body FROM event WHERE topic = 'evidence'") == [
        (json.dumps({"device": DEVICE, "dissent": code}),)
    ]
    last = (await entries(ground))[-1]
    assert (last.type, last.body["device"], last.body["code"]) == ("dissent", DEVICE, code)


async def test_a_closed_dissent_opens_again_for_another_head_only(ground: Ground) -> None:
    await take_notes(ground, 1, 2)
    size, _ = await signed_root(ground)
    await ground.take(deliver(seen(1, size, bytes(32)), "up/diagnostic"))
    async with transaction(ground.engine) as connection:
        assert await store_witnesses.close_dissent(connection, DEVICE, ORIGIN, "differs", "demo", "looked into", AT)
    await ground.take(deliver(seen(2, size, bytes(32)), "up/diagnostic"))
    assert await codes(ground.engine) == []
    await ground.take(deliver(seen(3, size, b"\x01" * 32), "up/diagnostic"))
    assert await codes(ground.engine) == ["differs"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"origin":"o","size":1,"root":"no base64!"}', id="no root"),
        pytest.param('{"origin":"","size":1,"root":"' + "A" * 43 + '="}', id="no origin"),
        pytest.param('{"origin":"o","size":9007199254740992,"root":"' + "A" * 43 + '="}', id="no size of a log"),
    ],
)
async def test_a_head_that_is_none_is_no_dissent(ground: Ground, body: str) -> None:
    await ground.take(deliver(frame(record(1, body, kind="head-seen/1"), lane="diagnostic"), "up/diagnostic"))
    assert await codes(ground.engine) == []
    assert ground.ack(Lane.DIAGNOSTIC).upto == 1
