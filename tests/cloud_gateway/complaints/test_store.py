"""Complaints in a real database: dealt out, answered by their handler alone, every step an entry of the log."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.complaints import store, store_actions, store_followups
from cloud_gateway.complaints.deadlines import local_day
from cloud_gateway.complaints.followups import Outcome
from cloud_gateway.complaints.lifecycle import CannotFollow, State, Step
from cloud_gateway.complaints.model import Case, Deed, NewComplaint, NobodyMay, NotTheHandler
from cloud_gateway.complaints.statistics import Counted, Quarter
from cloud_gateway.complaints.store_actions import NewAction
from cloud_gateway.complaints.store_followups import ClosedAlready, Rated
from cloud_gateway.complaints.store_handlers import Away, Handler, list_handlers, put_handler
from cloud_gateway.complaints.store_lines import list_lines
from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence.store import list_entries
from cloud_gateway.evidence.tables import evidence_text
from tests.cloud_gateway.complaints.conftest import NOW

ZONE = "Asia/Shanghai"
DAY_MS = 86_400_000
TODAY = date(2026, 11, 2)
WAITED = NewComplaint("waiting", "counter", "等了两个小时", "样例甲", "555-0101", "pudong")
RATED = Rated("ab" * 32, "counter", "pudong", "1", "07", 3, 1, NOW, ZONE)


async def receive(house: AsyncEngine, new: NewComplaint = WAITED, now: int = NOW) -> Case:
    async with transaction(house) as connection:
        return await store.receive(connection, new, "counter-manager", ZONE, now)


async def do(house: AsyncEngine, case: Case, step: Step, by: str, days: int = 0, **more: str) -> Case:
    async with transaction(house) as connection:
        return await store.take_step(connection, case.number, Deed(step, by, **more), NOW + days * DAY_MS)


async def entries(house: AsyncEngine) -> list[dict[str, object]]:
    async with reading(house) as connection:
        return [msgspec.json.decode(one.body) for one in await list_entries(connection, -1, 100)]


async def test_complaint_is_given_at_once_and_due_in_fifteen_days(house: AsyncEngine) -> None:
    case = await receive(house)
    assert (case.number, case.handler, case.course.due) == ("C2026-0001", "chen", date(2026, 11, 17))
    assert (await receive(house)).number == "C2026-0002"


async def test_complaints_go_round_by_what_each_has_in_hand(house: AsyncEngine) -> None:
    heavy = msgspec.structs.replace(WAITED, kind="claim-refused")
    given = [(await receive(house, one, NOW + turn)).handler for turn, one in enumerate([heavy, *[WAITED] * 5])]
    assert given == ["chen", "li", "wang", "li", "wang", "li"]


async def test_neither_the_clerk_concerned_nor_his_manager_handles_it(house: AsyncEngine) -> None:
    about = msgspec.structs.replace(WAITED, clerk="07")
    assert {(await receive(house, about, NOW + turn)).handler for turn in range(4)} == {"chen"}


async def test_complaint_that_nobody_may_take_waits_and_is_given_later(house: AsyncEngine) -> None:
    async with transaction(house) as connection:
        await put_handler(connection, Handler("chen", ("claims",), (), (Away(TODAY, TODAY),)), NOW)
    case = await receive(house, msgspec.structs.replace(WAITED, clerk="07"))
    assert (case.course.state, case.handler) == (State.RECEIVED, None)
    with pytest.raises(NobodyMay):
        await do(house, case, Step.ASSIGN, "operations")
    assert (await do(house, case, Step.ASSIGN, "operations", 1)).handler == "chen"


async def test_who_declares_an_interest_gives_it_up_for_good(house: AsyncEngine) -> None:
    case = await receive(house)
    for who in ("chen", "li"):
        async with transaction(house) as connection:
            case = await store.declare_interest(connection, case.number, who, who, NOW)
    assert case.handler == "wang"
    with pytest.raises(NobodyMay):
        await do(house, case, Step.ASSIGN, "operations")


async def test_only_the_handler_answers(house: AsyncEngine) -> None:
    case = await receive(house)
    with pytest.raises(NotTheHandler):
        await do(house, case, Step.ANSWER, "wang", text="抱歉")
    assert (await do(house, case, Step.ANSWER, "chen", 3, text="抱歉")).course.answered == date(2026, 11, 5)


async def test_review_is_decided_by_somebody_else_who_has_more_in_hand(house: AsyncEngine) -> None:
    case, *_others = [await receive(house, now=NOW + turn) for turn in range(3)]
    await do(house, case, Step.ANSWER, "chen", 3, text="抱歉")
    review = await do(house, case, Step.ASK_REVIEW, "operations", 10, text="不同意")
    assert (review.handler, review.course.due) == ("li", date(2026, 12, 12))
    assert (await do(house, review, Step.DECIDE_REVIEW, "li", 20, text="维持")).course.state is State.REVIEWED


async def test_more_time_names_who_allowed_it(house: AsyncEngine) -> None:
    case = await receive(house)
    await do(house, case, Step.CALL_COMPLEX, "chen", 2)
    more = await do(house, case, Step.EXTEND, "chen", 20, approved_by="分公司")
    async with reading(house) as connection:
        lines = await list_lines(connection, case.number)
    assert (more.course.due, lines[-1].approved_by) == (date(2027, 1, 1), "分公司")


async def test_refused_step_leaves_no_trace(house: AsyncEngine) -> None:
    case = await receive(house)
    before = await entries(house)
    with pytest.raises(CannotFollow):
        await do(house, case, Step.EXTEND, "chen")
    assert await entries(house) == before


async def test_every_step_is_an_entry_and_no_entry_tells_a_customer_or_a_text(house: AsyncEngine) -> None:
    case = await receive(house)
    await do(house, case, Step.ANSWER, "chen", 3, text="抱歉")
    await do(house, case, Step.CONFIRM, "counter-manager", 4)
    found = await entries(house)
    assert [(one["type"], one["body"]["step"], one["body"]["state"]) for one in found] == [  # type: ignore[index]
        ("complaint", "receive", "received"),
        ("complaint", "assign", "assigned"),
        ("complaint", "answer", "answered"),
        ("complaint", "confirm", "confirmed"),
    ]
    told = msgspec.json.encode(found).decode()
    assert not [text for text in ("样例甲", "555-0101", "两个小时", "抱歉") if text in told]
    async with reading(house) as connection:
        assert set(await connection.scalars(select(evidence_text.c.path))) == {
            "body.text", "body.person", "body.contact",
        }  # fmt: skip


async def test_figures_count_the_first_answer_against_its_last_day(house: AsyncEngine) -> None:
    case = await receive(house)
    await do(house, case, Step.ANSWER, "chen", 15, text="抱歉")
    await do(house, case, Step.REOPEN, "counter-manager", 16)
    async with reading(house) as connection:
        counted = await store.list_counted(connection, Quarter(2026, 4))
        assert await store.list_counted(connection, Quarter(2026, 3)) == []
    assert counted == [Counted("waiting", TODAY, date(2026, 11, 17), date(2026, 11, 17))]


async def test_due_list_has_the_most_pressing_first(house: AsyncEngine) -> None:
    late, soon = await receive(house, now=NOW - 2 * DAY_MS), await receive(house)
    async with reading(house) as connection:
        due = [one.number for one in await store.list_due(connection, date(2026, 11, 17), 9)]
        assert [one.number for one in await store.list_due(connection, date(2026, 11, 16), 9)] == [late.number]
    assert due == [late.number, soon.number]


async def test_bad_rating_opens_one_follow_up_with_its_own_clock(house: AsyncEngine) -> None:
    async with transaction(house) as connection:
        opened = await store_followups.open_follow_up(connection, RATED, NOW)
        again = await store_followups.open_follow_up(connection, RATED, NOW)
        good = msgspec.structs.replace(RATED, count="cd" * 32, score=2)
        fine = await store_followups.open_follow_up(connection, good, NOW)
        (waiting,) = await store_followups.list_open(connection, 9)
    assert (waiting.id, again, fine) == (opened, None, None)
    assert (waiting.contact_due, waiting.close_due) == ("2026-11-03", "2026-11-07")
    assert await entries(house) == []


async def test_follow_up_becomes_a_complaint_once_and_about_the_same_clerk(house: AsyncEngine) -> None:
    async with transaction(house) as connection:
        name = await store_followups.open_follow_up(connection, RATED, NOW) or ""
        case = await store_followups.make_complaint(connection, name, WAITED, "counter-manager", NOW)
        (closed,) = await store_followups.list_closed(connection, 9)
    assert (case.clerk, case.channel, case.handler) == ("07", "follow-up", "chen")
    assert (closed.outcome, closed.complaint) == (Outcome.COMPLAINT, case.number)
    with pytest.raises(ClosedAlready):
        async with transaction(house) as connection:
            await store_followups.close(connection, name, Outcome.SETTLED, "", "li", NOW)


async def test_effect_of_an_action_is_checked_by_somebody_else_after_it_is_done(house: AsyncEngine) -> None:
    case = await receive(house)
    new = NewAction(case.number, "one counter open", "open two at noon", "li", date(2026, 11, 30))
    today = local_day(NOW, ZONE)
    async with transaction(house) as connection:
        made = await store_actions.add_action(connection, new, "chen", today, NOW)
        with pytest.raises(store_actions.WrongState):
            await store_actions.check_action(connection, made.number, True, "", "chen", today, NOW)
        await store_actions.finish_action(connection, made.number, "li", today, NOW)
        with pytest.raises(store_actions.Owned):
            await store_actions.check_action(connection, made.number, True, "", "li", today, NOW)
        checked = await store_actions.check_action(connection, made.number, False, "still slow", "chen", today, NOW)
    assert (checked.number, checked.state, checked.effect) == ("A2026-0001", "not-effective", "still slow")


async def test_praise_goes_to_a_clerk_by_name(house: AsyncEngine) -> None:
    async with transaction(house) as connection:
        made = await store_actions.add_praise(connection, "pudong", "07", "很耐心", "counter-manager", TODAY, NOW)
        assert await store_actions.list_praise(connection, 9) == [made]


async def test_handler_must_be_a_member_of_staff(house: AsyncEngine) -> None:
    async with transaction(house) as connection:
        with pytest.raises(LookupError):
            await put_handler(connection, Handler("nobody"), NOW)
        assert [one.staff for one in await list_handlers(connection)] == ["chen", "li", "wang"]
