"""A round that is cut into parts, or ended by a kill between two of them, and alarms between two rounds."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update

from cloud_gateway import tables as t
from cloud_gateway.database import transaction
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.settling import Settling
from cloud_gateway.exposures.tables import gateway_alarm, hazard_event
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.store_courses import follow_all
from tests.cloud_gateway.exposures.ground import Ground, alarm, coded, ground_in
from tests.cloud_gateway.warnings.messages import alert, at, info, key

YELLOW = alert("A", 1, info("yellow", places="310115", ends=20))
RED = alert("R", 1, info("red", places="310104", ends=20, hazard="gale"))
OVER = alert("B", 2, info("orange", places="310115", ends=20, hazard="gale"))
UPDATED = alert("C", 3, info("orange", places="310104", ends=20), refs=(key("A", 1),), kind="Update")
ROUNDS = [(1.0, (YELLOW, RED)), (2.0, (OVER,)), (3.0, (UPDATED,))]


async def play(folder: Path, blank: Path, most_sites: int) -> list[str]:
    """Rounds over seven sites, so many sites in a transaction."""
    async with ground_in(folder, blank) as ground:
        ground.most_sites = most_sites
        for number in range(7):
            await ground.add_site(f"site-{number}", coded("310115" if number % 2 else "310104"))
        for hour, alerts in ROUNDS:
            await ground.take(at(hour), *alerts)
        return [*await ground.told(), *await ground.exposures()]


async def test_a_round_in_parts_ends_like_one_in_a_whole(tmp_path: Path, blank: Path) -> None:
    whole = await play(tmp_path / "whole", blank, 100)
    assert len(whole) > 14
    assert await play(tmp_path / "ones", blank, 1) == whole
    assert await play(tmp_path / "threes", blank, 3) == whole


async def killed_after(ground: Ground, now: int, parts: int, most_sites: int) -> None:
    """A round whose process ends after so many transactions."""
    going = ground.settling.parts(ground.engine, now, most_sites=most_sites)
    done = [await anext(going) for _ in range(parts)]
    await going.aclose()
    assert len(done) == parts


async def followed(ground: Ground, now: int, *alerts: Alert) -> None:
    """Messages come in and are followed, and not yet settled."""
    await ground.save(now, *alerts)
    async with transaction(ground.engine) as connection:
        await follow_all(connection, now)


async def test_a_kill_between_two_parts_loses_and_doubles_nothing(ground: Ground) -> None:
    for number in range(5):
        await ground.add_site(f"site-{number}", coded("310115"))
    await followed(ground, at(1), YELLOW)
    await killed_after(ground, at(1), parts=1, most_sites=2)
    assert len(await ground.told()) == 2
    ground.settling = Settling(Gauges())
    assert (await ground.look(at(1.1))).events == 3
    assert sorted(await ground.told()) == [f"site-{number} rainstorm raised 2" for number in range(5)]
    assert (await ground.look(at(1.2))).warnings == 0


async def test_the_gravest_sites_are_written_first(ground: Ground) -> None:
    for number in range(4):
        await ground.add_site(f"site-{number}", coded("310104" if number == 2 else "310115"))
    await followed(ground, at(1), YELLOW, RED)
    await killed_after(ground, at(1), parts=1, most_sites=1)
    assert await ground.told() == ["site-2 gale raised 4"]


async def test_a_warning_that_changes_while_its_sites_are_written_is_settled_again(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await followed(ground, at(1), YELLOW)
    going = ground.settling.parts(ground.engine, at(1))
    await anext(going)
    await followed(ground, at(3), UPDATED)
    assert [done.warnings async for done in going] == [1]
    await ground.settling.settle_in_parts(ground.engine, at(3))
    assert await ground.told() == ["pudong rainstorm raised 2", "pudong rainstorm cleared 0"]


async def test_an_alarm_that_came_and_went_between_two_rounds_leaves_an_event(ground: Ground) -> None:
    await ground.add_site("pudong")
    await ground.place("yard-1", "pudong")
    await ground.look(at(1))
    await ground.add(t.alarm, alarm("yard-1", "deep", "tide", at(1.1)) | {"cleared_at": at(1.15)})
    for hour in (1.2, 1.3, 1.4):
        await ground.look(at(hour))
    assert await ground.told() == ["pudong storm-surge raised 3", "pudong storm-surge cleared 0"]
    (event,) = await ground.rows(select(hazard_event))
    assert (event["gauge_at"], event["peak"], event["closed_at"]) == (at(1.1), 3, at(1.2))


async def test_one_raised_on_readings_does_so_too_and_joins_an_open_event(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.place("yard-1", "pudong")
    await ground.take(at(1), YELLOW)
    await ground.add(gateway_alarm, ON_READINGS)
    for hour in (1.2, 1.3):
        await ground.look(at(hour))
    assert await ground.told() == [
        "pudong rainstorm raised 2",
        "pudong rainstorm upgraded 3",
        "pudong rainstorm downgraded 2",
    ]


ON_READINGS = {
    "device": "yard-1", "rule": "rain-50-in-3h", "raised_at": at(1.1), "stream": "rain", "hazard": "rainstorm",
    "level": 3, "value": 52.0, "limit": 50.0, "unit": "mm", "missing_s": 0, "received_at": at(1.1),
    "cleared_at": at(1.15),
}  # fmt: skip


async def test_an_alarm_that_its_event_has_told_is_not_told_again_once_it_ends(ground: Ground) -> None:
    await ground.add_site("pudong")
    await ground.place("yard-1", "pudong")
    await ground.add(t.alarm, alarm("yard-1", "deep", "tide", at(1)))
    await ground.look(at(1.01))
    async with transaction(ground.engine) as connection:
        await connection.execute(update(t.alarm).values(cleared_at=at(1.02)))
    for hour in (1.03, 1.04):
        await ground.look(at(hour))
    assert await ground.told() == ["pudong storm-surge raised 3", "pudong storm-surge cleared 0"]


async def test_alarms_of_long_before_the_first_round_make_no_events(ground: Ground) -> None:
    await ground.add_site("pudong")
    await ground.place("yard-1", "pudong")
    await ground.add(t.alarm, alarm("yard-1", "deep", "tide", at(1)) | {"cleared_at": at(2)})
    await ground.look(at(20))
    assert await ground.told() == []


async def test_what_came_and_went_while_nobody_settled_is_found_afterwards(ground: Ground) -> None:
    await ground.add_site("pudong")
    await ground.place("yard-1", "pudong")
    await ground.look(at(1))
    await ground.add(t.alarm, alarm("yard-1", "deep", "tide", at(2)) | {"cleared_at": at(3)})
    await ground.look(at(50))
    assert len(await ground.told()) == 2
