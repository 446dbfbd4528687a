"""Notices to devices: what the open events at their site say, on a real broker, and gone with the all-clear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.channels.notice import NoticeSender
from cloud_gateway.outreach.facts import Official
from cloud_gateway.outreach.notices import NoticeBoard, Notices
from cloud_gateway.outreach.noticing import MAX_TEXT, Danger, make_entries, make_entry
from cloud_gateway.outreach.sending import CannotSend
from cloud_gateway.outreach.store_notices import find_standing, read_notice
from cloud_gateway.warnings.model import Level
from deploy.servers import Server
from edge_agent.wire.link import connect
from edge_agent.wire.messages import MAX_NOTICE_BYTES, Notice
from edge_agent.wire.session import Delivery
from tests.cloud_gateway.outreach.letters import letter, person
from tests.cloud_gateway.outreach.questions import add_event
from tests.cloud_gateway.outreach.words import AT, TEXT, info, official
from tests.databases import make_database
from tests.links import ear_of, secured
from tests.waiting import until


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    make_database(tmp_path / "gateway.db")
    made = open_database(tmp_path / "gateway.db")
    yield made
    await made.dispose()


async def endanger(engine: AsyncEngine, device: str) -> str:
    """An open event at the site where the device stands."""
    async with transaction(engine) as connection:
        event, site = await add_event(connection)
        await connection.execute(insert(t.placement).values(device=device, site=site, since=0))
    return event


async def clear(engine: AsyncEngine, event: str) -> None:
    async with transaction(engine) as connection:
        this = hazard_event.c.id == event
        await connection.execute(update(hazard_event).where(this).values(closed_at=AT, holds=0, level=0))


async def noticed(engine: AsyncEngine, device: str) -> Notice:
    async with reading(engine) as connection:
        return await read_notice(connection, device)


@asynccontextmanager
async def bringing(notices: Notices, broker: Server, device: str) -> AsyncIterator[list[Notice]]:
    """What somebody at the device's topic hears while ingest brings notices to the broker."""
    heard: list[Notice] = []

    def hear(delivery: Delivery) -> None:
        heard.append(msgspec.json.decode(delivery.payload, type=Notice))

    options = replace(secured(broker, ear_of(device)), session_expiry_s=0)
    async with connect(options, hear) as connection:
        await connection.subscribe([f"weiran/1/{device}/notice"])
        publishing = asyncio.create_task(notices.publish(connection))
        yield heard
        publishing.cancel()
        await asyncio.wait([publishing])


async def test_device_hears_of_the_danger_at_its_site_and_of_the_end(
    engine: AsyncEngine, broker: Server, device: str
) -> None:
    event, board = await endanger(engine, device), NoticeBoard(engine)
    assert await board.post(AT) == 1
    async with bringing(Notices(engine), broker, device) as heard:
        await until(lambda: heard)
        await clear(engine, event)
        assert await board.post(AT + 1) == 1
        await until(lambda: len(heard) > 1)
    assert [(one.version, [entry.event for entry in one.entries]) for one in heard] == [(1, [event]), (2, [])]


async def test_notice_is_said_again_on_a_new_connection_and_retained(
    engine: AsyncEngine, broker: Server, device: str
) -> None:
    await endanger(engine, device)
    await NoticeBoard(engine).post(AT)
    ingest = Notices(engine)
    async with bringing(ingest, broker, device) as first:
        await until(lambda: first)
    async with bringing(ingest, broker, device) as second:
        await until(lambda: len(second) == 2)  # the retained one, and the one said again
    assert first + second == [first[0]] * 3


async def test_nothing_new_writes_nothing(engine: AsyncEngine, device: str) -> None:
    await endanger(engine, device)
    boards = [NoticeBoard(engine), NoticeBoard(engine)]
    assert [await boards[0].post(AT), await boards[0].post(AT + 1), await boards[1].post(AT + 2)] == [1, 0, 0]
    assert (await noticed(engine, device)).at == AT


async def test_device_that_is_moved_away_shows_nothing_any_more(engine: AsyncEngine, device: str) -> None:
    await endanger(engine, device)
    board = NoticeBoard(engine)
    await board.post(AT)
    async with transaction(engine) as connection:
        await connection.execute(update(t.placement).where(t.placement.c.device == device).values(until=AT))
    assert await board.post(AT + 1) == 1
    assert (await noticed(engine, device)).entries == []


async def test_message_by_notice_is_sent_once_the_broker_has_it(
    engine: AsyncEngine, broker: Server, device: str
) -> None:
    await endanger(engine, device)
    sender, target = NoticeSender(engine), person(device=device)
    with pytest.raises(CannotSend) as early:
        await sender.send(letter(), target)
    await NoticeBoard(engine).post(AT)
    with pytest.raises(CannotSend) as waiting:
        await sender.send(letter(), target)
    async with bringing(Notices(engine), broker, device):
        async with asyncio.timeout(40):
            while len(set(await _standing(engine, device))) > 1:  # noqa: ASYNC110 - a row has no event
                await asyncio.sleep(0.01)
        await sender.send(letter(), target)
    with pytest.raises(CannotSend) as never:
        await sender.send(letter(), person())
    assert (early.value.retry, waiting.value.retry, never.value.retry) == (True, True, False)


async def _standing(engine: AsyncEngine, device: str) -> tuple[int, int]:
    async with reading(engine) as connection:
        found = await find_standing(connection, device)
    assert found is not None
    return found.version, found.said_version


def danger(event: str, holds: Level, level: Level, behind: Official | None = None, gauge: str = "") -> Danger:
    return Danger(event, "rainstorm", holds, level, AT, gauge, False, behind)


def test_official_words_are_relayed_unchanged() -> None:
    entry = make_entry(danger("e", Level.SEVERE, Level.SEVERE, official(info("en", "rain"), info("zh-CN", TEXT))))
    assert (entry.official, entry.issuer, entry.text, entry.color, entry.cut) == (
        True,
        "浦东气象台",
        TEXT,
        "orange",
        False,
    )


def test_own_gauge_shows_no_official_sign() -> None:
    entry = make_entry(danger("e", Level.SEVERE, Level.SEVERE, gauge="tide-01/surge"))
    assert (entry.official, entry.color, entry.issuer, entry.text) == (False, "", "", "")


def test_what_holds_stands_before_what_is_to_come() -> None:
    dangers = [
        danger("later", Level.NONE, Level.EXTREME),
        danger("slight", Level.MINOR, Level.MINOR),
        danger("grave", Level.SEVERE, Level.SEVERE),
        danger("over", Level.NONE, Level.NONE),
    ]
    assert [(one.event, one.holds) for one in make_entries(dangers)] == [
        ("grave", True),
        ("slight", True),
        ("later", False),
    ]


def test_fullest_notice_can_travel() -> None:
    behind = official(info("zh-CN", "雨" * (MAX_TEXT + 1), headline="雨" * 600))
    entries = make_entries([danger(f"e{n}", Level.SEVERE, Level.SEVERE, behind) for n in range(30)])
    payload = msgspec.json.encode(Notice(1, entries, AT))
    assert len(payload) <= MAX_NOTICE_BYTES
    assert msgspec.json.decode(payload, type=Notice).entries == entries
    assert (len(entries), entries[0].cut) == (16, True)
