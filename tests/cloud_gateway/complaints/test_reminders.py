"""Reminders of last days by real mail: one for each stage, to whom it concerns, without a word of a customer's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.complaints import store
from cloud_gateway.complaints.lifecycle import Step
from cloud_gateway.complaints.model import Case, Deed, NewComplaint
from cloud_gateway.complaints.reminders import stage_of
from cloud_gateway.complaints.reminding import Reminding
from cloud_gateway.complaints.store_handlers import Handler, list_handlers, put_handler
from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.app import open_senders, run_outreach
from cloud_gateway.outreach.channels.mail import MailSender
from cloud_gateway.outreach.model import Recipient
from cloud_gateway.outreach.sending import Letter
from cloud_gateway.outreach.settings import Mail
from cloud_gateway.running import now_ms
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.roles import Role
from cloud_gateway.telephony.store_callbacks import NewCall, add_calls
from tests.cloud_gateway.complaints.conftest import NOW
from tests.cloud_gateway.conftest import Console
from tests.cloud_gateway.outreach.sinks import PostOffice, post_office

ZONE = "Asia/Shanghai"
DAY_MS = 86_400_000
WAITED = NewComplaint("waiting", "counter", "等了两个小时", "样例甲", "555-0101", "pudong")
DUE = 15  # days after NOW


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as made:
        yield made


@pytest.fixture
async def case(house: AsyncEngine) -> Case:
    """A complaint in the hands of chen, above whom wang stands; both have an address."""
    async with transaction(house) as connection:
        await put_handler(connection, Handler("chen", ("claims",), mail="chen@example.org", above="wang"), NOW)
        await put_handler(connection, Handler("wang", ("claims",), ("07",), mail="wang@example.org"), NOW)
        return await store.receive(connection, WAITED, "counter-manager", ZONE, NOW)


class Dying(MailSender):
    """Killed between the server's word and its own note of it."""

    async def send(self, letter: Letter, recipient: Recipient) -> None:
        await super().send(letter, recipient)
        raise KeyboardInterrupt


def at(
    house: AsyncEngine,
    office: PostOffice,
    days: float,
    kind: Callable[[Mail], MailSender] = MailSender,
    origin: str = "https://example.org",
) -> Reminding:
    mail = Mail(host="127.0.0.1", port=office.port, tls="none", sender="weiran@example.org")
    return Reminding(house, kind(mail), ZONE, origin, lambda: NOW + int(days * DAY_MS))


async def look_each_day(house: AsyncEngine, office: PostOffice, first: int, last: int) -> dict[int, int]:
    """How many letters left on each day on which any did, of two looks."""
    found = {day: [await at(house, office, day).look() for _ in range(2)] for day in range(first, last + 1)}
    return {day: sum(sent) for day, sent in found.items() if any(sent)}


async def take(house: AsyncEngine, case: Case, step: Step, by: str, days: int, **more: str) -> None:
    async with transaction(house) as connection:
        await store.take_step(connection, case.number, Deed(step, by, **more), NOW + days * DAY_MS)


@pytest.mark.parametrize(
    ("today", "stage"),
    [(11, None), (12, 5), (15, 5), (16, 1), (17, 0), (18, -1), (25, -8)],
    ids=["early", "five days", "missed while down", "one day", "last day", "late", "later"],
)
def test_stage_of_a_last_day_on_the_seventeenth(today: int, stage: int | None) -> None:
    assert stage_of(date(2026, 11, 17), date(2026, 11, today), (5, 1, 0)) == stage


@pytest.mark.usefixtures("case")
async def test_handler_is_reminded_once_at_each_stage_and_who_stands_above_once_it_is_late(
    house: AsyncEngine, office: PostOffice
) -> None:
    sent = await look_each_day(house, office, 0, DUE + 2)
    assert sent == {DUE - 5: 1, DUE - 1: 1, DUE: 1, DUE + 1: 2, DUE + 2: 2}
    letters = await office.came(7)
    assert [str(one["To"]).split("@")[0].split("<")[-1] for one in letters] == [*["chen"] * 4, "wang", "chen", "wang"]
    assert len({one["Message-ID"] for one in letters}) == 7


@pytest.mark.usefixtures("case")
async def test_day_of_a_reminder_begins_at_eight_in_the_morning(house: AsyncEngine, office: PostOffice) -> None:
    moments = (DUE - 5 - 0.01, DUE - 5)
    assert [await at(house, office, days).look() for days in moments] == [0, 1]


async def test_mail_says_number_kind_last_day_and_link_and_nothing_of_the_customer(
    house: AsyncEngine, office: PostOffice, case: Case
) -> None:
    await at(house, office, DUE + 1).look()
    said = (await office.came(2))[0]
    body = said.get_content()
    assert said["Subject"].startswith("【已逾期】投诉 C2026-0001（等待时间过长），已超过最后期限 2026-11-17")
    assert body.splitlines()[1:] == [
        "Complaint C2026-0001 (Waited too long): last day 2026-11-17, passed.",
        f"https://example.org/complaints/{case.number}",
    ]
    assert not [word for word in (WAITED.text, WAITED.person, WAITED.contact) if word in body]


