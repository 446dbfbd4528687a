"""Messages kept once, and warnings followed from the database, whatever order and repeats came."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Sequence

import msgspec
import pytest
from sqlalchemy import Row, event, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.events.store import list_events
from cloud_gateway.tables import staff
from cloud_gateway.warnings.course import Course, State
from cloud_gateway.warnings.lifecycle import follow
from cloud_gateway.warnings.model import Alert, Refused
from cloud_gateway.warnings.reading import Reading
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store import KEPT_REFUSED, MOST_REFUSED, Saved, save_reading
from cloud_gateway.warnings.store_courses import due_changes, follow_all, load_standing
from cloud_gateway.warnings.store_views import count_refused
from cloud_gateway.warnings.tables import alert as alert_table
from cloud_gateway.warnings.tables import alert_refused, warning, warning_closing
from tests.cloud_gateway.warnings.messages import STRANGER, alert, at, cancel, info, key, lift, signal, update

SOURCE = Source(name="office", kind="cap", url="https://alerts.example.org/cap")
DRILL = Source(name="drill", kind="cap", url="https://alerts.example.org/cap", simulated=True)
HEAD = alert("A", 1, info("orange", ends=20))
CHAIN = [HEAD, update("B", 2, "red", key("A", 1)), update("C", 3, "orange", key("B", 2)), cancel("D", 4, key("C", 3))]
SIGNALS = [signal(1, "blue"), signal(2, "yellow"), signal(3, "red"), signal(5, "orange"), lift(8)]


def read(*alerts: Alert, refused: Sequence[Refused] = ()) -> Reading:
    raws = tuple(msgspec.json.encode(one) for one in alerts)
    return Reading(alerts, tuple(refused), raws=raws, refused_raws=tuple(one.text.encode() for one in refused))


async def save(engine: AsyncEngine, *alerts: Alert, source: Source = SOURCE, hour: float = 0) -> Saved:
    async with transaction(engine) as connection:
        return await save_reading(connection, source, read(*alerts), at(hour))


async def follow_at(engine: AsyncEngine, hour: float) -> tuple[str, ...]:
    async with transaction(engine) as connection:
        return await follow_all(connection, at(hour))


async def rows(engine: AsyncEngine) -> list[Row[tuple[object, ...]]]:
    async with reading(engine) as connection:
        return list(await connection.execute(select(warning).order_by(warning.c.id)))


async def courses(engine: AsyncEngine) -> list[Course]:
    """The stored warnings that are none of another's, in the order of the lifecycle."""
    found = [msgspec.json.decode(row.course, type=Course) for row in await rows(engine) if row.merged_into is None]
    return sorted(found, key=lambda course: (course.root.sent, course.root, course.members))


async def states(engine: AsyncEngine) -> list[str]:
    return [row.state for row in await rows(engine)]


async def count(engine: AsyncEngine) -> int:
    async with reading(engine) as connection:
        return await connection.scalar(select(func.count()).select_from(alert_table)) or 0


async def told(engine: AsyncEngine) -> list[tuple[str, int]]:
    said = (json.loads(one.body) for one in await list_events(engine, 0, 1000) if one.topic == "warning")
    return [(one["state"], one["level"]) for one in said]


async def test_a_message_is_kept_whole(engine: AsyncEngine) -> None:
    saved = await save(engine, HEAD, hour=1)
    async with reading(engine) as connection:
        row = (await connection.execute(select(alert_table))).one()
    assert (row.id, row.source, row.raw) == (saved.new[0], "office", msgspec.json.encode(HEAD))
    assert msgspec.json.decode(row.parsed, type=Alert) == HEAD
    assert (row.sender, row.identifier, row.sent, row.received_at) == (*HEAD.key, at(1))


async def test_thirteen_copies_are_one(engine: AsyncEngine) -> None:
    first = await save(engine, *[HEAD] * 7)
    again = await save(engine, *[HEAD] * 6)
    assert (len(first.new), first.known, len(again.new), again.known, again.refused) == (1, 6, 0, 6, ())
    assert await count(engine) == 1


async def test_another_form_of_a_message_is_the_same_message(engine: AsyncEngine) -> None:
    saved = await save(engine, HEAD, msgspec.structs.replace(HEAD, format="nws", note="other words"))
    assert (len(saved.new), saved.known, saved.refused) == (1, 1, ())


