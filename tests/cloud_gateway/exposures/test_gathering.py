"""How long changed warnings wait for more to come."""

from __future__ import annotations

import pytest

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.gathering import Gathering
from cloud_gateway.exposures.store import fresh_level
from cloud_gateway.warnings.model import Level
from cloud_gateway.warnings.store_courses import follow_all
from tests.cloud_gateway.exposures.ground import Ground, coded
from tests.cloud_gateway.warnings.messages import alert, at, cancel, info, key

SLIGHT, GRAVE = Level.MODERATE, Level.SEVERE


@pytest.mark.parametrize(
    ("seen", "over"),
    [
        ([(SLIGHT, 0, 0), (SLIGHT, 4, 4), (SLIGHT, 5, 5)], [False, False, True]),
        ([(SLIGHT, 0, 0), (GRAVE, 1, 1)], [False, True]),
        ([(SLIGHT, 0, 0), (SLIGHT, 3600, 1)], [False, True]),
        ([(SLIGHT, 0, 0), (SLIGHT, 0, 5)], [False, True]),
        ([(SLIGHT, 0, 0), (SLIGHT, 5, 5), (SLIGHT, 6, 6)], [False, True, False]),
        ([(None, 0, 0), (SLIGHT, 9, 9)], [True, False]),
    ],
    ids=["waits", "a grave one comes", "a clock that runs fast", "a clock that stands", "the next burst", "nothing"],
)
def test_how_long_a_burst_is_gathered(seen: list[tuple[Level | None, int, int]], over: list[bool]) -> None:
    gathering = Gathering()
    assert [gathering.is_over(level, now * 1000, mono * 1000, 5.0) for level, now, mono in seen] == over
    assert gathering.is_waiting is not over[-1]


async def test_what_is_fresh_is_as_grave_as_it_is_or_was(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    assert await fresh(ground) is None
    await ground.save(at(1), alert("A", 1, info("red", places="310115", ends=20)))
    async with transaction(ground.engine) as connection:
        await follow_all(connection, at(1))
    assert await fresh(ground) is Level.EXTREME
    await ground.look(at(1))
    assert await fresh(ground) is None
    await ground.save(at(2), cancel("B", 2, key("A", 1)))
    async with transaction(ground.engine) as connection:
        await follow_all(connection, at(2))
    assert await fresh(ground) is Level.EXTREME


async def fresh(ground: Ground) -> Level | None:
    """The gravest level of what has changed."""
    async with reading(ground.engine) as connection:
        return await fresh_level(connection)
