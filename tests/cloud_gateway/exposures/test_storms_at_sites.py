"""From a storm's advisory as published to a reason at the sites that its winds reach; never a warning of its own."""

from __future__ import annotations

import json

from sqlalchemy import select

from cloud_gateway import tables as t
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.settling import Settling
from cloud_gateway.exposures.tables import hazard_event, storm_exposure
from cloud_gateway.warnings.polling import take
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.tables import storm_track
from tests.cloud_gateway.exposures.ground import NEAR, TRACKS, Ground, coded
from tests.cloud_gateway.warnings.messages import alert, at, info

URL = TRACKS.url
AWAY = NEAR.replace("2026072000", "2026072006").replace("1220E", "1280E").replace("1200E", "1320E")


async def advise(ground: Ground, now: int, deck: str, source: Source = TRACKS) -> tuple[str, ...]:
    """A deck comes in and is settled."""
    new = await ground.advise(now, deck, source)
    await ground.look(now)
    return new


async def details(ground: Ground) -> list[str]:
    """What storms say of sites now."""
    query = select(t.site.c.code, storm_exposure.c.sure, storm_exposure.c.detail)
    query = query.join(t.site, t.site.c.id == storm_exposure.c.site).where(storm_exposure.c.until.is_(None))
    return [f"{r['code']} {r['sure']} {r['detail']}" for r in await ground.rows(query.order_by(t.site.c.code))]


async def reasons(ground: Ground) -> list[str]:
    """The rules behind the priority of the only event."""
    (event,) = await ground.rows(select(hazard_event.c.reasons))
    return [rule for rule, _, _ in json.loads(str(event["reasons"]))]


async def test_an_advisory_alone_makes_an_exposure_and_no_event(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.add_site_at("denver", 39.7, -105.0)
    (new,) = await advise(ground, at(1), NEAR)
    (said,) = await details(ground)
    assert said.startswith(
        "pudong likely within the forecast radius of gale-force wind (34 kt) of EXAMPLE from 2026-07-20T"
    )
    assert await ground.told() == [] and await ground.rows(select(hazard_event)) == []
    (kept,) = await ground.rows(select(storm_track.c.id, storm_track.c.raw))
    assert (kept["id"], kept["raw"]) == (new, NEAR.encode())


async def test_it_is_a_reason_of_the_official_warnings_event_whichever_comes_first(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    warned = alert("A", 1, info("yellow", places="310115", hazard="typhoon", ends=40))
    await advise(ground, at(1), NEAR)
    await ground.take(at(1.5), warned)
    assert "storm-likely" in await reasons(ground)
    await advise(ground, at(7), AWAY)
    assert "storm-likely" not in await reasons(ground)
    await advise(ground, at(8), AWAY.replace("2026072006", "2026072007").replace("1280E", "1220E"))
    assert "storm-likely" in await reasons(ground)
    assert await ground.told() == ["pudong typhoon raised 2"]


async def test_another_hazards_event_does_not_speak_of_the_storm(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await advise(ground, at(1), NEAR)
    await ground.take(at(2), alert("A", 1, info("yellow", places="310115", hazard="fog", ends=40)))
    assert "storm-likely" not in await reasons(ground)


async def test_the_newest_advisory_counts_and_an_older_one_that_comes_late_does_not(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await advise(ground, at(7), AWAY)
    await advise(ground, at(8), NEAR)
    assert await details(ground) == []
    assert await advise(ground, at(9), AWAY) == ()


async def test_a_simulated_storm_says_nothing_of_a_real_event(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("yellow", places="310115", hazard="typhoon", ends=40)))
    await advise(ground, at(2), NEAR, TRACKS.model_copy(update={"simulated": True}))
    assert "storm-likely" not in await reasons(ground)


async def test_a_storm_that_has_passed_is_over_by_time_alone(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await advise(ground, at(1), NEAR)
    await ground.look(at(40))
    assert await details(ground) == []


async def test_a_site_entered_later_is_found_and_a_restart_changes_nothing(ground: Ground) -> None:
    await advise(ground, at(1), NEAR)
    await ground.add_site("pudong", coded("310115"))
    ground.settling = Settling(Gauges())
    await ground.look(at(2))
    assert len(await details(ground)) == 1
    assert (await ground.look(at(3))).events == 0


async def test_a_deck_that_cannot_be_read_is_refused_and_changes_nothing(ground: Ground) -> None:
    taken = take(TRACKS, NEAR.replace("305N", "305X").encode(), URL)
    assert taken.unreadable.startswith("unreadable: line 2 is no ATCF")
    assert [one.reason.code for one in taken.admitted.refused] == ["bad_track"]
