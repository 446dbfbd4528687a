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


async def test_no_log_line_and_no_error_holds_an_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    address = f"json://user:s3cret@127.0.0.1:{free_port()}/t0ken"
    with pytest.raises(CannotSend) as refused:
        await ChatSender().send(letter(), person(chat=address))
    told = caplog.text + str(refused.value)
    assert [word for word in ("s3cret", "t0ken", "127.0.0.1") if word in told] == []
