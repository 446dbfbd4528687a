"""Erasing a text: it is gone from the file, its entry and every proof stay, and what is held or too young stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import store
from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Entry, Text
from cloud_gateway.evidence.export import export_log
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.retention import Hold, Reason, Refusal
from cloud_gateway.evidence.scrub import scrub_log
from cloud_gateway.evidence.store_erasure import (
    NotErased,
    erase_texts,
    list_due,
    list_holds,
    set_hold,
    shed_traces,
)
from cloud_gateway.evidence.tables import evidence_text
from tests.cloud_gateway.evidence.exports import SIGNER
from tests.cloud_gateway.evidence.pieces import AT

ZONE = "Asia/Shanghai"
YEAR = 366 * 86_400_000
PATH = "body.text"
SECRET = "请联系欧阳未然"


def reply(rating: int, text: str) -> Entry:
    return Entry("reply", {"rating": rating}, [Text("text", text, published=True)])


@pytest.fixture
async def told(log: AsyncEngine) -> AsyncEngine:
    """Two replies, entries 0 and 1, under a signed head."""
    async with transaction(log) as connection:
        await store.append(connection, [reply(7, SECRET), reply(8, "thank you")], AT)
    await sign_head(log, SIGNER, AT)
    return log


async def erase(log: AsyncEngine, *places: int, reason: Reason = Reason.PERSON_ASKED, now: int = AT) -> int:
    async with transaction(log) as connection:
        return await erase_texts(connection, [(place, PATH) for place in places], reason, "operator-1", now, ZONE)


async def test_an_erased_text_leaves_the_file_and_every_proof_stays_valid(
    told: AsyncEngine, log_file: Path, tmp_path: Path
) -> None:
    assert await erase(told, 0) == 3
    await sign_head(told, SIGNER, AT)
    assert await shed_traces(told)
    out = tmp_path / "log.jsonl"
    await export_log(log_file, out, AT)
    found = verifier.verify_file(out, [SIGNER.public.vkey])
    assert (found.counts.heads, found.counts.texts, found.counts.erased) == (2, 1, 1)
    assert (await scrub_log(log_file)).findings == []
    files = [log_file, Path(f"{log_file}-wal"), out]
    assert [SECRET.encode() in file.read_bytes() for file in files] == [False] * 3


async def test_a_held_text_is_not_erased_until_its_hold_has_ended(told: AsyncEngine) -> None:
    held = Hold("case-7", frozenset({0}), frozenset())
    async with transaction(told) as connection:
        await set_hold(connection, held, "a lawsuit", "operator-1", AT)
        assert await list_holds(connection) == [held]
    with pytest.raises(NotErased, match="held by case-7") as refused:
        await erase(told, 0, 1)
    assert {key: verdict.refusal for key, verdict in refused.value.verdicts.items()} == {(0, PATH): Refusal.HELD}
    assert await texts(told) == [SECRET, "thank you", "a lawsuit"]  # not one of the two went
    async with transaction(told) as connection:
        await set_hold(connection, held, "it has ended", "operator-1", AT, on=False)
    await erase(told, 0)
    assert (await texts(told))[0] is None


async def texts(log: AsyncEngine) -> list[str | None]:
    async with reading(log) as connection:
        return list(await connection.scalars(select(evidence_text.c.text).order_by(evidence_text.c.place)))


@pytest.mark.parametrize(
    ("place", "reason", "refusal"),
    [
        pytest.param(0, Reason.RETENTION_OVER, Refusal.TOO_EARLY, id="too young"),
        pytest.param(2, Reason.PERSON_ASKED, Refusal.NO_TEXT, id="an entry without text"),
        pytest.param(99, Reason.PERSON_ASKED, Refusal.NO_TEXT, id="no entry"),
    ],
)
async def test_what_the_rules_do_not_allow_is_refused_with_its_reason(
    place: int, reason: Reason, refusal: Refusal, told: AsyncEngine
) -> None:
    with pytest.raises(NotErased) as refused:
        await erase(told, place, reason=reason)
    assert refused.value.verdicts[place, PATH].refusal is refusal


async def test_nothing_is_erased_twice(told: AsyncEngine) -> None:
    await erase(told, 0)
    with pytest.raises(NotErased, match="no-text"):
        await erase(told, 0)


async def test_what_is_due_is_found_when_its_term_is_over(told: AsyncEngine) -> None:
    async with transaction(told) as connection:
        assert await list_due(connection, AT, ZONE) == []
        due = await list_due(connection, AT + 10 * YEAR, ZONE)
        assert [one.place for one in due] == [0, 1]
        await set_hold(connection, Hold("case-7", frozenset({1}), frozenset()), "a lawsuit", "operator-1", AT)
        assert [one.place for one in await list_due(connection, AT + 10 * YEAR, ZONE)] == [0]
    assert await erase(told, 0, reason=Reason.RETENTION_OVER, now=AT + 10 * YEAR) == 4


async def test_a_text_that_vanished_without_an_erasure_is_found_by_scrubbing(told: AsyncEngine, log_file: Path) -> None:
    async with transaction(told) as connection:
        gone = update(evidence_text).where(evidence_text.c.place == 0)
        await connection.execute(gone.values(salt=None, text=None, erased_by=2))
    assert [(one.place, one.code) for one in (await scrub_log(log_file)).findings] == [(0, "text-missing")]