@pytest.mark.parametrize("together", [True, False], ids=["in one answer", "later"])
async def test_another_body_is_refused_and_never_replaces(engine: AsyncEngine, together: bool) -> None:
    other = msgspec.structs.replace(HEAD, infos=(info("blue", ends=2),))
    batches = [[HEAD, other]] if together else [[HEAD], [other]]
    for batch in batches:
        saved = await save(engine, *batch)
    await follow_at(engine, 1)
    assert [one.code for one in saved.refused] == ["other_body"]
    (course,) = await courses(engine)
    assert course.level == HEAD.level


async def test_another_body_is_told_beside_the_warning_once(engine: AsyncEngine) -> None:
    await save(engine, HEAD)
    await follow_at(engine, 1)
    for hour in (2, 3, 4):
        await save(engine, msgspec.structs.replace(HEAD, infos=(info("blue"),)), hour=hour)
        await follow_at(engine, hour)
    (course,) = await courses(engine)
    async with reading(engine) as connection:
        assert await connection.scalar(select(alert_table.c.other_body_at)) == at(2)
    assert [finding.code for finding in course.findings] == ["other_body"]
    assert await told(engine) == [("in-force", 3), ("in-force", 3)]


async def test_refusals_are_counted_not_repeated(engine: AsyncEngine) -> None:
    bad = Refused("bad_time", "sent", "no time", "")
    async with transaction(engine) as connection:
        for hour in range(3):
            await save_reading(connection, SOURCE, read(HEAD, refused=[bad]), at(hour))
    async with reading(engine) as connection:
        row = (await connection.execute(select(alert_refused))).one()
        assert await count_refused(connection) == {"office": 1}
    assert (row.times, row.received_at, row.code, row.head) == (3, at(2), "bad_time", b"no time")


