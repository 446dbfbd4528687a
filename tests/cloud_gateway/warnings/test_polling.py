"""Sources polled over real HTTP into a real database: what is taken, when it is asked again, when silence alarms."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from ssl import create_default_context

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.events.store import list_events
from cloud_gateway.warnings.fetching import Answer, Ask, Bounds, Fetcher
from cloud_gateway.warnings.freshness import Health, judge, next_poll, read_patience
from cloud_gateway.warnings.polling import MOST_DOCUMENTS, Poller, run_sources
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store_sources import MOST_TRIES, SourceState, find_source
from cloud_gateway.warnings.tables import alert, alert_refused
from tests.cloud_gateway.warnings.documents import atom, cap_xml
from tests.cloud_gateway.warnings.messages import at
from tests.cloud_gateway.warnings.publisher import Publisher, Reply, publishing

FETCHER = Fetcher(Bounds(total_s=30), create_default_context())
MINUTE = 60_000
NOON = at(12)


@pytest_asyncio.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with publishing() as server:
        yield server


def source(url: str, **changes: object) -> Source:
    made = {"name": "office", "kind": "feed", "url": url, "private_addresses": True}
    return Source.model_validate(made | changes)


async def poll(engine: AsyncEngine, one: Source, *times: int) -> int:
    for now in times:
        due = await Poller(engine, one, FETCHER).poll(now)
    return due


async def state(engine: AsyncEngine) -> SourceState:
    async with transaction(engine) as connection:
        return await find_source(connection, "office", 0)


async def identifiers(engine: AsyncEngine) -> list[str]:
    async with reading(engine) as connection:
        return sorted(await connection.scalars(select(alert.c.identifier)))


async def told(engine: AsyncEngine) -> list[str]:
    return [json.loads(one.body)["state"] for one in await list_events(engine, 0, 1000) if one.topic == "source"]


async def test_an_alert_is_taken_and_not_asked_for_again(engine: AsyncEngine, publisher: Publisher) -> None:
    url = publisher.script("/cap", Reply(body=cap_xml("A"), headers=('ETag: "1"',)), Reply(304))
    due = await poll(engine, source(url), NOON, NOON + MINUTE)
    found = await state(engine)
    assert await identifiers(engine) == ["A"]
    assert publisher.requests[1].headers["if-none-match"] == '"1"'
    assert (found.answered_at, found.changed_at, found.etag, due) == (NOON + MINUTE, NOON, '"1"', NOON + 2 * MINUTE)


async def test_another_address_is_not_asked_by_the_tags_of_the_first(engine: AsyncEngine, publisher: Publisher) -> None:
    tags = ('ETag: "1"', "Last-Modified: Mon, 20 Jul 2026 01:00:00 GMT")
    first = publisher.script("/first", Reply(body=cap_xml("A"), headers=tags))
    second = publisher.script("/second", Reply(body=cap_xml("B"), headers=tags), Reply(304))
    await poll(engine, source(first), NOON)
    await poll(engine, source(second), NOON + MINUTE, NOON + 2 * MINUTE)
    _first, changed, again = (request.headers for request in publisher.requests)
    assert ("if-none-match" in changed, "if-modified-since" in changed, again["if-none-match"]) == (False, False, '"1"')


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660], ids="{:o}".format)
async def test_a_token_that_others_may_read_is_not_used(
    engine: AsyncEngine, publisher: Publisher, tmp_path: Path, mode: int
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token\n")
    token.chmod(mode)
    await poll(engine, source(publisher.script("/cap", Reply(body=cap_xml("A"))), token_file=token), NOON)
    said = f"settings: {token} may be read by others (mode {mode:04o}); run: chmod 600 {token}"
    assert ((await state(engine)).error, publisher.requests) == (said, [])


async def test_nothing_is_asked_before_its_time(engine: AsyncEngine, publisher: Publisher) -> None:
    url = publisher.script("/cap", Reply(body=cap_xml("A")))
    await poll(engine, source(url), NOON, NOON + 59_999, NOON + 60_000)
    assert publisher.times("/cap") == 2


async def test_an_index_leads_to_its_messages_each_once(engine: AsyncEngine, publisher: Publisher) -> None:
    for name in "AB":
        publisher.script(f"/{name}", Reply(body=cap_xml(name)))
    links = [("/A", "2026-07-20T01:00:00Z"), ("/B", "2026-07-20T01:00:00Z"), ("/A", "2026-07-20T01:00:00Z")]
    url = publisher.script("/feed", Reply(body=atom(links)))
    await poll(engine, source(url), NOON, NOON + MINUTE, NOON + 2 * MINUTE)
    assert await identifiers(engine) == ["A", "B"]
    assert (publisher.times("/feed"), publisher.times("/A"), publisher.times("/B")) == (3, 1, 1)


async def test_a_link_that_the_index_calls_newer_is_fetched_again(engine: AsyncEngine, publisher: Publisher) -> None:
    publisher.script("/now", Reply(body=cap_xml("A")), Reply(body=cap_xml("B", 2)))
    url = publisher.script(
        "/feed",
        Reply(body=atom([("/now", "2026-07-20T01:00:00Z")])),
        Reply(body=atom([("/now", "2026-07-20T02:00:00Z")])),
    )
    await poll(engine, source(url), NOON, NOON + MINUTE, NOON + 2 * MINUTE)
    assert (await identifiers(engine), publisher.times("/now")) == (["A", "B"], 2)


async def test_a_link_that_fails_is_tried_again_though_the_index_has_not_changed(
    engine: AsyncEngine, publisher: Publisher
) -> None:
    publisher.script("/A", Reply(500), Reply(body=cap_xml("A")))
    url = publisher.script("/feed", Reply(body=atom([("/A", "2026-07-20T01:00:00Z")])), Reply(304))
    await poll(engine, source(url), NOON, NOON + MINUTE, NOON + 2 * MINUTE)
    assert (await identifiers(engine), publisher.times("/A")) == (["A"], 2)


async def test_a_link_is_given_up_after_some_tries(
    engine: AsyncEngine, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    url = publisher.script("/feed", Reply(body=atom([("/gone", "2026-07-20T01:00:00Z")])))
    await poll(engine, source(url), *(NOON + hour * 60 * MINUTE for hour in range(MOST_TRIES + 3)))
    assert publisher.times("/gone") == MOST_TRIES
    said = [record.getMessage().partition(":")[0] for record in caplog.records]
    assert said == ["linked document not got", "linked document given up"]


async def test_bad_entries_and_links_do_not_stop_the_rest(engine: AsyncEngine, publisher: Publisher) -> None:
    publisher.script("/A", Reply(body=b"<alert><!-- cut"))
    publisher.script("/B", Reply(302, headers=("Location: http://169.254.169.254/",)))
    publisher.script("/C", Reply(body=cap_xml("C")))
    day = "2026-07-20T01:00:00Z"
    index = atom([("/A", day), ("/B", day), ("file:///etc/passwd", day), ("/C", day)], "<entry><id>n</id></entry>")
    await poll(engine, source(publisher.script("/feed", Reply(body=index))), NOON)
    async with reading(engine) as connection:
        codes = sorted(await connection.scalars(select(alert_refused.c.code)))
    assert (await identifiers(engine), codes) == (["C"], ["no_link", "no_link", "xml_malformed"])
    assert (await state(engine)).error == ""


async def test_a_long_index_is_worked_off_in_turns(engine: AsyncEngine, publisher: Publisher) -> None:
    names = [f"N{number:03}" for number in range(MOST_DOCUMENTS + 3)]
    for name in names:
        publisher.script(f"/{name}", Reply(body=cap_xml(name)))
    url = publisher.script("/feed", Reply(body=atom((f"/{name}", "2026-07-20T01:00:00Z") for name in names)))
    assert await poll(engine, source(url), NOON) == NOON
    await poll(engine, source(url), NOON)
    assert (await identifiers(engine), publisher.times("/feed")) == (names, 1)


async def test_failures_are_kept_and_asked_more_rarely(
    engine: AsyncEngine, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    url = publisher.script(
        "/cap", Reply(500), Reply(500), Reply(503, headers=("Retry-After: 600",)), Reply(200, cap_xml("A"))
    )
    caplog.set_level(logging.INFO)
    waits = []
    now = NOON
    for _ in range(4):
        due = await poll(engine, source(url, silent_after_s=600_000), now)
        waits.append((due - now) // 1000)
        now = due
    found = await state(engine)
    assert waits == [60, 120, 600, 60]
    assert (found.failures, found.error) == (0, "")
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("cloud_gateway.warnings")]
    assert logged == [
        "source gives no good answer: http_status: HTTP status 500",
        "source gives no good answer: http_status: HTTP status 503",
        "source answers again",
    ]
    assert await told(engine) == ["failing", "failing", "fresh"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(body=b"<html><body>Sorry</body></html>"), "unreadable: "),
        (Reply(body=b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"), "unreadable: "),
        (Reply(body=b""), "unreadable: "),
        (Reply(404), "http_status: HTTP status 404"),
        (Reply(302, headers=("Location: http://127.0.0.1:1/",)), "private_address: "),
    ],
    ids=["a page", "doctype", "nothing", "404", "led inside"],
)
async def test_what_is_no_warning_is_no_good_answer(
    engine: AsyncEngine, publisher: Publisher, reply: Reply, error: str
) -> None:
    await poll(engine, source(publisher.script("/cap", reply)), NOON)
    found = await state(engine)
    assert (found.failures, found.answered_at) == (1, None)
    assert found.error.startswith(error)


async def test_an_empty_index_is_a_good_answer(engine: AsyncEngine, publisher: Publisher) -> None:
    await poll(engine, source(publisher.script("/feed", Reply(body=atom([])))), NOON)
    assert (await state(engine)).answered_at == NOON


async def test_a_silent_source_raises_its_alarm_once_until_it_answers(
    engine: AsyncEngine, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    url = publisher.script("/cap", Reply(body=cap_xml("A")), Reply(500))
    quiet = source(url, silent_after_s=600)
    await poll(engine, quiet, NOON, NOON + 2 * MINUTE)
    assert (await state(engine)).silent_since is None
    alarm = NOON + 600_001
    await poll(engine, quiet, alarm, alarm + MINUTE)
    assert (await state(engine)).silent_since == alarm
    assert sum("ALARM" in record.getMessage() for record in caplog.records) == 1
    publisher.script("/cap", Reply(304))
    await poll(engine, quiet, alarm + 60 * MINUTE)
    assert (await state(engine)).silent_since is None
    assert await told(engine) == ["failing", "silent", "fresh"]


async def test_the_alarm_does_not_wait_for_the_next_try(engine: AsyncEngine, publisher: Publisher) -> None:
    quiet = source(publisher.script("/cap", Reply(500)), every_s=3600, silent_after_s=30)
    assert await poll(engine, quiet, NOON) == NOON + 30_001


async def test_a_source_that_is_pushed_can_be_silent_too(engine: AsyncEngine) -> None:
    pushed = source("", kind="push", silent_after_s=30)
    assert await poll(engine, pushed, NOON) == NOON + 10_000
    await poll(engine, pushed, NOON + 40_000)
    assert await told(engine) == ["silent"]


async def test_messages_of_other_senders_are_refused_where_senders_are_named(
    engine: AsyncEngine, publisher: Publisher
) -> None:
    url = publisher.script("/cap", Reply(body=cap_xml("A")))
    await poll(engine, source(url, senders=("another@example.org",)), NOON)
    async with reading(engine) as connection:
        assert list(await connection.scalars(select(alert_refused.c.code))) == ["sender_not_listed"]
    assert await identifiers(engine) == []


class Faulty(Fetcher):
    """Fails at one address as nobody has foreseen."""

    async def fetch(self, ask: Ask) -> Answer:
        if ask.url.endswith("/faulty"):
            raise RuntimeError("unforeseen")
        return await super().fetch(ask)


async def test_all_sources_run_beside_a_broken_one(engine: AsyncEngine, publisher: Publisher, tmp_path: Path) -> None:
    good = source(publisher.script("/good", Reply(body=cap_xml("A"))), name="good")
    bad = source(publisher.script("/bad", Reply(then=b"-")), name="bad")
    without = source(publisher.origin, name="without", token_file=tmp_path / "none")
    faulty = source(publisher.origin + "/faulty", name="faulty")
    fetcher = Faulty(Bounds(total_s=30), create_default_context())
    running = asyncio.create_task(run_sources(engine, [faulty, bad, without, good], fetcher, lambda: NOON))
    await publisher.asked("/bad")
    async with asyncio.timeout(60):
        while await identifiers(engine) != ["A"]:  # noqa: ASYNC110 - rows of another task have no event
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


def test_waits_grow_to_a_quarter_of_an_hour() -> None:
    waits = [next_poll(60, failures, 0, 0) // 1000 for failures in range(7)]
    assert waits == [60, 60, 120, 240, 480, 900, 900]
    assert next_poll(7200, 3, 0, 0) == 7_200_000


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("120", 120),
        ("99999999999999", 3600),
        ("-5", 0),
        ("", 0),
        ("soon", 0),
        ("Mon, 20 Jul 2026 12:05:00 GMT", 300),
        ("Mon, 20 Jul 2026 11:00:00 GMT", 0),
        ("Mon, 99 Jul 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read_both_ways(text: str, wait_s: int) -> None:
    assert read_patience(text, NOON) == wait_s


@pytest.mark.parametrize(
    ("answered_at", "failures", "silent", "word"),
    [
        (None, 0, False, Health.WAITING),
        (1, 0, False, Health.FRESH),
        (1, 2, False, Health.FAILING),
        (1, 2, True, Health.SILENT),
    ],
)
def test_one_word_says_how_a_source_does(answered_at: int | None, failures: int, silent: bool, word: Health) -> None:
    assert judge(answered_at, failures, silent=silent) is word
