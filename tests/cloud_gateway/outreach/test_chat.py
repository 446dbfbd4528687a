"""Chat by apprise to a real HTTP endpoint: what arrives, and what a failure says without naming an address."""

from __future__ import annotations

import logging

import pytest

from cloud_gateway.outreach.channels.chat import ChatSender
from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.sending import CannotSend
from deploy.servers import free_port
from tests.cloud_gateway.outreach.letters import letter, person
from tests.cloud_gateway.outreach.sinks import hook


async def test_chat_brings_the_words_as_they_are() -> None:
    async with hook() as sink:
        await ChatSender().send(letter(), person(chat=sink.address))
        (said,) = await sink.came()
    assert (said["title"], said["message"].strip(), said["type"]) == (
        letter().subject,
        letter().body.strip(),
        "warning",
    )


async def test_all_clear_looks_like_good_news() -> None:
    async with hook() as sink:
        await ChatSender().send(letter(change=Change.CLEARED), person(chat=sink.address))
        (said,) = await sink.came()
    assert said["type"] == "success"


async def test_service_that_fails_is_tried_again() -> None:
    async with hook() as sink:
        sink.status = 503
        with pytest.raises(CannotSend) as refused:
            await ChatSender().send(letter(), person(chat=sink.address))
    assert refused.value.retry


async def test_service_that_never_answers_costs_a_bounded_time() -> None:
    async with hook() as sink:
        sink.open.clear()
        with pytest.raises(CannotSend) as refused:
            await ChatSender(timeout_s=0.5).send(letter(), person(chat=sink.address))
    assert refused.value.retry


@pytest.mark.parametrize("address", ["", "nothing", "unknown://x/y"], ids=repr)
async def test_address_that_nobody_knows_is_refused_for_good(address: str) -> None:
    with pytest.raises(CannotSend) as refused:
        await ChatSender().send(letter(), person(chat=address))
    assert not refused.value.retry


class _Lines(logging.Handler):
    """What a process's own handler gets to see; caplog looks at loggers that tell nobody, too."""

    def __init__(self) -> None:
        super().__init__(0)
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said += record.getMessage()


async def test_no_log_line_and_no_error_holds_an_address() -> None:
    lines, root = _Lines(), logging.getLogger()
    before = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    address = f"json://user:s3cret@127.0.0.1:{free_port()}/t0ken"
    with pytest.raises(CannotSend) as refused:
        await ChatSender().send(letter(), person(chat=address))
    root.removeHandler(lines)
    root.setLevel(before)
    told = lines.said + str(refused.value)
    assert [word for word in ("s3cret", "t0ken", "127.0.0.1") if word in told] == []


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (403, False), (404, False), (408, True), (429, True), (500, True)], ids=str
)
async def test_only_what_the_service_will_never_take_is_refused_for_good(status: int, again: bool) -> None:
    async with hook() as sink:
        sink.status = status
        with pytest.raises(CannotSend, match=f"^the chat service says {status}$") as refused:
            await ChatSender().send(letter(), person(chat=sink.address))
    assert refused.value.retry is again
