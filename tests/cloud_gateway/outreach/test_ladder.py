"""The ladder: steps at their time before the onset, the next person when nobody answers, and what stops it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.settings import LADDER
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.outreach.ground import AT, HOUR, MINUTE, Ground, ground

ONSET = AT + 10 * HOUR
CALL_AT = ONSET - HOUR


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(tmp_path, LADDER) as made:
        await made.add_sites("east", "west")
        for name in ("first", "second", "third", "fourth"):
            await made.add_person(name, phone="555-0101")
        await made.add_duty("first", "second", "third", "fourth")
        yield made


async def raise_east(place: Ground, level: Level = Level.SEVERE, onset: int = ONSET) -> None:
    await place.change(Change.RAISED, level, "east", onset=onset)
    await place.plan()
    await place.leave()


async def test_steps_wait_for_their_time_before_the_onset(place: Ground) -> None:
    await place.add_person("lin", "east", chat="json://example.org")
    await raise_east(place)
    rows = await place.rows("SELECT name, due_at FROM ladder_step ORDER BY due_at")
    wanted = [("warning", ONSET - 6 * HOUR), ("briefing", ONSET - 3 * HOUR), ("call-out", CALL_AT)]
    assert [(row["name"], row["due_at"]) for row in rows] == wanted


async def test_each_step_is_told_once_when_it_is_due(place: Ground) -> None:
    await place.add_person("lin", "east", "west", chat="json://example.org")
    await place.change(Change.RAISED, Level.SEVERE, "east", "west", onset=ONSET)
    await place.plan()
    assert await place.plan(ONSET - 6 * HOUR - 1) == 0
    assert await place.plan(ONSET - 6 * HOUR) == 1
    assert await place.plan(ONSET - 6 * HOUR) == 0
    assert await place.plan(ONSET - 3 * HOUR) == 1
    rows = await place.rows("SELECT step, channel FROM message ORDER BY made_at, step")
    assert [(r["step"], r["channel"]) for r in rows] == [("", "mail"), ("warning", "mail"), ("briefing", "chat")]
    assert (await place.told())[1] == ("lin", "warning", "raised 3", "east west")


async def test_what_has_passed_is_covered_by_the_first_word_but_a_call_is_made_at_once(place: Ground) -> None:
    await place.add_person("lin", "east", chat="json://example.org")
    await place.change(Change.RAISED, Level.SEVERE, "east", onset=AT + HOUR // 2)
    assert await place.plan() == 2
    rows = await place.rows("SELECT recipient, step, channel FROM message ORDER BY step")
    assert [(r["recipient"], r["step"], r["channel"]) for r in rows] == [
        ("lin", "", "chat"),
        ("first", "call-out", "call"),
    ]


async def test_a_slight_warning_calls_nobody_out(place: Ground) -> None:
    await raise_east(place, Level.MODERATE)
    assert await place.steps() == [("warning", 1, "waiting")]


async def test_without_an_answer_the_next_person_is_asked_until_the_tries_are_over(place: Ground) -> None:
    await raise_east(place)
    for number in range(5):
        await place.plan(CALL_AT + number * 15 * MINUTE)
    asked = [one[0] for one in await place.told(where="step='call-out'")]
    assert asked == ["first", "second", "third"]
    assert (await place.steps())[-1] == ("call-out", 3, "escalated")
    rows = await place.rows("SELECT body FROM event WHERE body LIKE '%unanswered%'")
    assert [row["body"] for row in rows] == ['{"unanswered": {"count": 1, "ids": ["e-east"]}}']


async def test_nobody_else_is_asked_before_the_time_is_over(place: Ground) -> None:
    await raise_east(place)
    await place.plan(CALL_AT)
    assert await place.plan(CALL_AT + 15 * MINUTE - 1) == 0
    assert await place.plan(CALL_AT + 15 * MINUTE) == 1


@pytest.mark.parametrize(
    ("choice", "end"),
    [
        (Choice.ACTING, [("call-out", 1, "answered")]),
        (Choice.UNSAFE, [("call-out", 1, "answered")]),
        (Choice.NEED_HELP, [("call-out", 1, "answered")]),
        (Choice.NOT_MINE, [("call-out", 1, "escalated"), ("call-out", 2, "made")]),
    ],
    ids=lambda value: str(value) if isinstance(value, Choice) else "",
)
async def test_what_an_answer_does_to_a_call(place: Ground, choice: Choice, end: list[tuple[str, int, str]]) -> None:
    await raise_east(place)
    await place.plan(CALL_AT)
    (asked,) = await place.rows("SELECT id FROM message WHERE step='call-out'")
    await place.answer(asked["id"], choice, CALL_AT + MINUTE)
    await place.plan(CALL_AT + MINUTE)
    assert [step for step in await place.steps() if step[0] == "call-out"] == end


async def test_an_answered_call_asks_nobody_else_ever(place: Ground) -> None:
    await raise_east(place)
    await place.plan(CALL_AT)
    (asked,) = await place.rows("SELECT id FROM message WHERE step='call-out'")
    await place.answer(asked["id"], Choice.ACTING, CALL_AT + MINUTE)
    assert await place.plan(ONSET + 100 * HOUR) == 0


async def test_who_has_read_the_first_word_is_reminded_all_the_same(place: Ground) -> None:
    await place.add_person("lin", "east")
    await raise_east(place)
    (first,) = await place.rows("SELECT id FROM message")
    await place.answer(first["id"], Choice.ACTING, AT + MINUTE)
    assert await place.plan(ONSET - 6 * HOUR) == 1


@pytest.mark.parametrize(
    ("change", "level", "left"),
    [
        (Change.CLEARED, Level.NONE, []),
        (Change.DOWNGRADED, Level.MODERATE, ["warning"]),
        (Change.DOWNGRADED, Level.MINOR, []),
    ],
    ids=["all-clear", "below the graver rungs", "below all"],
)
async def test_good_news_stops_what_it_makes_pointless(
    place: Ground, change: Change, level: Level, left: list[str]
) -> None:
    await raise_east(place)
    await place.change(change, level, "east")
    await place.plan()
    assert [name for name, _, state in await place.steps() if state == "waiting"] == left


async def test_an_upgrade_begins_the_ladder_again_and_calls_back_the_unsent_call(place: Ground) -> None:
    await raise_east(place)
    await place.plan(CALL_AT)
    await place.change(Change.UPGRADED, Level.EXTREME, "east", onset=ONSET)
    await place.plan(CALL_AT + MINUTE)
    rows = await place.rows("SELECT level, state FROM message WHERE step='call-out' ORDER BY id")
    assert [(row["level"], row["state"]) for row in rows] == [(3, "superseded"), (4, "queued")]


async def test_a_downgrade_that_came_with_the_raising_leaves_the_ladder_of_the_lower_level(place: Ground) -> None:
    await place.change(Change.RAISED, Level.EXTREME, "east", onset=ONSET)
    await place.change(Change.DOWNGRADED, Level.MODERATE, "east", onset=ONSET)
    await place.plan()
    assert await place.steps() == [("warning", 1, "waiting")]


async def test_our_gauge_confirming_calls_out_at_once(place: Ground) -> None:
    await raise_east(place)
    await place.change(Change.CONFIRMED, Level.SEVERE, "east", at=AT + HOUR, cause="pump-1/flood")
    await place.plan(AT + HOUR)
    assert ("call-out", 1, "made") in await place.steps()


async def test_a_call_that_could_not_be_made_goes_to_the_next_person_at_once(place: Ground) -> None:
    await raise_east(place)
    await place.plan(CALL_AT)
    await place.execute("UPDATE message SET state='failed' WHERE step='call-out'")
    assert await place.plan(CALL_AT + MINUTE) == 1


async def test_whoever_is_on_duty_at_the_time_is_asked(place: Ground) -> None:
    await place.execute(f"UPDATE duty SET until={CALL_AT} WHERE recipient='first'")
    await raise_east(place)
    await place.plan(CALL_AT)
    assert [one[0] for one in await place.told(where="step='call-out'")] == ["second"]


async def test_with_an_empty_duty_list_the_sites_risk_engineer_is_asked(place: Ground) -> None:
    await place.execute("DELETE FROM duty")
    await place.add_person("customer", "east", role="customer", phone="555-0102")
    await place.add_person("lin", "east", phone="555-0103")
    await raise_east(place)
    await place.plan(CALL_AT)
    assert [one[0] for one in await place.told(where="step='call-out'")] == ["lin"]


async def test_the_desk_hears_when_nobody_can_be_asked(place: Ground) -> None:
    await place.execute("DELETE FROM duty")
    await raise_east(place)
    await place.plan(CALL_AT)
    rows = await place.rows("SELECT body FROM event WHERE body LIKE '%nobody%'")
    assert [row["body"] for row in rows] == ['{"nobody": {"count": 1, "ids": ["e-east"]}}']


async def test_one_call_asks_about_all_sites_of_the_hazard(place: Ground) -> None:
    await place.change(Change.RAISED, Level.SEVERE, "west", "east", onset=ONSET)
    await place.plan()
    await place.plan(CALL_AT)
    assert await place.told(where="step='call-out'") == [("first", "call-out", "raised 3", "east west")]


async def test_a_call_that_nobody_got_yet_is_not_made_after_the_all_clear(place: Ground) -> None:
    await raise_east(place)
    await place.plan(CALL_AT)
    await place.plan(CALL_AT + 15 * MINUTE)
    await place.change(Change.CLEARED, Level.NONE, "east")
    await place.plan(CALL_AT + 20 * MINUTE)
    assert await place.told(where="state != 'superseded'") == []


async def test_who_was_called_hears_the_end_and_no_reminders(place: Ground) -> None:
    await place.change(Change.RAISED, Level.SEVERE, "east", onset=ONSET)
    await place.plan()
    await place.execute(f"UPDATE ladder_step SET due_at={AT} WHERE name='call-out'")
    await place.plan()
    await place.leave()
    await place.plan(ONSET - 3 * HOUR)
    await place.change(Change.CLEARED, Level.NONE, "east")
    await place.plan(ONSET)
    told = await place.told(where="recipient='first'")
    assert [one[1:3] for one in told] == [("call-out", "raised 3"), ("", "cleared 0")]


async def test_an_upgrade_is_not_told_to_somebody_whose_call_never_reached_them(place: Ground) -> None:
    await raise_east(place)
    await place.plan(CALL_AT)
    await place.plan(CALL_AT + 15 * MINUTE)
    await place.change(Change.UPGRADED, Level.EXTREME, "east", onset=ONSET + 100 * HOUR)
    await place.plan(CALL_AT + 20 * MINUTE)
    assert await place.told() == []
