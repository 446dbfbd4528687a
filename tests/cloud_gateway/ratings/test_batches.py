"""Nobody is shown what fewer than k customers think of a clerk, and what waits because of a missing station is told."""

from __future__ import annotations

import pytest

from cloud_gateway.database import reading
from cloud_gateway.ratings.batches import Cell, find_ripe
from cloud_gateway.ratings.days import read_period
from cloud_gateway.ratings.reading import Seen, read_figures, read_own
from cloud_gateway.ratings.store_unplaced import Unplaced, list_unplaced
from cloud_gateway.stations.entries import StationEntry
from tests.cloud_gateway.ratings.hall import DAY, MIDNIGHT, NINE, ONE, STATION, TWO, Hall, rating, service

NOVEMBER = read_period("2026-11")


def cells(**rows: int) -> dict[Cell, int]:
    """Rows by counter and clerk: ``a7`` is clerk 7 at counter a, ``a`` counter a with nobody signed on."""
    return {Cell("s", "counter", name[0], name[1:]): n for name, n in rows.items()}


@pytest.mark.parametrize(
    ("waiting", "ripe"),
    [
        pytest.param(cells(a7=5), {"a7"}, id="k-of-both"),
        pytest.param(cells(a7=4), set(), id="too-few"),
        pytest.param(cells(a7=5, a8=4), {"a7"}, id="a-clerk-with-too-few"),
        pytest.param(cells(a7=3, a8=2, b7=2, b8=3), {"a7", "a8", "b7", "b8"}, id="added-up-over-counters"),
        pytest.param(cells(a7=3, b7=2), set(), id="counters-with-too-few"),
        pytest.param(cells(a7=4, a8=1, b8=5), {"b8"}, id="one-left-out-draws-another"),
        pytest.param(cells(a7=5, a=1), {"a7", "a"}, id="nobody-signed-on-is-no-clerk"),
        pytest.param({Cell("s", "phone", "", "7"): 3, Cell("s", "web", "", "7"): 3}, set(), id="channels"),
    ],
)
def test_an_entry_has_k_rows_of_each_counter_and_of_each_clerk(waiting: dict[Cell, int], ripe: set[str]) -> None:
    assert {cell.counter + cell.clerk for cell in find_ripe(waiting, 5)} == ripe


async def test_what_waits_over_the_end_of_its_day_goes_with_later_ones_under_its_own_day(hall: Hall) -> None:
    await hall.hear(*(rating(n) for n in range(3)))
    await hall.count()
    await hall.count(MIDNIGHT)
    assert await hall.released() == []
    await hall.hear(*(rating(n) for n in range(3, 5)), at=NINE + DAY)
    await hall.count(NINE + DAY)
    assert sorted(str(row["day"]) for row in await hall.released()) == ["2026-11-22"] * 3 + ["2026-11-23"] * 2


async def test_a_clerk_of_few_ratings_is_not_in_the_batch_of_another(hall: Hall) -> None:
    await hall.hear(*(rating(n) for n in range(5)), rating(5, clerk="2048"))
    await hall.count()
    assert [row["clerk"] for row in await hall.released()] == ["1024"] * 5


async def look(hall: Hall, staff: str) -> Seen:
    async with reading(hall.engine) as connection:
        return await read_figures(connection, NOVEMBER, 5, staff)


async def test_ratings_too_old_to_wait_are_in_figures_but_in_none_that_their_clerk_sees(hall: Hall) -> None:
    await hall.hear(rating(1, 1), rating(2, 3, clerk="2048"), service(1), service(2, clerk="2048"))
    await hall.close_day()
    everybody, clerk = await look(hall, "counter-manager"), await look(hall, "demo")
    async with reading(hall.engine) as connection:
        own = await read_own(connection, "demo", 5)
    assert own is not None
    assert own.counts == {}
    assert [one.n for one in everybody.tables[0].figures if one.level == "clerk"] == [1, 1]
    assert [(one.name, one.n) for one in clerk.tables[0].figures if one.level == "clerk"] == [("2048", 1)]
    assert (clerk.tables[0].figures[0].counts, clerk.unrated, clerk.apart) == ([0, 0, 1], [], "1024")


async def unplaced(hall: Hall) -> list[Unplaced]:
    async with reading(hall.engine) as connection:
        return await list_unplaced(connection)


async def test_a_terminal_of_no_station_is_told_until_it_is_entered_and_its_ratings_released(bare_hall: Hall) -> None:
    await bare_hall.hear(*(rating(n) for n in range(5)), service(1))
    await bare_hall.hear(service(2), device=TWO, at=NINE + 1)
    await bare_hall.count()
    assert await unplaced(bare_hall) == [Unplaced(ONE, 5, 1, NINE), Unplaced(TWO, 0, 1, NINE + 1)]
    await bare_hall.enter()
    await bare_hall.count()
    await bare_hall.count()
    assert (await unplaced(bare_hall), len(await bare_hall.released())) == ([], 5)


async def test_what_a_terminal_says_between_two_counters_counts_at_the_second(hall: Hall) -> None:
    facts = STATION.model_dump(exclude={"counter"})
    number = {"number": "1", "name": "Counter 1", "name_zh": "1 号窗口"}
    hall.now = NINE + 1
    await hall.enter(StationEntry.model_validate({**facts, "counter": [number | {"device": "terminal-03"}]}))
    await hall.hear(*(rating(n) for n in range(5)), at=NINE + 2)
    await hall.count()
    assert [one.device for one in await unplaced(hall)] == [ONE]
    hall.now = NINE + DAY
    await hall.enter(StationEntry.model_validate({**facts, "counter": [number | {"number": "3", "device": ONE}]}))
    await hall.count()
    await hall.count()
    assert (await unplaced(hall), len(await hall.released())) == ([], 5)
