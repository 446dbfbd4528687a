"""A link that is kept up: it comes back after every loss, and hides no mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.servers import Server, start_mosquitto
from edge_agent.wire.link import connect
from edge_agent.wire.session import LinkOptions, Session, draw_wait_s, stay_connected
from tests.edge_agent.wire.inbox import LIMIT_S, Inbox
from tests.edge_agent.wire.relay import open_relay
from tests.links import FREE_TOPICS, secured


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Server]:
    """A broker that this test may kill."""
    with start_mosquitto(tmp_path / "broker", extra_rights=FREE_TOPICS) as server:
        yield server


class Duty:
    """Keeps a link up and tells of every connection."""

    def __init__(self, options: LinkOptions, topic: str) -> None:
        self.inbox = Inbox()
        self.up: asyncio.Queue[Session] = asyncio.Queue()
        self._options = options
        self._topic = topic

    async def run(self) -> None:
        await stay_connected(self._prepare, self.inbox, self._serve, connect=connect, longest_wait_s=0.2)

    async def _prepare(self) -> LinkOptions:
        return self._options

    async def _serve(self, connection: Session) -> None:
        await connection.subscribe([self._topic])
        self.up.put_nowait(connection)
        await asyncio.Event().wait()

    async def next_up(self) -> Session:
        return await asyncio.wait_for(self.up.get(), LIMIT_S)


async def test_link_is_back_after_every_restart_of_the_broker(own_broker: Server, device: str) -> None:
    duty = Duty(secured(own_broker, device), "test/again")
    running = asyncio.create_task(duty.run())
    await duty.next_up()
    for _ in range(3):
        own_broker.kill()
        await asyncio.to_thread(own_broker.restart)
        connection = await duty.next_up()
        await asyncio.wait_for(connection.publish("test/again", b"x"), LIMIT_S)
        assert [d.payload for d in await duty.inbox.take(1)] == [b"x"]
    running.cancel()
    await asyncio.wait([running])


async def test_many_links_of_one_process_come_back_after_their_lines_break(broker: Server, device: str) -> None:
    async with open_relay(broker.port) as relay:
        duties = [Duty(replace(secured(broker, f"{device}-{n}"), port=relay.port), f"test/{n}") for n in range(20)]
        running = [asyncio.create_task(duty.run()) for duty in duties]
        for duty in duties:
            await duty.next_up()
        for _ in range(3):
            relay.cut()
            for duty in duties:
                connection = await duty.next_up()
                await asyncio.wait_for(connection.publish("test/any", b"x"), LIMIT_S)
        for task in running:
            task.cancel()
        await asyncio.wait(running)


async def test_mistake_of_a_duty_is_not_swallowed(broker: Server, device: str) -> None:
    async def prepare() -> LinkOptions:
        return secured(broker, device)

    async def fail(connection: Session) -> None:
        raise ZeroDivisionError("a mistake")

    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(stay_connected(prepare, Inbox(), fail, connect=connect), LIMIT_S)
    assert caught.group_contains(ZeroDivisionError)


@pytest.mark.parametrize("failures", [1, 7, 5_000])
def test_wait_between_attempts_is_bounded_however_long_the_device_is_cut_off(failures: int) -> None:
    assert 0.1 <= draw_wait_s(failures, longest_s=60.0) <= 60.0
