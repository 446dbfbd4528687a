"""From messages and alarms in the database to exposures, events and changes, whatever comes and however often."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from cloud_gateway import tables as t
from cloud_gateway.database import transaction
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.settling import Settled, Settling
from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store_courses import follow_all
from tests.cloud_gateway.exposures.ground import Ground, alarm, coded
from tests.cloud_gateway.warnings.messages import alert, at, cancel, info, key

DRILL = Source(name="drill", kind="cap", url="https://alerts.example.org/cap", simulated=True)


async def test_one_warning_makes_one_event_and_each_change_is_told_once(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.add_site("beijing", coded("110105"))
    head = alert("A", 1, info("yellow", places="310000", ends=20))
    up = alert("B", 2, info("red", places="310000", ends=20), refs=(key("A", 1),), kind="Update")
    await ground.take(at(1), head)
    await ground.take(at(1.5), head)
    await ground.take(at(2), up)
    await ground.take(at(3), up, head)
    await ground.take(at(4), cancel("C", 4, key("B", 2)))
    assert await ground.told() == [
        "pudong rainstorm raised 2",
        "pudong rainstorm upgraded 4",
        "pudong rainstorm cleared 0",
    ]
    assert await ground.exposures() == []


async def test_time_alone_begins_and_ends(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("orange", onset=5, ends=9, places="310115")))
    assert await ground.exposures() == ["pudong rainstorm geocode certain 3/0"]
    (event,) = await ground.rows(select(hazard_event))
    assert (event["onset"], event["holds"], event["level"]) == (at(5), 0, 3)
    for hour in (4.9, 5, 5.1, 8.9, 9, 12):
        await ground.look(at(hour))
    assert await ground.told() == [
        "pudong rainstorm advice 3",
        "pudong rainstorm raised 3",
        "pudong rainstorm cleared 0",
    ]


async def test_two_hazards_of_one_message_are_two_events_with_their_own_times(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    both = (info("orange", ends=9, places="310115"), info("yellow", ends=5, places="310115", hazard="gale"))
    await ground.take(at(1), alert("A", 1, *both))
    await ground.look(at(5))
    assert await ground.exposures() == ["pudong rainstorm geocode certain 3/3"]
    assert await ground.told() == ["pudong gale raised 2", "pudong rainstorm raised 3", "pudong gale cleared 0"]


async def test_translations_are_one_event(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    words = (info("red", ends=9, places="310115"), info("red", ends=9, places="310115", language="en", hazard="other"))
    await ground.take(at(1), alert("A", 1, *words))
    assert await ground.told() == ["pudong rainstorm raised 4"]


async def test_without_an_end_it_stands_until_it_is_lifted(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("blue", places="310115"), event_key="cn:310000:11B03"))
    await ground.look(at(1_000))
    assert await ground.told() == ["pudong rainstorm raised 1"]
    await ground.take(at(1_001), alert("L", 1_001, kind="Cancel", event_key="cn:310000:11B03"))
    assert await ground.told() == ["pudong rainstorm raised 1", "pudong rainstorm cleared 0"]


async def test_no_issuer_lowers_what_a_wider_one_has_in_force(ground: Ground) -> None:
    await ground.add_site("futian", coded("440304"))
    await ground.take(at(1), alert("P", 1, info("orange", places="440000", ends=20), issuer="440000"))
    await ground.take(at(2), alert("D", 2, info("red", places="440304", ends=9), issuer="440304"))
    await ground.take(at(3), alert("C", 3, info("yellow", places="440300", ends=20), issuer="440300"))
    await ground.look(at(9))
    told = [change.split(" ", 2)[2] for change in await ground.told()]
    assert told == ["raised 3", "upgraded 4", "downgraded 3"]


async def test_a_site_that_an_update_leaves_out_is_all_clear_there(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.add_site("xuhui", coded("310104"))
    await ground.take(at(1), alert("A", 1, info("red", places="310115 310104", ends=20)))
    await ground.take(at(2), alert("B", 2, info("red", places="310104", ends=20), refs=(key("A", 1),), kind="Update"))
    assert await ground.told() == [
        "pudong rainstorm raised 4",
        "xuhui rainstorm raised 4",
        "pudong rainstorm cleared 0",
    ]


@pytest.mark.parametrize("status", ["Test", "Exercise", "System", "Draft"])
async def test_what_is_not_for_the_public_makes_no_event(ground: Ground, status: str) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("red", places="310115", ends=20), status=status))
    assert (await ground.told(), await ground.exposures()) == ([], [])


async def test_what_is_simulated_is_an_event_of_its_own(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("blue", places="310115", ends=20)))
    await ground.take(at(2), alert("S", 2, info("red", places="310115", ends=20)), source=DRILL)
    events = await ground.rows(select(hazard_event.c.level, hazard_event.c.simulated).order_by(hazard_event.c.level))
    assert [(event["level"], event["simulated"]) for event in events] == [(1, False), (4, True)]


async def test_own_alarms_precede_confirm_and_keep_open(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.place("yard-1", "pudong")
    await ground.add(t.rule, {"device": "yard-1", "name": "drain_high", "stream": "drain_level", "type": "threshold",
                              "limit": 0.8, "unit": "m", "severity": "attention"})  # fmt: skip
    await ground.add(
        t.alarm, alarm("yard-1", "drain_high", "drain_level", at(1)), alarm("yard-1", "open", "gate_door", at(1), 2)
    )
    await ground.look(at(1.1))
    rain = info("orange", places="310115", ends=9, hazard="waterlogging")
    await ground.take(at(2), alert("A", 2, rain))
    await ground.look(at(9))
    async with transaction(ground.engine) as connection:
        await connection.execute(update(t.alarm).values(cleared_at=at(10)))
    await ground.look(at(10))
    assert [change.removeprefix("pudong waterlogging ") for change in await ground.told()] == [
        "raised 2",
        "upgraded 3",
        "downgraded 2",
        "cleared 0",
    ]
    (event,) = await ground.rows(select(hazard_event))
    assert (event["gauge_at"], event["warned_at"], event["confirmed"]) == (at(1), at(2), True)


async def test_alarms_of_simulated_devices_are_simulated_events(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.place("yard-1", "pudong", simulated=True)
    await ground.add(t.alarm, alarm("yard-1", "drain_full", "drain_float", at(1)))
    await ground.look(at(1.1))
    (event,) = await ground.rows(select(hazard_event))
    assert (event["simulated"], event["gauge"], event["warning"]) == (True, "yard-1/drain_full", None)


async def test_sites_entered_later_are_matched_with_what_stands(ground: Ground) -> None:
    await ground.take(at(1), alert("A", 1, info("red", places="310115", ends=20)))
    await ground.add_site("pudong", coded("310115"))
    await ground.look(at(2))
    await ground.add_site("xuhui")
    await ground.look(at(3))
    assert await ground.told() == ["pudong rainstorm raised 4"]


async def test_settling_again_after_a_restart_changes_nothing(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("red", places="310115", ends=20)))
    ground.settling = Settling(Gauges())
    assert await ground.look(at(2)) == Settled(warnings=0, events=0, changes=0, more=False)
    assert await ground.told() == ["pudong rainstorm raised 4"]


async def test_what_was_not_committed_is_settled_by_the_next(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.save(at(1), alert("A", 1, info("red", places="310115", ends=20)))
    async with ground.engine.connect() as connection:  # never committed, as when the process is killed
        await follow_all(connection, at(1))
        await ground.settling.settle(connection, at(1))
    assert await ground.told() == []
    await ground.look(at(2))
    assert await ground.told() == ["pudong rainstorm raised 4"]


async def test_followed_and_then_killed_is_settled_by_the_next(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.save(at(1), alert("A", 1, info("red", places="310115", ends=20)))
    async with transaction(ground.engine) as connection:
        await follow_all(connection, at(1))
    await ground.look(at(2))
    assert await ground.told() == ["pudong rainstorm raised 4"]


async def test_more_warnings_than_one_round_takes_wait_for_the_next(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    hazards = ("gale", "fog", "rainstorm")
    await ground.save(at(1), *(alert(h, 1, info("red", places="310115", ends=20, hazard=h)) for h in hazards))
    async with transaction(ground.engine) as connection:
        await follow_all(connection, at(1))
        first = await ground.settling.settle(connection, at(1), most=2)
    assert (first.warnings, first.changes, first.more) == (2, 2, True)
    assert (await ground.look(at(2))).changes == 1


async def test_sites_are_ranked_with_reasons(ground: Ground) -> None:
    await ground.add_site("cellar", coded("310115", low_ground=True, poor_drainage=True, water_sensitive=True))
    await ground.add_site("hill", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("red", places="310115", ends=20)))
    rows = await ground.rows(
        select(t.site.c.code, hazard_event.c.priority, hazard_event.c.reasons)
        .join(t.site, t.site.c.id == hazard_event.c.site)
        .order_by(hazard_event.c.priority.desc())
    )
    assert [row["code"] for row in rows] == ["cellar", "hill"]
    assert '"vulnerability-high"' in str(rows[0]["reasons"])


async def test_live_pages_are_told_once_for_many_sites(ground: Ground) -> None:
    for number in range(25):
        await ground.add_site(f"site-{number}", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("red", places="310115", ends=20)))
    rows = await ground.rows(select(t.event.c.body).where(t.event.c.topic == "exposure"))
    assert len(rows) == 1 and '"count": 25' in str(rows[0]["body"])
