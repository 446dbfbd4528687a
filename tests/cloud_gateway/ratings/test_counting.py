"""What terminals say is counted once, in whatever order it comes, and released so that nobody can tell whose it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence.entries import MAX_BYTES, seal_entry
from cloud_gateway.ratings.batches import MOST_ROWS, Waiting, choose_batches, count_entry
from cloud_gateway.ratings.days import read_period
from cloud_gateway.ratings.store_figures import read_additions, read_period_released
from cloud_gateway.ratings.store_taking import LOOK, place_strays
from cloud_gateway.ratings.store_web import list_stations
from cloud_gateway.ratings.tables import press
from cloud_gateway.stations.entries import StationEntry
from edge_agent.wire import ratings as wire
from tests.cloud_gateway.ingest.pieces import EPOCH, deliver
from tests.cloud_gateway.ratings.hall import (
    DAY,
    MIDNIGHT,
    NINE,
    ONE,
    STATION,
    TWO,
    WAITED,
    Hall,
    number_of,
    rating,
    service,
)


async def test_ratings_wait_until_there_are_k_of_a_counter(hall: Hall) -> None:
    await hall.hear(*(rating(n) for n in range(4)))
    await hall.hear(*(rating(n, counter="2") for n in range(10, 13)), device=TWO)
    await hall.count()
    assert await hall.entries("count") == []
    await hall.hear(rating(4))
    await hall.count()
    assert {str(row["id"]) for row in await hall.released()} == {number_of(n) for n in range(5)}


async def test_a_batch_is_in_the_order_of_its_ids_not_of_its_coming(hall: Hall) -> None:
    await hall.hear(*(rating(n) for n in range(8)))
    await hall.count()
    (batch,) = await hall.entries("count")
    ids = [str(row["id"]) for row in await hall.released()]
    assert ids == sorted(ids)
    assert ids != [number_of(n) for n in range(8)]
    assert batch["rows"] == await hall.released()


async def test_a_row_says_what_was_counted_with_the_waiting_time_in_whole_minutes(hall: Hall) -> None:
    await hall.hear(rating(1, 2))
    await hall.close_day()
    assert await hall.released() == [
        {
            "id": number_of(1),
            "scale": 3,
            "score": 2,
            "station": "harbour",
            "counter": "1",
            "clerk": "1024",
            "channel": "counter",
            "stage": "counter",
            "day": "2026-11-22",
            "wait_s": 180,
        }
    ]


@pytest.mark.parametrize(
    ("now", "released"), [(MIDNIGHT, 0), (WAITED - 1, 0), (WAITED, 2)], ids=["day-over", "still-waits", "too-old"]
)
async def test_what_is_fewer_than_k_waits_for_others_until_it_is_too_old(hall: Hall, now: int, released: int) -> None:
    await hall.hear(rating(1), rating(2))
    await hall.count()
    await hall.count(now)
    assert len(await hall.released()) == released


async def test_a_late_rating_waits_from_the_end_of_the_day_on_which_it_came(hall: Hall) -> None:
    await hall.count(NINE + DAY)
    await hall.hear(rating(1))
    await hall.count(NINE + DAY)
    await hall.count(WAITED)
    assert await hall.released() == []
    await hall.count(WAITED + DAY)
    assert [row["day"] for row in await hall.released()] == ["2026-11-22"]


async def test_a_frame_that_comes_again_counts_once(hall: Hall) -> None:
    payload = await hall.hear(*(rating(n) for n in range(5)), service(0))
    await hall.count()
    await hall.ground.take(deliver(payload, "up/record", device=ONE))
    await hall.close_day()
    assert len(await hall.released()) == 5
    assert [body["served"] for body in await hall.entries("service-day")] == [1]


async def test_a_window_counts_once_whatever_a_terminal_says(hall: Hall) -> None:
    again = wire.RatingBody(rating(1).window, "1", "1024", 3, 1, number_of("another"), None, 10)
    await hall.hear(rating(1), again, rating(1))
    await hall.close_day()
    assert [row["id"] for row in await hall.released()] == [number_of(1)]


async def test_a_rating_before_or_after_its_service_is_the_same(hall: Hall) -> None:
    await hall.hear(rating(1), service(1), service(2, answered=False), service(3, answered=False, why_not="no-event"))
    await hall.hear(rating(4))
    await hall.count()
    await hall.hear(service(4))
    await hall.close_day()
    assert await hall.entries("service-day") == [
        {
            "station": "harbour",
            "counter": "1",
            "clerk": "1024",
            "day": "2026-11-22",
            "served": 4,
            "invited": 3,
            "answered": 2,
            "not_invited": {"no-event": 1},
        }
    ]


async def test_services_that_come_after_their_day_was_closed_are_added_by_another_entry(hall: Hall) -> None:
    await hall.hear(service(1))
    await hall.close_day()
    await hall.hear(service(2))
    await hall.count()
    await hall.count(WAITED + DAY)
    assert [(body["day"], body["served"]) for body in await hall.entries("service-day")] == [("2026-11-22", 1)] * 2


async def test_records_are_looked_up_and_not_read_through(hall: Hall) -> None:
    await hall.hear(rating(1), rating(2))
    await hall.hear(rating(3, counter="2"), device=TWO)
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(hall.engine.sync_engine, "before_cursor_execute", lambda c, k, sql, v, *_: asked.append((sql, v)))
    await hall.count()
    async with reading(hall.engine) as connection:
        looks = [one for one in asked if "FROM record " in one[0]]
        plans = [await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in looks]
        steps = [row.detail for plan in plans for row in plan]
    assert [step.split()[:2] for step in steps if step.startswith(("SEARCH", "SCAN"))] == [["SEARCH", "record"]] * 2


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(lambda c: read_period_released(c, read_period("2026-11")), id="figures"),
        pytest.param(list_stations, id="stations-of-the-wall"),
        pytest.param(place_strays, id="strays"),
    ],
)
async def test_tables_that_grow_are_not_read_through(
    hall: Hall, look: Callable[[AsyncConnection], Awaitable[object]]
) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(hall.engine.sync_engine, "before_cursor_execute", lambda c, k, sql, v, *_: asked.append((sql, v)))
    async with reading(hall.engine) as connection:
        await look(connection)
        looks = [one for one in asked if one[0].startswith("SELECT")]
        plans = [await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in looks]
        steps = [row.detail.split()[:2] for plan in plans for row in plan]
    assert steps
    small = (["SCAN", "station"], ["SCAN", "clerk"], ["SCAN", "terminal"])
    assert [step for step in steps if step[0] == "SCAN" and step not in small] == []


async def test_a_score_beyond_its_scale_does_not_count_and_holds_up_nothing(hall: Hall) -> None:
    await hall.hear(rating(1, 5, scale=3), rating(2))
    await hall.close_day()
    assert [row["id"] for row in await hall.released()] == [number_of(2)]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"invited": False, "answered": False}, id="not-invited-without-a-reason"),
        pytest.param({"why_not": wire.NotInvited.NO_EVENT}, id="invited-with-a-reason-why-not"),
        pytest.param({"invited": False, "why_not": wire.NotInvited.NO_EVENT}, id="answered-without-invitation"),
    ],
)
async def test_a_service_that_contradicts_itself_does_not_count_and_holds_up_nothing(
    hall: Hall, said: dict[str, bool]
) -> None:
    await hall.hear(rating(1), service(1), msgspec.structs.replace(service(2), **said))
    await hall.close_day()
    assert [row["id"] for row in await hall.released()] == [number_of(1)]
    assert [body["served"] for body in await hall.entries("service-day")] == [1]


def test_a_batch_of_the_longest_rows_is_an_entry() -> None:
    name = "\x01" * 200
    rows = [
        Waiting(number_of(n), 3, 3, "s" * 32, name, name, "counter", "counter", "2026-11-22", 864_000, NINE)
        for n in range(MOST_ROWS + 1)
    ]
    full, rest = choose_batches(rows, 5, NINE)
    assert len(seal_entry(count_entry(full), NINE).body) <= MAX_BYTES
    assert len(rest) == 1


async def test_what_a_retired_terminal_says_keeps_no_other_from_its_station(hall: Hall) -> None:
    later = NINE + DAY
    hall.now = later
    replaced = {"number": "1", "name": "Counter 1", "name_zh": "1 号窗口", "device": "terminal-03"}
    await hall.enter(StationEntry.model_validate({**STATION.model_dump(exclude={"counter"}), "counter": [replaced]}))
    facts = {"epoch": EPOCH, "station": "", "counter": "1", "button": 3, "source": "pin"}
    facts |= {"counted": False, "reason": "no-window", "present": None}
    said = [{"device": ONE, "seq": n, "at": later + n, **facts} for n in range(LOOK)]
    async with transaction(hall.engine) as connection:
        await connection.execute(insert(press), [*said, {"device": TWO, "seq": 1, "at": later + DAY, **facts}])
        assert await place_strays(connection) == 1
        placed = await connection.execute(select(press.c.device, press.c.station).where(press.c.station != ""))
        assert [tuple(row) for row in placed] == [(TWO, "harbour")]


async def test_what_a_terminal_says_before_its_station_is_entered_counts_once_it_is(bare_hall: Hall) -> None:
    await bare_hall.hear(rating(1), service(1))
    await bare_hall.close_day()
    assert await bare_hall.released() == []
    await bare_hall.enter()
    await bare_hall.count()
    await bare_hall.count()
    assert [row["station"] for row in await bare_hall.released()] == ["harbour"]
    assert len(await bare_hall.entries("service-day")) == 1


async def test_what_customers_add_is_taken_once_and_read_once_their_ratings_are_released(hall: Hall) -> None:
    more = wire.RatingMoreBody(rating(1).window, number_of(1), ["manner"], True, 9)
    payload = await hall.hear(rating(1), more, wire.RatingMoreBody(rating(1).window, number_of(1), [], False, 0))
    await hall.count()
    await hall.ground.take(deliver(payload, "up/record", device=ONE))
    period = read_period("2026-11")
    async with reading(hall.engine) as connection:
        assert await read_additions(connection, period) == []
    await hall.close_day()
    async with reading(hall.engine) as connection:
        (added,) = await read_additions(connection, period)
    assert (added.station, added.settled, added.recommend, added.reasons) == ("harbour", True, 9, ["manner"])


async def test_the_secret_of_a_rating_opens_its_row(hall: Hall) -> None:
    secret = bytes(range(16))
    given = wire.RatingBody(rating(1).window, "1", "1024", 3, 3, wire.count_id(secret), None, 10)
    await hall.hear(given)
    await hall.close_day()
    assert [row["score"] for row in await hall.released() if row["id"] == wire.count_id(secret)] == [3]
