"""A damaged file: it is set aside unchanged, what is readable goes on under its old identity, and it is told of."""

from __future__ import annotations

import asyncio
import hashlib
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge_agent.storage.facts import Item, Pending
from edge_agent.storage.file import DAMAGED
from edge_agent.storage.outbox import Outbox
from edge_agent.storage.salvage import NOTE, SalvageBody
from edge_agent.storage.sqlite import PAGE_BYTES, open_file
from edge_agent.wire.frames import decode_frame, encode_frame
from edge_agent.wire.messages import ClockQuality, Frame, LaneAck, Record
from edge_agent.wire.topics import Lane
from tests.waiting import until

FACTS = 400


def fact(lane: Lane, n: int) -> Item:
    return Item(lane, "rating/1", b'{"stars":%d,"note":"%s"}' % (n, b"n" * 60), 1_000 + n, ClockQuality.NTP, n)


async def fill(path: Path) -> str:
    """An outbox of records and alarms, closed; its epoch."""
    outbox = await Outbox.open(path, boot="boot-1")
    await asyncio.gather(*(outbox.put(fact(Lane.RECORD, n)) for n in range(1, FACTS + 1)))
    await outbox.put(fact(Lane.ALARM, 1)._replace(remember=("rule.surge", "raised")))
    await outbox.close()
    return outbox.epoch


def damage(path: Path, seed: int) -> None:
    """Flip bits of 512 bytes of some page that is not the first."""
    lots, content = random.Random(seed), bytearray(path.read_bytes())
    place = lots.randrange(PAGE_BYTES, len(content) - 512)
    content[place : place + 512] = bytes(byte ^ lots.randrange(1, 256) for byte in content[place : place + 512])
    path.write_bytes(content)


def break_tree(path: Path, somewhere: bytes = b'"stars":200') -> None:
    """Make the page of some records no page at all: quick_check must see it."""
    content = path.read_bytes()
    page = content.index(somewhere) // PAGE_BYTES * PAGE_BYTES
    path.write_bytes(content[:page] + b"\xee" * 64 + content[page + 64 :])


def fingerprint(folder: Path) -> dict[str, str]:
    """By name; the empty log and the index that reading makes beside a file are none of what was set aside."""
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.glob("outbox.db.damaged-*")
        if p.stat().st_size and not p.name.endswith("-shm")
    }


def bodies(facts: list[Pending]) -> dict[int, bytes]:
    return {f.seq: f.body for f in facts if f.kind == "rating/1"}


