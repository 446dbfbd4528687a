"""A device that has lost its outbox says at its birth how its rules stand: what the lost epoch left open is settled."""

from __future__ import annotations

import pytest

from edge_agent.wire.session import Delivery
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import AT, EPOCH, OTHER_EPOCH, alarm, birth, deliver, frame

OPEN = "SELECT epoch, seq, cleared_at FROM alarm ORDER BY raised_at"


def raised(epoch: str = EPOCH, *, at: int = AT) -> Delivery:
    return deliver(frame(alarm(1, at=at), lane="alarm", epoch=epoch), "up/alarm")


def cleared(epoch: str, *, at: int) -> Delivery:
    return deliver(frame(alarm(2, "cleared", at=at), lane="alarm", epoch=epoch), "up/alarm")


def born(standing: str, *, epoch: str = OTHER_EPOCH, at: int = AT + 500, rule: str = "surge") -> Delivery:
    """`standing` is JSON after the other fields of the rule."""
    said = f'[{{"name":"{rule}","stream":"tide","type":"threshold","limit":1,"unit":"m"{standing}}}]'
    return deliver(birth(epoch=epoch, rules=said, at=at), "birth")


CALM, RAISED = ',"raised":false', ',"raised":true'


async def test_alarm_of_a_lost_epoch_is_over_when_its_rule_does_not_stand_raised(ground: Ground) -> None:
    await ground.take(raised())
    await ground.take(born(CALM))
    assert ground.rows(OPEN) == [(EPOCH, 1, AT + 500)]


@pytest.mark.parametrize("standing", [RAISED, "", ',"raised":null'], ids=["raised", "older software", "not known"])
async def test_alarm_of_a_lost_epoch_stays_open_otherwise(ground: Ground, standing: str) -> None:
    await ground.take(raised())
    await ground.take(born(standing))
    assert ground.rows(OPEN) == [(EPOCH, 1, None)]


async def test_birth_of_the_same_epoch_closes_nothing(ground: Ground) -> None:
    await ground.take(raised())
    await ground.take(born(CALM, epoch=EPOCH))
    assert ground.rows(OPEN) == [(EPOCH, 1, None)]


async def test_birth_closes_nothing_of_other_rules(ground: Ground) -> None:
    await ground.take(raised())
    await ground.take(born(CALM, rule="flood"))
    assert ground.rows(OPEN) == [(EPOCH, 1, None)]


async def test_late_birth_of_the_lost_epoch_closes_nothing_of_the_new_one(ground: Ground) -> None:
    await ground.take(raised())
    await ground.take(raised(OTHER_EPOCH, at=AT + 100))
    await ground.take(born(CALM, epoch=EPOCH))
    assert ground.rows(OPEN) == [(EPOCH, 1, None), (OTHER_EPOCH, 1, None)]


async def test_birth_without_a_clock_closes_by_the_time_of_the_gateway(ground: Ground) -> None:
    await ground.take(raised(at=AT - 400 * 86_400_000))
    await ground.take(born(CALM, at=5_000))
    assert ground.rows("SELECT cleared_at > raised_at FROM alarm") == [(1,)]


async def test_alarm_raised_after_the_birth_stays_open(ground: Ground) -> None:
    await ground.take(raised(at=AT + 600))
    await ground.take(born(CALM, at=AT + 500))
    assert ground.rows(OPEN) == [(EPOCH, 1, None)]


async def test_alarm_that_another_device_of_the_identity_closed_is_open_again_at_the_next_birth(ground: Ground) -> None:
    await ground.take(raised())
    await ground.take(born(CALM))
    await ground.take(born(RAISED, epoch=EPOCH))
    assert ground.rows(OPEN) == [(EPOCH, 1, None)]


async def test_alarm_that_its_own_epoch_cleared_stays_closed(ground: Ground) -> None:
    await ground.take(raised(), cleared(EPOCH, at=AT + 50))
    await ground.take(born(RAISED, epoch=EPOCH))
    assert ground.rows(OPEN) == [(EPOCH, 1, AT + 50)]
