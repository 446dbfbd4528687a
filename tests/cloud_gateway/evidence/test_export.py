"""The stored log as a file: up to its newest head, sound, with the texts that may be shown; alterations are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import transaction
from cloud_gateway.evidence import store
from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Entry
from cloud_gateway.evidence.export import Exported, NothingSigned, export_log
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.tables import evidence_entry, evidence_log, evidence_text
from tests.cloud_gateway.evidence.exports import SIGNER, hold_entry, key_entry, plain_record, signed_record
from tests.cloud_gateway.evidence.pieces import AT


async def grow(log: AsyncEngine, *entries: Entry) -> None:
    async with transaction(log) as connection:
        await store.append(connection, entries, AT)


async def sign(log: AsyncEngine) -> None:
    assert await sign_head(log, SIGNER, AT) is not None


@pytest.fixture
async def grown(log: AsyncEngine) -> AsyncEngine:
    """Seven entries with two heads, of 4 and 7, and one entry more."""
    await grow(log, key_entry(), signed_record(1), plain_record(1))
    await sign(log)
    await grow(log, hold_entry(1), signed_record(2), plain_record(2))
    await sign(log)
    await grow(log, plain_record(3))
    return log


async def test_an_export_reaches_to_the_newest_head_and_is_sound(
    grown: AsyncEngine, log_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "log.jsonl"
    assert await export_log(log_file, out, AT) == Exported(size=7, waiting=1, texts=1, heads=2, sound=True)
    found = verifier.verify_file(out, [SIGNER.public.vkey])
    assert (found.size, found.counts) == (7, verifier.Counts(4, 2, 2, heads=2, texts=1))
    assert "case 7" in out.read_text()


async def test_the_same_log_makes_the_same_file(grown: AsyncEngine, log_file: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for out in (first, second):
        await export_log(log_file, out, AT)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"published": False}, id="not published"),
        pytest.param({"masked_by": 5}, id="masked"),
        pytest.param({"salt": None, "text": None, "erased_by": 5}, id="erased"),
    ],
)
async def test_a_text_that_may_not_be_shown_stays_out_and_the_log_is_sound(
    values: dict[str, object], grown: AsyncEngine, log_file: Path, tmp_path: Path
) -> None:
    async with transaction(grown) as connection:
        await connection.execute(update(evidence_text).values(values))
    out = tmp_path / "log.jsonl"
    assert (await export_log(log_file, out, AT)).texts == 0
    assert verifier.verify_file(out).counts.texts == 0
    assert "case 7" not in out.read_text()


async def test_an_entry_that_was_altered_in_the_database_is_named_by_its_export(
    grown: AsyncEngine, log_file: Path, tmp_path: Path
) -> None:
    async with transaction(grown) as connection:
        there = evidence_entry.c.place == 2
        body = (await store.list_entries(connection, 1, 1))[0].body.replace(b"press", b"xress")
        await connection.execute(update(evidence_entry).where(there).values(body=body))
    await export_log(log_file, tmp_path / "log.jsonl", AT)
    with pytest.raises(verifier.Broken) as broken:
        verifier.verify_file(tmp_path / "log.jsonl")
    assert (broken.value.reason, broken.value.index) == ("root", 2)


async def test_a_log_whose_leaves_were_altered_too_is_told_when_it_is_exported(
    grown: AsyncEngine, log_file: Path, tmp_path: Path
) -> None:
    async with transaction(grown) as connection:
        await connection.execute(update(evidence_entry).where(evidence_entry.c.place == 2).values(leaf=bytes(32)))
    assert not (await export_log(log_file, tmp_path / "log.jsonl", AT)).sound


async def test_a_log_without_a_head_is_not_exported(log: AsyncEngine, log_file: Path, tmp_path: Path) -> None:
    await grow(log, plain_record(1))
    (folder := tmp_path / "out").mkdir()
    with pytest.raises(NothingSigned):
        await export_log(log_file, folder / "log.jsonl", AT)
    folder.rmdir()  # nothing was left in it


async def test_a_restored_log_is_exported_with_both_its_names_and_verified(
    grown: AsyncEngine, log_file: Path, tmp_path: Path
) -> None:
    async with transaction(grown) as connection:
        await connection.execute(update(evidence_log).values(restored_from="backup-1", restored_at=AT))
    await grow(grown, plain_record(4))
    await sign(grown)
    out = tmp_path / "log.jsonl"
    assert (await export_log(log_file, out, AT)).heads == 3
    assert verifier.verify_file(out, [SIGNER.public.vkey]).counts.heads == 3
    notes = [json.loads(line)["checkpoint"] for line in out.read_text().splitlines()[-2:]]
    assert [note.partition("\n")[0] for note in notes] == [SIGNER.name, f"{SIGNER.name}/{AT}"]
