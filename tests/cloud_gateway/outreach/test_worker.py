"""The worker: what leaves, what is tried again, and that nobody is in the way of anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cloud_gateway.outreach.model import Change, Channel, Recipient
from cloud_gateway.outreach.sending import CannotSend, Letter, Sender
from cloud_gateway.outreach.worker import GIVE_UP_MS, LONGEST_WAIT_MS, Worker, next_try
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.outreach.ground import AT, HOUR, Ground, ground
from tests.waiting import until


class Box:
    """A way to people that takes letters, or does what the recipient's name says: refuse, busy, hang, break."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, Letter]] = []

    async def send(self, letter: Letter, recipient: Recipient) -> None:
        self.letters.append((recipient.id, letter))
        if recipient.id == "hang":
            await asyncio.Event().wait()
        if recipient.id in ("refuse", "busy"):
            raise CannotSend("said so", retry=recipient.id == "busy")
        if recipient.id == "break":
            raise RuntimeError("a fault of the channel")

    def taken_by(self, name: str) -> list[Letter]:
        return [letter for who, letter in self.letters if who == name]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(tmp_path) as made:
        await made.add_sites("east", "west")
        yield made


@asynccontextmanager
async def working(place: Ground, senders: Mapping[Channel, Sender], clock: Clock) -> AsyncIterator[Worker]:
    worker = Worker(place.engine, senders, place.kit.key, clock, 0.02)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.wait([task])


async def states(place: Ground) -> dict[str, str]:
    return {row["recipient"]: row["state"] for row in await place.rows("SELECT recipient, state FROM message")}


async def until_state(place: Ground, name: str, state: str) -> None:
    await place.until(f"SELECT 1 FROM message WHERE recipient='{name}' AND state='{state}'")


async def test_a_message_leaves_with_its_link_and_the_link_is_not_stored(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    box = Box()
    async with working(place, {Channel.MAIL: box}, Clock()):
        await until_state(place, "lin", "sent")
    (letter,) = box.taken_by("lin")
    (row,) = await place.rows("SELECT body, token_hash FROM message")
    token = place.kit.key.token(letter.id)
    assert letter.body.endswith(f"https://example.org/a/{token}")
    assert token not in row["body"] + row["token_hash"]


async def test_one_bad_recipient_blocks_nobody_and_nobody_gets_a_thing_twice(place: Ground) -> None:
    people = ["hang", "break", "refuse", "busy", *(f"good-{number:02}" for number in range(20))]
    for name in people:
        await place.add_person(name, "east", "west")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    box = Box()
    async with working(place, {Channel.MAIL: box}, Clock()):
        for name in people[4:]:
            await until_state(place, name, "sent")
        await until_state(place, "refuse", "failed")
        await until_state(place, "busy", "queued")
        await until_state(place, "break", "queued")
    assert sorted(who for who, _ in box.letters) == sorted(people)
    assert (await states(place))["hang"] == "sending"


async def test_of_one_recipient_one_message_is_in_hand_at_a_time(place: Ground) -> None:
    await place.add_person("hang", "east", "west")
    await place.add_person("good", "west")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    await place.change(Change.RAISED, Level.MODERATE, "west")
    await place.plan()
    box = Box()
    async with working(place, {Channel.MAIL: box}, Clock()):
        await until(lambda: box.taken_by("hang"))
        await until_state(place, "good", "sent")
        await place.execute("UPDATE message SET state='queued' WHERE recipient='good'")
        await until(lambda: len(box.taken_by("good")) == 2)
    assert [letter.subject for letter in box.taken_by("hang")] == ["raised 3"]


async def test_what_could_not_be_sent_is_sent_again_the_same_when_its_time_comes(place: Ground) -> None:
    await place.add_person("busy", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    box, clock = Box(), Clock()
    async with working(place, {Channel.MAIL: box}, clock):
        await until(lambda: len(box.letters) == 1)
        await until_state(place, "busy", "queued")
        clock.now += HOUR
        await until(lambda: len(box.letters) == 2)
    first, second = box.taken_by("busy")
    assert first == second


async def test_an_overtaken_message_is_not_tried_again(place: Ground) -> None:
    await place.add_person("busy", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    await place.execute("UPDATE message SET state='sending', attempts=1")
    await place.change(Change.UPGRADED, Level.EXTREME, "east")
    await place.plan()
    box = Box()
    async with working(place, {Channel.MAIL: box}, Clock()):
        await until(lambda: len(box.letters) == 2)
        await place.until("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM message WHERE state='sending')")
    assert await place.told(where="state='superseded'") == [("busy", "", "raised 3", "east")]
    assert await place.told(where="state='queued'") == [("busy", "", "upgraded 4", "east")]


async def test_after_a_crash_what_was_in_hand_is_sent_again_the_same(place: Ground) -> None:
    await place.add_person("hang", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()
    before, after = Box(), Box()
    async with working(place, {Channel.MAIL: before}, Clock()):
        await until(lambda: before.letters)
    async with working(place, {Channel.MAIL: after}, Clock()):
        await until(lambda: after.letters)
    assert before.letters == after.letters


async def test_who_answers_before_the_sending_is_written_down_has_answered(place: Ground) -> None:
    await place.add_person("lin", "east")
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await place.plan()

    class Hasty(Box):
        async def send(self, letter: Letter, recipient: Recipient) -> None:
            await place.execute("UPDATE message SET state='answered'")

    async with working(place, {Channel.MAIL: Hasty()}, Clock()):
        await place.until("SELECT 1 FROM message WHERE sent_at IS NOT NULL")
    assert await states(place) == {"lin": "answered"}


async def test_a_message_is_not_sent_before_it_is_due(place: Ground) -> None:
    await place.add_person("late", "east")
    await place.add_person("now", "west")
    await place.change(Change.RAISED, Level.SEVERE, "east", "west")
    await place.plan()
    await place.execute(f"UPDATE message SET next_at={AT + HOUR} WHERE recipient='late'")
    box, clock = Box(), Clock()
    async with working(place, {Channel.MAIL: box}, clock):
        await until_state(place, "now", "sent")
        clock.now = AT + HOUR - 1
        await place.execute("UPDATE message SET state='queued' WHERE recipient='now'")
        await until(lambda: len(box.taken_by("now")) == 2)
        assert not box.taken_by("late")
        clock.now = AT + HOUR
        await until_state(place, "late", "sent")


@pytest.mark.parametrize(
    ("attempt", "age", "wait"),
    [(1, 0, 5_000), (2, 0, 10_000), (20, 0, LONGEST_WAIT_MS), (500, 0, LONGEST_WAIT_MS), (3, GIVE_UP_MS, None)],
    ids=["first", "second", "longest", "no overflow", "given up after a day"],
)
def test_tries_are_spaced_and_end(attempt: int, age: int, wait: int | None) -> None:
    due = next_try(attempt, AT - age, AT)
    assert due == (None if wait is None else AT + wait)