async def test_refusals_do_not_fill_the_disk(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        kept = []
        for batch in range(12):
            refused = [Refused("bad", "", f"{batch}.{one}", "") for one in range(150)]
            saved = await save_reading(connection, SOURCE, read(refused=refused), at(batch))
            kept.append((await count_refused(connection))["office"])
    assert (kept[0], kept[-1], len(saved.refused)) == (MOST_REFUSED, KEPT_REFUSED, 150)


async def test_a_warning_follows_its_messages(engine: AsyncEngine) -> None:
    seen = []
    for hour, message in enumerate(CHAIN, start=1):
        await save(engine, message, hour=hour)
        assert len(await follow_at(engine, hour)) == 1
        seen += await states(engine)
    assert seen == ["in-force", "upgraded", "downgraded", "cancelled"]
    assert await told(engine) == [("in-force", 3), ("upgraded", 4), ("downgraded", 3), ("cancelled", 0)]


async def test_following_again_changes_nothing(engine: AsyncEngine) -> None:
    await save(engine, *CHAIN[:2], hour=2)
    first = await follow_at(engine, 2)
    await save(engine, *CHAIN[:2], hour=2.5)
    assert (len(first), await follow_at(engine, 2.5), len(await told(engine))) == (1, (), 1)


@pytest.mark.parametrize("messages", [CHAIN, SIGNALS, [*CHAIN, *SIGNALS]], ids=["references", "event key", "two"])
@pytest.mark.parametrize("seed", range(6))
async def test_any_order_ends_alike(engine: AsyncEngine, messages: list[Alert], seed: int) -> None:
    chance = random.Random(seed)
    for message in chance.sample(messages, len(messages)) + chance.sample(messages, 2):
        await save(engine, message, hour=9)
        await follow_at(engine, 9)
    assert await courses(engine) == list(follow(messages, (), at(9)))


async def test_one_answer_or_many_end_alike(engine: AsyncEngine) -> None:
    await save(engine, *reversed([*CHAIN, *SIGNALS]), hour=9)
    await follow_at(engine, 9)
    assert await courses(engine) == list(follow([*CHAIN, *SIGNALS], (), at(9)))


async def test_two_warnings_that_are_one_keep_the_older_name(engine: AsyncEngine) -> None:
    third = update("C", 3, "orange", key("A", 1), key("B", 2))
    second = alert("B", 2, info("red", ends=20))
    for message in (HEAD, second):
        await save(engine, message, hour=2)
        await follow_at(engine, 2)
    older, younger = [row.id for row in await rows(engine)]
    await save(engine, third, hour=3)
    changed = await follow_at(engine, 3)
    kept, gone = await rows(engine)
    assert set(changed) == {older, younger}
    assert (kept.id, kept.level, kept.merged_into) == (older, 3, None)
    assert (gone.id, gone.state, gone.level, gone.merged_into) == (younger, "expired", 0, older)


async def test_time_alone_changes_a_warning(engine: AsyncEngine) -> None:
    await save(engine, alert("A", 1, info("orange", onset=4, ends=8)), hour=1)
    seen = []
    for hour in (1, 3, 4, 7, 8):
        seen.append((len(await follow_at(engine, hour)), *await states(engine)))
    assert seen == [(1, "scheduled"), (0, "scheduled"), (1, "in-force"), (0, "in-force"), (1, "expired")]
    async with reading(engine) as connection:
        assert await due_changes(connection, at(1000)) == ()


async def test_a_warning_without_an_end_turns_unconfirmed_and_stays(engine: AsyncEngine) -> None:
    await save(engine, signal(1, "red"), hour=1)
    await follow_at(engine, 1)
    assert len(await follow_at(engine, 400)) == 1
    (row,) = await rows(engine)
    assert (row.state, row.ends) == ("in-force", None)
    assert row.unconfirmed_since < at(400)


async def test_a_closing_ends_it(engine: AsyncEngine) -> None:
    await save(engine, signal(1, "red"), hour=1)
    (id_,) = await follow_at(engine, 1)
    (row,) = await rows(engine)
    who = {"id": "s", "name": "chen", "role": "risk-engineer", "created_at": 0}
    said = {"id": "c", "warning": id_, "alert": row.head, "at": at(6), "staff": "s", "name": "chen", "reason": "over"}
    async with transaction(engine) as connection:
        await connection.execute(insert(staff).values(who))
        await connection.execute(insert(warning_closing).values(said))
        await connection.execute(warning.update().values(next_at=at(6)))
    assert await follow_at(engine, 6) == (id_,)
    assert await states(engine) == ["cancelled"]


async def test_a_test_message_is_kept_for_staff_only(engine: AsyncEngine) -> None:
    await save(engine, HEAD, alert("T", 2, info("red"), refs=(key("A", 1),), kind="Update", status="Test"), hour=2)
    await follow_at(engine, 2)
    assert sorted(await states(engine)) == ["in-force", "not-for-public"]


async def test_a_strangers_cancel_is_told_and_does_not_count(engine: AsyncEngine) -> None:
    await save(engine, HEAD, hour=1)
    await follow_at(engine, 1)
    await save(engine, cancel("X", 2, key("A", 1), sender=STRANGER), hour=2)
    await follow_at(engine, 2)
    real = next(course for course in await courses(engine) if course.head == HEAD.key)
    assert (real.state, [finding.code for finding in real.findings]) == (State.IN_FORCE, ["foreign_sender"])


async def test_what_is_simulated_never_changes_what_is_real(engine: AsyncEngine) -> None:
    await save(engine, HEAD, hour=1)
    await follow_at(engine, 1)
    await save(engine, cancel("D", 2, key("A", 1)), source=DRILL, hour=2)
    await follow_at(engine, 2)
    found = [(row.state, row.simulated) for row in await rows(engine)]
    assert found == [("in-force", False), ("cancelled", True)]


async def test_more_than_a_transactions_worth_is_followed_in_turns(engine: AsyncEngine) -> None:
    await save(engine, *(alert(f"A{n}", 1, info("blue", ends=20)) for n in range(5)), hour=1)
    seen = []
    for _ in range(4):
        async with transaction(engine) as connection:
            seen.append(len(await follow_all(connection, at(1), most=2)))
    assert seen == [2, 2, 1, 0]


async def test_what_was_not_committed_is_followed_after_a_restart(engine: AsyncEngine) -> None:
    await save(engine, HEAD, hour=1)
    with pytest.raises(asyncio.CancelledError):
        await stop_within_follow(engine)
    assert await rows(engine) == []
    assert len(await follow_at(engine, 1)) == 1


async def stop_within_follow(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await follow_all(connection, at(1))
        raise asyncio.CancelledError


async def test_known_messages_are_looked_up_by_index(engine: AsyncEngine) -> None:
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    await save(engine, *(alert(f"A{n}", 1, info("blue")) for n in range(3)))
    query = next(one for one in said if one.startswith("SELECT alert.id"))
    async with reading(engine) as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("s", "i", 1) * 3)
        assert [row.detail for row in plan if row.detail.startswith("SCAN")] == []


async def test_matching_gets_the_messages_that_hold(engine: AsyncEngine) -> None:
    await save(engine, *CHAIN[:3], hour=3)
    ids = await follow_at(engine, 3)
    async with reading(engine) as connection:
        (found,) = await load_standing(connection, ids)
    assert identifiers(found.alerts) == ["C"]
    assert (found.course.state, found.simulated) == (State.DOWNGRADED, False)


def identifiers(alerts: Iterable[Alert]) -> list[str]:
    return [one.identifier for one in alerts]
