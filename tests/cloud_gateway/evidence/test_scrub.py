"""Scrubbing the stored log: what is sound stays silent, and each thing that rots or is edited is named by its entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import transaction
from cloud_gateway.evidence import store
from cloud_gateway.evidence.entries import Entry, Json
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.records import RecordFact, record_entry
from cloud_gateway.evidence.scrub import scrub_log
from cloud_gateway.tables import record
from edge_agent.proof.checkpoints import Checkpoint
from tests.cloud_gateway.evidence.exports import EPOCH, SIGNER, TRIAL, hold_entry, key_entry
from tests.cloud_gateway.evidence.pieces import AT

RECORDS = 9


def fact(seq: int) -> RecordFact:
    return RecordFact(TRIAL, EPOCH, "record", seq, "press/1", AT + seq, "ntp", b'{"n":%d}' % seq, None)


def row(seq: int) -> dict[str, object]:
    """The stored record; the clock of every other one had to be set right."""
    said = fact(seq)._asdict() | {"boot": "boot-1", "mono": seq, "received_at": AT}
    return said | {"at": AT + seq + 9000 * (seq % 2), "said_at": AT + seq if seq % 2 else None}


@pytest.fixture
async def whole(log: AsyncEngine) -> AsyncEngine:
    """A log of a key, nine records, two texts of which one is erased, with two heads; entries 0 to 13."""
    async with transaction(log) as connection:
        await connection.execute(insert(record), [row(seq) | {"lane": "diagnostic"} for seq in range(1, 4)])
        await connection.execute(insert(record), [row(seq) for seq in range(1, RECORDS + 1)])
        records = [record_entry(fact(seq)) for seq in range(1, RECORDS + 1)]
        await store.append(connection, [key_entry(), *records, hold_entry(1)], AT)
    await sign_head(log, SIGNER, AT)
    gone: dict[str, Json] = {"place": 12, "path": "body.reason"}
    async with transaction(log) as connection:
        erasure = Entry("erasure", {"texts": [gone], "reason": "ordered", "rule": "2026-11", "by": "operator-1"})
        await store.append(connection, [hold_entry(2), erasure], AT)
        await connection.execute(
            text("UPDATE evidence_text SET salt = NULL, text = NULL, erased_by = 13 WHERE place = 12")
        )
    await sign_head(log, SIGNER, AT)
    return log


async def test_a_log_as_it_was_written_is_sound(whole: AsyncEngine, log_file: Path) -> None:
    done = await scrub_log(log_file)
    assert done.findings == []
    assert (done.entries, done.records, done.texts, done.erased, done.heads) == (14, RECORDS, 2, 1, 2)


SURPLUS = (
    "INSERT INTO record (device, epoch, lane, seq, kind, at, clock, boot, mono, body, received_at) "
    "SELECT device, epoch, lane, 99, kind, at, clock, boot, mono, body, received_at FROM record WHERE seq = 4"
)
EDITS = {  # what is edited, the entry and the code of the finding: SQL
    ("content of an entry", 4, "entry-altered"): (
        "UPDATE evidence_entry SET body = CAST(replace(body, 'press', 'xress') AS BLOB) WHERE place = 4"
    ),
    ("content, as text", 4, "entry-altered"): (
        "UPDATE evidence_entry SET body = replace(body, 'press', 'xress') WHERE place = 4"
    ),
    ("a leaf hash", 4, "entry-altered"): "UPDATE evidence_entry SET leaf = zeroblob(32) WHERE place = 4",
    ("a type", 4, "entry-altered"): "UPDATE evidence_entry SET type = 'count' WHERE place = 4",
    ("no entry", 5, "entry-missing"): "DELETE FROM evidence_entry WHERE place = 5",
    ("a node", 4, "node-altered"): "UPDATE evidence_node SET hash = zeroblob(32) WHERE level = 1 AND place = 2",
    ("no node", 4, "node-missing"): "DELETE FROM evidence_node WHERE level = 2 AND place = 1",
    ("a node too many", None, "node-surplus"): "INSERT INTO evidence_node VALUES (1, 700, zeroblob(32))",
    ("the edge", None, "edge-altered"): "UPDATE evidence_log SET peaks = zeroblob(96)",
    ("a head's root", 11, "head"): "UPDATE evidence_head SET root = zeroblob(32) WHERE size = 12",
    ("a head's note", 11, "head"): "UPDATE evidence_head SET note = replace(note, 'ran', 'arn') WHERE size = 12",
    ("another head's note", 11, "head"): (
        "UPDATE evidence_head SET note = (SELECT note FROM evidence_head WHERE size = 14) WHERE size = 12"
    ),
    ("a record's body", 4, "record-altered"): "UPDATE record SET body = '{}' WHERE seq = 4",
    ("a record's time", 4, "record-altered"): "UPDATE record SET at = at + 1 WHERE seq = 4",
    ("no record", 4, "record-missing"): "DELETE FROM record WHERE seq = 4",
    ("a record too many", None, "record-surplus"): SURPLUS,
    ("a text", 10, "text-altered"): "UPDATE evidence_text SET text = 'another' WHERE place = 10",
    ("a salt", 10, "text-altered"): "UPDATE evidence_text SET salt = zeroblob(16) WHERE place = 10",
    ("a text without its erasure", 10, "text-missing"): (
        "UPDATE evidence_text SET salt = NULL, text = NULL WHERE place = 10"
    ),
    ("no text", 10, "text-missing"): "DELETE FROM evidence_text WHERE place = 10",
    ("the salt of an erased text", 12, "text-kept"): "UPDATE evidence_text SET salt = zeroblob(16) WHERE place = 12",
    ("no salt", 10, "text-altered"): "UPDATE evidence_text SET salt = NULL WHERE place = 10",
    ("an erased text", 12, "text-kept"): (
        "UPDATE evidence_text SET salt = zeroblob(16), text = 'again' WHERE place = 12"
    ),
    ("a text too many", 4, "text-surplus"): "INSERT INTO evidence_text VALUES (4, 'body.x', '', 'x', 0, NULL, NULL)",
}


@pytest.mark.parametrize(
    ("edit", "place", "code"), [pytest.param(sql, *told, id=name) for (name, *told), sql in EDITS.items()]
)
async def test_what_was_edited_in_the_database_is_named_by_its_entry(
    edit: str, place: int | None, code: str, whole: AsyncEngine, log_file: Path
) -> None:
    async with transaction(whole) as connection:
        assert (await connection.execute(text(edit))).rowcount == 1
    findings = (await scrub_log(log_file)).findings
    assert (place, code) == findings[0][:2]
    assert {finding.code for finding in findings} <= {code, "node-altered", "head", "edge-altered"}


async def test_a_head_that_is_signed_for_another_log_is_named(whole: AsyncEngine, log_file: Path) -> None:
    note = SIGNER.sign(Checkpoint(SIGNER.name, 12, bytes(32)))
    edit = "UPDATE evidence_head SET root = zeroblob(32), note = :note WHERE size = 12"
    async with transaction(whole) as connection:
        await connection.execute(text(edit), {"note": note})
    assert [(one.place, one.code) for one in (await scrub_log(log_file)).findings] == [(11, "head")]
