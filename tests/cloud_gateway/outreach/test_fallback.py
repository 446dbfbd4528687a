"""A message that does not leave by one way goes by the recipient's next one, as the same message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cloud_gateway.outreach.channels.call import CallSender
from cloud_gateway.outreach.channels.chat import ChatSender
from cloud_gateway.outreach.channels.mail import MailSender
from cloud_gateway.outreach.fallback import FailedWay, Trial, next_way
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.model import Change, Channel
from cloud_gateway.outreach.sending import Sender
from cloud_gateway.outreach.settings import Mail, Rung
from cloud_gateway.outreach.store_calls import list_calls
from cloud_gateway.outreach.worker import Worker
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.outreach.ground import AT, MINUTE, Ground, ground
from tests.cloud_gateway.outreach.letters import person
from tests.cloud_gateway.outreach.sinks import PostOffice, hook, post_office

CALL_OUT = Rung(name="call-out", lead_s=0, least=3, channel="mail", answer_within_s=900, tries=2)
ALL = (Channel.MAIL, Channel.CHAT, Channel.CALL)
PATIENCE = 5 * MINUTE


class Clock:
    """A clock that a test sets."""

    now = AT

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(tmp_path, (CALL_OUT,)) as made:
        await made.add_sites("east")
        yield made


@asynccontextmanager
async def working(place: Ground, office: PostOffice, clock: Clock) -> AsyncIterator[None]:
    """The worker with the real ways, a real mail server and whatever the chat addresses name."""
    mail = MailSender(Mail(host="127.0.0.1", port=office.port, tls="none", sender="desk@example.org"))
    chat = ChatSender()
    senders: dict[Channel, Sender] = {Channel.MAIL: mail, Channel.CHAT: chat, Channel.CALL: CallSender()}
    task = asyncio.create_task(Worker(place.engine, senders, place.kit.key, clock, 0.02, PATIENCE / 1000).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        chat.close()


async def ask(place: Ground, **ways: str) -> None:
    """The person on duty is asked for an answer."""
    await place.add_person("lin", **ways)
    await place.add_duty("lin")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    assert await place.plan() == 1


async def sent(place: Ground) -> dict[str, str]:
    """The one message, once it has left."""
    await place.until("SELECT 1 FROM message WHERE state='sent'")
    (row,) = await place.rows("SELECT id, channel, body, failed_ways FROM message")
    return {name: str(row[name]) for name in ("id", "channel", "body", "failed_ways")}


def left(row: dict[str, str]) -> list[tuple[str, bool, str]]:
    """The ways that it was taken from, whether for good, and why."""
    return [(one["channel"], one["lasting"], one["error"]) for one in json.loads(row["failed_ways"])]


async def test_address_that_mail_refuses_for_good_is_told_by_chat_with_the_same_link(place: Ground) -> None:
    async with hook() as sink, post_office() as office:
        office.to_recipient = "550 no such mailbox"
        await ask(place, chat=sink.address)
        async with working(place, office, Clock()):
            (said,) = await sink.came()
            row = await sent(place)
    assert said["message"].rstrip().endswith(f"https://example.org/a/{place.kit.key.token(row['id'])}")
    assert (row["channel"], left(row)) == ("chat", [("mail", True, "the mail server says 550 no such mailbox")])


async def test_ladder_goes_on_as_if_the_message_had_left_by_its_first_way(place: Ground) -> None:
    async with hook() as sink, post_office() as office:
        office.to_recipient = "550 no such mailbox"
        await ask(place, chat=sink.address)
        async with working(place, office, Clock()):
            row = await sent(place)
    await place.plan()
    assert await place.steps() == [("call-out", 1, "made")]
    await place.answer(row["id"], Choice.ACTING, AT + MINUTE)
    assert await place.steps() == [("call-out", 1, "answered")]


@pytest.mark.parametrize("status", [404, 401])
async def test_chat_that_refuses_for_good_falls_back_to_mail(place: Ground, status: int) -> None:
    async with hook() as sink, post_office() as office:
        sink.status = status
        await ask(place, mail="", chat=sink.address)
        await place.execute("UPDATE recipient SET mail='lin@example.org'")
        async with working(place, office, Clock()):
            (letter,) = await office.came()
            row = await sent(place)
    assert row["id"] in str(letter["Message-ID"])
    assert (row["channel"], left(row)) == ("mail", [("chat", True, f"the chat service says {status}")])


async def test_way_that_is_away_is_waited_for_as_long_as_is_set(place: Ground) -> None:
    clock = Clock()
    async with hook() as sink, post_office() as office:
        office.to_data = "451 come back later"
        await ask(place, chat=sink.address)
        async with working(place, office, clock):
            await place.until("SELECT 1 FROM message WHERE state='queued' AND attempts=1")
            clock.now = AT + PATIENCE - 1
            await place.until("SELECT 1 FROM message WHERE state='queued' AND attempts=2")
            assert (len(sink.bodies), await channel_of(place)) == (0, "mail")
            clock.now = AT + PATIENCE + MINUTE
            row = await sent(place)
    assert (row["channel"], len(sink.bodies), left(row)[0][:2]) == ("chat", 1, ("mail", False))


async def test_who_has_only_a_telephone_left_is_on_the_call_sheet_without_a_link_to_read_out(place: Ground) -> None:
    async with hook() as sink, post_office() as office:
        office.to_recipient, sink.status = "550 no such mailbox", 404
        await ask(place, chat=sink.address, phone="555-0107")
        async with working(place, office, Clock()):
            row = await sent(place)
    async with place.engine.connect() as connection:
        (call,) = await list_calls(connection, AT + MINUTE)
    assert (row["channel"], [way for way, *_ in left(row)]) == ("call", ["mail", "chat"])
    assert (call.message, "weiran-answer-link" in call.body) == (row["id"], False)


async def test_who_has_no_other_way_has_failed_and_the_next_person_is_asked(place: Ground) -> None:
    await place.add_person("zhou", "east", least=4)
    async with post_office() as office:
        office.to_recipient = "550 no such mailbox"
        await ask(place)
        async with working(place, office, Clock()):
            await place.until("SELECT 1 FROM message WHERE recipient='lin' AND state='failed'")
            await place.plan()
    assert await place.steps() == [("call-out", 1, "escalated"), ("call-out", 2, "made")]


def trial(channel: Channel, *failed: tuple[Channel, bool]) -> Trial:
    """A person with mail, chat and telephone, whose message has come to `channel` past others that failed."""
    ways = [FailedWay(way, AT, "why", lasting, number) for number, (way, lasting) in enumerate(failed, 1)]
    who = person(mail="lin@example.org", chat="json://example.org", phone="555-0107")
    return Trial(who, channel, AT, len(ways) + 1, ways)


@pytest.mark.parametrize(
    ("one", "lasting", "now", "goal"),
    [
        (trial(Channel.MAIL), True, AT, Channel.CHAT),
        (trial(Channel.CHAT), True, AT, Channel.MAIL),
        (trial(Channel.MAIL), False, AT + PATIENCE - 1, None),
        (trial(Channel.MAIL), False, AT + PATIENCE, Channel.CHAT),
        (trial(Channel.CHAT, (Channel.MAIL, True)), True, AT, Channel.CALL),
        (trial(Channel.CALL, (Channel.MAIL, True), (Channel.CHAT, True)), True, AT, None),
        (trial(Channel.NOTICE), True, AT, None),
    ],
    ids=[
        "refused mail",
        "refused chat",
        "not for long",
        "long",
        "third way",
        "a call asks the next person",
        "a device",
    ],
)
def test_next_way(one: Trial, lasting: bool, now: int, goal: Channel | None) -> None:
    assert next_way(one, ALL, lasting, now, PATIENCE) is goal


def test_way_that_was_only_away_is_gone_back_to_when_the_last_one_refuses_for_good() -> None:
    gone = trial(Channel.CHAT, (Channel.MAIL, False))
    assert next_way(gone, (Channel.MAIL, Channel.CHAT), True, AT, PATIENCE) is Channel.MAIL


def test_ways_that_only_stay_away_are_not_gone_round_in_a_circle() -> None:
    gone = trial(Channel.CHAT, (Channel.MAIL, False))
    assert next_way(gone, (Channel.MAIL, Channel.CHAT), False, AT + 2 * PATIENCE, PATIENCE) is None


async def channel_of(place: Ground) -> str:
    (row,) = await place.rows("SELECT channel FROM message")
    return str(row["channel"])
