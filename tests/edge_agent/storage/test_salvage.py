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


# -- what had been acknowledged, and is in no backup --------------------------------------------------------


async def acknowledge(outbox: Outbox, ack: LaneAck) -> None:
    """The gateway's word on records, committed: an alarm closes the group."""
    outbox.acknowledge(Lane.RECORD, ack)
    await outbox.put(fact(Lane.ALARM, 1))


async def acknowledge_older(outbox: Outbox, epoch: str, ack: LaneAck) -> None:
    """The same on records of an older epoch."""
    outbox.acknowledge_salvaged(epoch, Lane.RECORD, ack)
    await outbox.put(fact(Lane.ALARM, 1))


def break_table(path: Path, name: str) -> None:
    """Make the first page of a table no page at all."""
    with closing(sqlite3.connect(path)) as c:
        ((page,),) = c.execute("SELECT rootpage FROM sqlite_master WHERE name=?", (name,)).fetchall()
    content = path.read_bytes()
    start = (page - 1) * PAGE_BYTES
    path.write_bytes(content[:start] + b"\xee" * PAGE_BYTES + content[start + PAGE_BYTES :])


async def open_damaged(path: Path, ack: LaneAck, table: str = "dead") -> tuple[Outbox, str]:
    """An outbox salvaged of a file of which the gateway had acknowledged so much; and the old epoch."""
    epoch = await fill(path)
    before = await Outbox.open(path, boot="boot-1")
    await acknowledge(before, ack)
    await before.close()
    break_table(path, table)
    return await Outbox.open(path, boot="boot-2"), epoch


async def waiting(outbox: Outbox, epoch: str) -> list[int]:
    return [f.seq for f in await outbox.salvaged_pending(epoch, Lane.RECORD, 10_000)]


async def test_acknowledged_rows_are_carried_over_as_such(tmp_path: Path) -> None:
    outbox, epoch = await open_damaged(tmp_path / "outbox.db", LaneAck(FACTS - 3))
    notes = await outbox.recall(NOTE)
    assert outbox.epoch != epoch
    assert await waiting(outbox, epoch) == [FACTS - 2, FACTS - 1, FACTS]
    assert [f.seq for f in await outbox.newest_kept(epoch, Lane.RECORD)] == [FACTS - 3]
    await outbox.close()
    assert msgspec.json.decode(notes["outbox.db.damaged-1"], type=SalvageBody).kept == {Lane.RECORD: FACTS - 3}


async def test_acknowledged_rows_whose_epoch_cannot_be_read_stay_in_the_damaged_file(tmp_path: Path) -> None:
    outbox, _ = await open_damaged(tmp_path / "outbox.db", LaneAck(FACTS - 3), "meta")
    assert outbox.salvaged_kept == set()
    assert sum(count for (_, lane), count in outbox.salvaged.items() if lane is Lane.RECORD) == 3
    await outbox.close()


async def test_restored_gateway_gets_what_it_lacks_of_an_older_epoch(tmp_path: Path) -> None:
    outbox, epoch = await open_damaged(tmp_path / "outbox.db", LaneAck(FACTS))
    assert await waiting(outbox, epoch) == []
    await acknowledge_older(outbox, epoch, LaneAck(100, [(201, 398)]))
    assert await waiting(outbox, epoch) == [*range(101, 201), 399, 400]
    assert outbox.salvaged[epoch, Lane.RECORD] == 102
    await acknowledge_older(outbox, epoch, LaneAck(FACTS))
    assert (await waiting(outbox, epoch), (epoch, Lane.RECORD) in outbox.salvaged) == ([], False)
    bodies_again = bodies(await outbox.newest_kept(epoch, Lane.RECORD))
    assert bodies_again == {FACTS: fact(Lane.RECORD, FACTS).body}
    await outbox.close()


async def test_what_is_safe_of_an_older_epoch_is_let_go_of(tmp_path: Path) -> None:
    outbox, epoch = await open_damaged(tmp_path / "outbox.db", LaneAck(FACTS))
    await acknowledge_older(outbox, epoch, LaneAck(FACTS, safe=300))
    await acknowledge_older(outbox, epoch, LaneAck(0))
    assert await waiting(outbox, epoch) == list(range(301, FACTS + 1))
    await acknowledge_older(outbox, epoch, LaneAck(FACTS, safe=FACTS))
    assert await outbox.newest_kept(epoch, Lane.RECORD) == []
    assert (epoch, Lane.RECORD) not in outbox.salvaged_kept
    await outbox.close()


async def test_rows_that_are_acknowledged_after_the_salvage_are_kept_too_over_a_restart(tmp_path: Path) -> None:
    first, epoch = await open_damaged(tmp_path / "outbox.db", LaneAck(0))
    await acknowledge_older(first, epoch, LaneAck(FACTS))
    await first.close()
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="boot-3")
    assert await waiting(outbox, epoch) == []
    assert (epoch, Lane.RECORD) in outbox.salvaged_kept
    await acknowledge_older(outbox, epoch, LaneAck(7))
    assert min(await waiting(outbox, epoch)) == 8
    await outbox.close()