async def test_readable_rows_go_on_under_the_epoch_and_numbers_that_they_had(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    epoch = await fill(path)
    break_tree(path)
    outbox = await Outbox.open(path, boot="boot-2")
    salvaged = bodies(await outbox.salvaged_pending(epoch, Lane.RECORD, 10_000))
    assert outbox.epoch != epoch
    assert FACTS * 0.8 < len(salvaged) < FACTS
    assert salvaged == {n: fact(Lane.RECORD, n).body for n in salvaged}
    assert list(bodies(await outbox.salvaged_pending(epoch, Lane.ALARM, 10))) == [1]
    assert await outbox.put(fact(Lane.RECORD, 1)) == 1
    assert await outbox.recall("rule.") == {"surge": "raised"}
    await outbox.close()


async def test_salvaged_rows_go_when_they_are_acknowledged_and_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    epoch = await fill(path)
    break_tree(path)
    await (await Outbox.open(path, boot="boot-2")).close()
    outbox = await Outbox.open(path, boot="boot-3")
    outbox.acknowledge_salvaged(epoch, Lane.RECORD, LaneAck(100, [(301, FACTS)]))
    outbox.acknowledge_salvaged(epoch, Lane.ALARM, LaneAck(1))
    await outbox.put(fact(Lane.ALARM, 1))
    await until(lambda: list(outbox.salvaged) == [(epoch, Lane.RECORD)])
    left = bodies(await outbox.salvaged_pending(epoch, Lane.RECORD, 1000))
    assert min(left) == 101
    assert max(left) <= 300
    await outbox.close()


async def test_file_set_aside_is_not_changed_and_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    epoch = await fill(path)
    break_tree(path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    outbox = await Outbox.open(path, boot="boot-2")
    notes = await outbox.recall(NOTE)
    await outbox.close()
    assert fingerprint(tmp_path) == {"outbox.db.damaged-1": before}
    report = msgspec.json.decode(notes["outbox.db.damaged-1"], type=SalvageBody)
    assert (report.epoch, report.rows[Lane.ALARM]) == (epoch, 1)
    assert report.unreadable[Lane.RECORD] > 0
    assert list(outbox.troubles) == [DAMAGED]


async def test_write_ahead_log_of_a_killed_device_is_salvaged_too(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    await fill(path)
    with closing(open_file(path, max_mb=16)) as c:
        c.execute("PRAGMA wal_autocheckpoint=0")
        c.execute("UPDATE pending SET body='\"late\"' WHERE lane='alarm'")
        copies = {name: (tmp_path / name).read_bytes() for name in ("outbox.db", "outbox.db-wal")}
    for name, content in copies.items():
        (tmp_path / name).write_bytes(content)
    break_tree(path)
    outbox = await Outbox.open(path, boot="boot-2")
    names = set(fingerprint(tmp_path))
    await outbox.close()
    assert names == {"outbox.db.damaged-1", "outbox.db.damaged-1-wal"}


@pytest.mark.parametrize(
    "content", [b"this is no database, but long enough " * 300, bytes(8192)], ids=["text", "zeros"]
)
async def test_what_is_no_sqlite_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(content)
    outbox = await Outbox.open(path, boot="b")
    assert await outbox.put(fact(Lane.ALARM, 1)) == 1
    assert list(outbox.troubles) == [DAMAGED]
    await outbox.close()
    assert (tmp_path / "outbox.db.damaged-1").read_bytes() == content


async def test_empty_file_is_a_new_outbox(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").touch()
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b")
    assert outbox.troubles == {}
    await outbox.close()


async def test_second_damage_is_set_aside_beside_the_first(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    for _ in range(2):
        await fill(path)
        break_tree(path)
    await (await Outbox.open(path, boot="b")).close()
    assert set(fingerprint(tmp_path)) == {"outbox.db.damaged-1", "outbox.db.damaged-2"}


async def test_salvage_that_was_cut_off_is_done_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    epoch = await fill(path)
    break_tree(path)
    path.rename(tmp_path / "outbox.db.damaged-1")
    outbox = await Outbox.open(path, boot="b")
    assert (epoch, Lane.ALARM) in outbox.salvaged
    await outbox.close()


@pytest.mark.parametrize("seed", range(25))
async def test_no_damage_passes_as_what_was_said(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "outbox.db"
    epoch = await fill(path)
    damage(path, seed)
    outbox = await Outbox.open(path, boot="boot-2")
    here = await outbox.pending(Lane.RECORD, 0, 10_000) if outbox.epoch == epoch else []
    old = await outbox.salvaged_pending(epoch, Lane.RECORD, 10_000)
    await outbox.close()
    said = {n: fact(Lane.RECORD, n).body for n in range(1, FACTS + 1)}
    read = bodies([*here, *old])
    assert {n: body for n, body in read.items() if said.get(n) != body} == {}
    assert read


ALTERED = {
    "body": ("body", b'{"stars":5}'),
    "time": ("at", 2**60),
    "no time": ("at", "soon"),
    "clock": ("clock", "sundial"),
    "boot": ("boot", b"\xff\xfe"),
}


@pytest.mark.parametrize(("column", "value"), ALTERED.values(), ids=ALTERED)
@pytest.mark.parametrize("lane", [Lane.ALARM, Lane.RECORD])
async def test_row_that_the_card_has_altered_is_named_in_its_place(
    tmp_path: Path, lane: Lane, column: str, value: object
) -> None:
    path = tmp_path / "outbox.db"
    await (outbox := await Outbox.open(path, boot="boot-1")).put(fact(lane, 1))
    await asyncio.gather(*(outbox.put(fact(lane, n)) for n in (2, 3)))
    await outbox.close()
    with closing(sqlite3.connect(path)) as c:
        c.execute(f"UPDATE pending SET {column}=? WHERE seq=2", (value,))
        c.commit()
    outbox = await Outbox.open(path, boot="b")
    facts = await outbox.pending(lane, 0, 3)
    await outbox.close()
    assert [(f.seq, f.kind) for f in facts] == [(1, "rating/1"), (2, "damaged/1"), (3, "rating/1")]
    frame = Frame("0" * 16, lane, "b", [record_of(f) for f in facts])
    assert [r.seq for r in decode_frame(lane, encode_frame(frame)).records] == [1, 2, 3]


async def test_text_that_is_no_text_any_more_holds_up_no_lane(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    await fill(path)
    with closing(sqlite3.connect(path)) as c:
        c.execute("UPDATE pending SET kind=CAST(x'ff2f31' AS TEXT) WHERE lane='record' AND seq=7")
        c.commit()
    outbox = await Outbox.open(path, boot="b")
    facts = await outbox.pending(Lane.RECORD, 5, 3)
    await outbox.close()
    assert [(f.seq, f.kind) for f in facts] == [(6, "rating/1"), (7, "damaged/1"), (8, "rating/1")]


def record_of(fact: Pending) -> Record:
    """A fact as it travels."""
    return Record(fact.seq, fact.kind, fact.at, ClockQuality(fact.clock), fact.mono, msgspec.Raw(fact.body))
