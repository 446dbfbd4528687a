"""Ratings that wait for their batch stand in a table that nobody signs: scrubbing finds what was changed there."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from cloud_gateway.database import transaction
from cloud_gateway.evidence import weiran_verify
from cloud_gateway.evidence.export import export_log
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.retention import Reason
from cloud_gateway.evidence.scrub import scrub_log
from cloud_gateway.evidence.store_erasure import erase_texts
from cloud_gateway.ratings.commitments import PATH
from cloud_gateway.telephony.calls import Ended
from cloud_gateway.telephony.digits import Answer, Heard
from cloud_gateway.telephony.store import keep_call
from tests.cloud_gateway.evidence.exports import SIGNER
from tests.cloud_gateway.ratings.hall import NINE, WAITED, Hall, number_of, rating, service, window_of

COPY = (
    "INSERT INTO rating SELECT '{id}', channel, stage, scale, 3, station, counter, clerk, at, day, wait_s, "
    "answered_ms, NULL, NULL, due_at, taken_at, NULL FROM rating WHERE score = 1"
).format(id="f" * 64)
ANOTHER = f"UPDATE rating SET count = '{'e' * 64}' WHERE rowid = 1"
EDITS = {  # of so many ratings, the first a bad one, in entry 0
    "another score": (4, "UPDATE rating SET score = 3 WHERE score = 1", (4, "count-altered")),
    "another clerk": (4, "UPDATE rating SET clerk = '2048' WHERE score = 1", (4, "count-altered")),
    "no rating": (4, "DELETE FROM rating WHERE score = 1", (0, "count-lost")),
    "a rating too many": (4, COPY, (4, "count-foreign")),
    "a rating once more": (5, "UPDATE rating SET place = NULL WHERE score = 1", (6, "count-twice")),
}


async def _say(hall: Hall, ratings: int) -> None:
    await hall.hear(rating(0, 1), *(rating(n) for n in range(1, ratings)))
    await hall.count()


async def _call(hall: Hall) -> None:
    """Five callers press a key for clerk 1024: entries 0 to 4; their batch is entry 5."""
    async with transaction(hall.engine) as connection:
        for n in range(5):
            ended = Ended(f"number-{n}", NINE, "telephony", str(n), "consultation", "1", False, "1024", "harbour")
            await keep_call(connection, ended, Answer(Heard.RATED, 5), 5, "Asia/Shanghai", NINE)


async def _scrub(hall: Hall) -> list[tuple[int | None, str]]:
    done = await scrub_log(Path(str(hall.engine.url.database)))
    return [(one.place, one.code) for one in done.findings]


async def test_what_was_said_waits_and_is_counted_without_a_finding(hall: Hall) -> None:
    await hall.hear(*(rating(n) for n in range(5)), service(1), rating(5, 1))
    await hall.count()
    waiting = await _scrub(hall)
    beyond, second = rating(6, 5), replace(rating("another", 1), window=window_of(5))
    await hall.hear(beyond, second)
    await hall.close_day()
    assert (waiting, await _scrub(hall)) == ([], [])
    assert number_of(5) in {str(row["id"]) for row in await hall.released()}


@pytest.mark.parametrize(
    ("edit", "findings"),
    [
        pytest.param("UPDATE rating SET day = day", [], id="as it was said"),
        pytest.param("UPDATE rating SET score = 1 WHERE rowid = 1", [(5, "count-altered")], id="another score"),
        pytest.param("UPDATE rating SET stage = 'x' WHERE rowid = 1", [(5, "count-altered")], id="another stage"),
        pytest.param(ANOTHER, [(0, "count-lost"), (5, "count-foreign")], id="another row"),
        pytest.param("UPDATE evidence_text SET text = '{}' WHERE place = 0", [(0, "text-altered")], id="its text"),
    ],
)
async def test_a_rating_by_telephone_is_held_against_what_its_entry_commits_to(
    edit: str, findings: list[tuple[int, str]], hall: Hall
) -> None:
    await _call(hall)
    async with transaction(hall.engine) as connection:
        await connection.execute(text(edit))
    await hall.count()
    assert await _scrub(hall) == findings


async def test_a_commitment_that_was_erased_leaves_its_row_in_the_count(hall: Hall) -> None:
    await _call(hall)
    async with transaction(hall.engine) as connection:
        await erase_texts(connection, [(0, PATH)], Reason.PERSON_ASKED, "operator-1", NINE, "Asia/Shanghai")
    await hall.count()
    assert (await _scrub(hall), len(await hall.released())) == ([], 5)


async def test_an_export_with_ratings_by_telephone_is_sound_and_opens_none_of_them(hall: Hall, tmp_path: Path) -> None:
    await _call(hall)
    await hall.count()
    await sign_head(hall.engine, SIGNER, NINE)
    out = tmp_path / "log.jsonl"
    await export_log(Path(str(hall.engine.url.database)), out, NINE)
    found = weiran_verify.verify_file(out, [SIGNER.public.vkey])
    lines = out.read_text().splitlines()
    assert (found.size, found.counts.uncounted, len(await hall.released())) == (7, 0, 5)
    assert [line for line in lines if '"text":' in line] == []
    assert [n for n, line in enumerate(lines) if '"score"' in line] == [6]


@pytest.mark.parametrize(("ratings", "edit", "finding"), EDITS.values(), ids=EDITS)
async def test_what_was_edited_while_it_waited_is_named(
    ratings: int, edit: str, finding: tuple[int, str], hall: Hall
) -> None:
    await _say(hall, ratings)
    async with transaction(hall.engine) as connection:
        assert (await connection.execute(text(edit))).rowcount == 1
    await hall.count(WAITED)
    assert await _scrub(hall) == [finding]