@pytest.mark.usefixtures("case")
async def test_kill_after_sending_repeats_the_same_letter_and_makes_no_second_one(
    house: AsyncEngine, office: PostOffice
) -> None:
    with pytest.raises(KeyboardInterrupt):
        await at(house, office, DUE, Dying).look()
    assert await at(house, office, DUE + 0.1, origin="https://moved.example.org").look() == 1
    first, second = office.letters
    assert first == second
    assert await at(house, office, DUE + 0.2).look() == 0


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize(
    ("answer", "later"), [("451 later", 1), ("550 no", 0)], ids=["tried again", "refused for good"]
)
async def test_letter_that_is_not_taken(house: AsyncEngine, office: PostOffice, answer: str, later: int) -> None:
    office.to_data = answer
    assert await at(house, office, DUE).look() == 0
    office.to_data = "250 taken"
    assert await at(house, office, DUE).look() == 0
    assert await at(house, office, DUE + 0.1).look() == later
    async with reading(house) as connection:
        states = (await connection.execute(text("SELECT state, tries FROM reminder"))).all()
    assert states == [("sent", 2) if later else ("failed", 1)]


@pytest.mark.usefixtures("case")
async def test_reminder_that_the_next_stage_has_overtaken_does_not_leave(
    house: AsyncEngine, office: PostOffice
) -> None:
    office.to_data = "451 later"
    assert [await at(house, office, days).look() for days in (DUE - 5, DUE - 1)] == [0, 0]
    office.to_data = "250 taken"
    assert await at(house, office, DUE).look() == 1
    assert await at(house, office, DUE + 0.5).look() == 0


async def test_nobody_is_reminded_of_what_is_answered(house: AsyncEngine, office: PostOffice, case: Case) -> None:
    await take(house, case, Step.ANSWER, "chen", 3, text="已答复")
    assert await look_each_day(house, office, DUE - 6, DUE + 2) == {}


async def test_longer_term_has_stages_of_its_own(house: AsyncEngine, office: PostOffice, case: Case) -> None:
    assert await look_each_day(house, office, DUE - 5, DUE - 5) == {DUE - 5: 1}
    await take(house, case, Step.CALL_COMPLEX, "chen", DUE - 5, text="两家机构")
    assert await look_each_day(house, office, DUE - 4, DUE + 10) == {DUE + 10: 1}


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize("ended", [Handler("chen"), Handler("chen", ended=True, mail="chen@example.org")])
async def test_who_has_no_address_or_has_ended_gets_none(
    house: AsyncEngine, office: PostOffice, ended: Handler
) -> None:
    async with transaction(house) as connection:
        await put_handler(connection, ended, NOW)
    assert await look_each_day(house, office, DUE - 5, DUE + 1) == {}


async def test_call_backs_of_one_handler_and_day_are_one_letter(house: AsyncEngine, office: PostOffice) -> None:
    async with transaction(house) as connection:
        await put_handler(connection, Handler("chen", mail="chen@example.org"), NOW)
        for away in ("li", "wang"):
            await put_handler(connection, Handler(away, ended=True), NOW)
        calls = [NewCall(f"P-{number}", "A-1", f"1380000000{number}", "pudong") for number in range(3)]
        await add_calls(connection, b"k" * 32, "renewals", calls, date(2026, 11, 2), NOW)
    assert await look_each_day(house, office, DUE - 5, DUE + 1) == {DUE - 1: 1, DUE: 1, DUE + 1: 1}
    assert "Call-backs still to be made: 3: last day 2026-11-17." in (await office.came(3))[0].get_content()


@pytest.mark.usefixtures("case")
async def test_address_and_who_stands_above_are_kept(house: AsyncEngine) -> None:
    async with reading(house) as connection:
        found = {one.staff: (one.mail, one.above) for one in await list_handlers(connection)}
    assert found == {"chen": ("chen@example.org", "wang"), "li": ("", ""), "wang": ("wang@example.org", "")}


async def test_process_of_outreach_reminds(house: AsyncEngine, office: PostOffice, tmp_path: Path) -> None:
    mail = {"host": "127.0.0.1", "port": office.port, "tls": "none", "sender": "weiran@example.org"}
    settings = GatewaySettings.model_validate({"data_dir": tmp_path, "outreach": {"mail": mail}})
    async with transaction(house) as connection:
        await put_handler(connection, Handler("chen", mail="chen@example.org"), NOW)
        await store.receive(connection, WAITED, "counter-manager", ZONE, now_ms() - 20 * DAY_MS)
    async with open_senders(settings, house) as senders:
        duty = asyncio.create_task(run_outreach(settings, house, senders))
        (letter,) = await office.came()
        duty.cancel()
        await asyncio.wait([duty])
    assert "【已逾期】投诉" in letter["Subject"]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("mail", "status"),
    [("demo@example.org", 204), ("nobody at example.org", 422)],
    ids=["address", "no address"],
)
async def test_api_takes_one_address_of_a_handler(shared: Console, mail: str, status: int) -> None:
    async with shared.client(Role.COUNTER_MANAGER.value) as client:
        answer = await client.put("/api/v1/handlers/operations", json={"mail": mail, "above": "counter-manager"})
        known = (await client.get("/api/v1/handlers")).json()
    assert answer.status_code == status
    assert status == 422 or [(one["mail"], one["above"]) for one in known] == [(mail, "counter-manager")]
