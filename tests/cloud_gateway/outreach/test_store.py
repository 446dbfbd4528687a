"""Planning in a real database: who is told what, once, and what becomes of what was not sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_gateway.outreach.model import Change
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.outreach.ground import AT, HOUR, MINUTE, Ground, ground

NIGHT = AT + 15 * HOUR  # 23:00 in Shanghai
MORNING = AT + 23 * HOUR  # 07:00
QUIET = {"quiet_from_min": 22 * 60, "quiet_to_min": 7 * 60}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(tmp_path) as made:
        await made.add_sites("east", "west", "north")
        yield made


async def test_a_manager_of_many_sites_gets_one_message_with_the_sites_ranked(place: Ground) -> None:
    await place.add_person("lin", "north", "east", "west")
    await place.change(Change.RAISED, Level.SEVERE, "west", "north", "east")
    await place.plan()
    assert await place.told() == [("lin", "", "raised 3", "east west north")]


async def test_planning_again_makes_nothing_new(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    assert (await place.plan(), await place.plan()) == (1, 0)


async def test_nobody_hears_of_another_site_a_lower_level_or_another_hazard(place: Ground) -> None:
    await place.add_person("other-site", "west")
    await place.add_person("graver-only", "east", least=4)
    await place.add_person("other-hazard", "east", hazards='["typhoon"]')
    await place.add_person("disabled", "east", disabled_at=AT)
    await place.change(Change.RAISED, Level.SEVERE, "east")
    assert await place.plan() == 0


async def test_simulated_events_reach_staff_and_never_customers(place: Ground) -> None:
    await place.add_sites("stage", simulated=True)
    await place.add_person("customer", "stage", role="customer")
    await place.add_person("lin", "stage")
    await place.change(Change.RAISED, Level.SEVERE, "stage")
    await place.plan()
    rows = await place.rows("SELECT recipient, simulated FROM message")
    assert [(row["recipient"], row["simulated"]) for row in rows] == [("lin", 1)]


async def test_a_whole_course_is_told_step_by_step(place: Ground) -> None:
    await place.add_person("lin", "east")
    for change, level in COURSE:
        await place.change(change, level, "east")
        await place.plan()
        await place.leave()
    told = [f"{change} {int(level)}" for change, level in COURSE]
    assert [one[2] for one in await place.told(where="1")] == told


COURSE = (
    (Change.RAISED, Level.MODERATE),
    (Change.UPGRADED, Level.SEVERE),
    (Change.DOWNGRADED, Level.MINOR),
    (Change.CLEARED, Level.NONE),
)


async def test_the_all_clear_goes_to_all_who_were_warned_and_to_nobody_else(place: Ground) -> None:
    await place.add_person("warned", "east")
    await place.add_person("never-warned", "east", least=4)
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    await place.leave()
    await place.add_person("came-later", "east")
    await place.change(Change.CLEARED, Level.NONE, "east")
    await place.plan()
    assert await place.told() == [("warned", "", "cleared 0", "east")]


async def test_who_was_warned_hears_the_all_clear_though_the_site_is_no_longer_theirs(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    await place.leave()
    await place.execute("DELETE FROM recipient_site")
    await place.change(Change.CLEARED, Level.NONE, "east")
    await place.plan()
    assert await place.told() == [("lin", "", "cleared 0", "east")]


async def test_a_higher_level_inhibits_a_lower_one_not_yet_sent(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.MODERATE, "east")
    await place.plan()
    await place.change(Change.UPGRADED, Level.EXTREME, "east")
    await place.plan()
    assert await place.told() == [("lin", "", "upgraded 4", "east")]
    assert await place.told(where="state='superseded'") == [("lin", "", "raised 2", "east")]


async def test_what_was_over_before_anybody_was_told_is_not_told(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.MODERATE, "east")
    await place.plan()
    await place.change(Change.CLEARED, Level.NONE, "east")
    await place.plan()
    assert await place.told(where="state!='superseded'") == []


async def test_a_message_that_was_tried_counts_as_told(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.MODERATE, "east")
    await place.plan()
    await place.execute("UPDATE message SET attempts=1")
    await place.change(Change.CLEARED, Level.NONE, "east")
    await place.plan()
    assert await place.told() == [("lin", "", "cleared 0", "east")]


async def test_a_level_that_went_and_came_back_unsent_needs_no_word(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    await place.leave()
    await place.change(Change.UPGRADED, Level.EXTREME, "east")
    await place.change(Change.DOWNGRADED, Level.SEVERE, "east")
    assert await place.plan() == 0


async def test_what_an_outage_held_up_is_told_as_it_stands_now(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.change(Change.UPGRADED, Level.EXTREME, "east")
    await place.plan()
    assert await place.told() == [("lin", "", "upgraded 4", "east")]


async def test_quiet_hours_hold_until_morning_and_what_gathers_goes_together(place: Ground) -> None:
    await place.add_person("lin", "east", "west", **QUIET)
    await place.change(Change.RAISED, Level.SEVERE, "east", at=NIGHT)
    await place.plan(NIGHT)
    await place.change(Change.RAISED, Level.SEVERE, "west", at=NIGHT + MINUTE)
    await place.plan(NIGHT + MINUTE)
    assert await place.told() == [("lin", "", "raised 3", "east west")]
    assert [row["due_at"] for row in await place.rows("SELECT due_at FROM message WHERE state='queued'")] == [MORNING]


async def test_of_a_held_message_only_the_overtaken_site_goes(place: Ground) -> None:
    await place.add_person("lin", "east", "west", **QUIET)
    await place.change(Change.RAISED, Level.MODERATE, "east", "west", at=NIGHT)
    await place.plan(NIGHT)
    await place.change(Change.UPGRADED, Level.EXTREME, "west", at=NIGHT + MINUTE)
    await place.plan(NIGHT + MINUTE)
    assert sorted(await place.told()) == [("lin", "", "raised 2", "east"), ("lin", "", "upgraded 4", "west")]


async def test_the_all_clear_waits_for_the_morning_unless_they_were_woken(place: Ground) -> None:
    await place.add_person("asleep", "east", **QUIET)
    await place.add_person("woken", "west", **QUIET)
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    await place.leave()
    await place.change(Change.RAISED, Level.EXTREME, "west", at=NIGHT)
    await place.plan(NIGHT)
    await place.leave(NIGHT)
    await place.change(Change.CLEARED, Level.NONE, "east", "west", at=NIGHT + HOUR)
    await place.plan(NIGHT + HOUR)
    rows = await place.rows("SELECT recipient, due_at FROM message WHERE state='queued' ORDER BY recipient")
    assert [(row["recipient"], row["due_at"]) for row in rows] == [("asleep", MORNING), ("woken", NIGHT + HOUR)]


async def test_a_silence_holds_its_level_and_an_upgrade_breaks_it(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.add_silence("lin", "east", Level.SEVERE, AT + HOUR)
    await place.change(Change.RAISED, Level.SEVERE, "east")
    assert await place.plan() == 0
    await place.change(Change.UPGRADED, Level.EXTREME, "east")
    await place.plan()
    assert await place.told() == [("lin", "", "upgraded 4", "east")]


async def test_the_end_of_a_silence_tells_at_once_what_still_holds(place: Ground) -> None:
    await place.add_person("lin", "east", "west")
    await place.add_silence("lin", "east", Level.SEVERE, AT + HOUR)
    await place.add_silence("lin", "west", Level.SEVERE, AT + HOUR)
    await place.change(Change.RAISED, Level.SEVERE, "east", "west")
    await place.plan()
    await place.change(Change.CLEARED, Level.NONE, "west")
    await place.plan(AT + HOUR)
    await place.plan(AT + HOUR + 1)
    assert await place.told() == [("lin", "", "raised 3", "east")]


async def test_our_gauge_confirming_is_told_beside_the_warning(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.change(Change.CONFIRMED, Level.SEVERE, "east", cause="pump-1/flood")
    await place.plan()
    assert sorted(await place.told()) == [("lin", "", "confirmed 3", "east"), ("lin", "", "raised 3", "east")]


async def test_a_person_and_the_device_on_site_are_both_told(place: Ground) -> None:
    await place.add_person("lin", "east", chat="json://example.org", device="kiosk-1")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    rows = await place.rows("SELECT channel, token_hash IS NULL AS bare FROM message ORDER BY channel")
    assert [(row["channel"], row["bare"]) for row in rows] == [("mail", 0), ("notice", 1)]


async def test_who_has_no_address_is_named_to_the_desk(place: Ground) -> None:
    await place.add_person("lin", "east", mail="")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    rows = await place.rows("SELECT body FROM event WHERE topic='message'")
    assert [row["body"] for row in rows] == ['{"unreachable": {"count": 1, "ids": ["lin"]}}']
