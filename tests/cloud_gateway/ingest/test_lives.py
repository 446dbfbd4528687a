"""Two devices with one identity are noticed; a restart, a late word and a word said twice are no second device."""

from __future__ import annotations

from edge_agent.wire.messages import LaneAck
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import AT, birth, deliver, frame, record

CLONED = "SELECT clone_at IS NOT NULL FROM device"


def said(boot: str, mono: int, *, serial: str = "SIM-1", retain: bool = False) -> Delivery:
    """A birth of this life, said when its monotonic clock stood there."""
    payload = birth(at=AT + mono, extra=f',"mono":{mono}')
    named = payload.replace(b'"boot-1"', f'"{boot}"'.encode()).replace(b'"SIM-1"', f'"{serial}"'.encode())
    return deliver(named, "birth", retain=retain)


async def take_each(ground: Ground, *births: Delivery) -> None:
    """Each in a batch of its own."""
    for one in births:
        await ground.take(one)


async def test_life_that_comes_back_after_a_newer_one_is_a_second_device(ground: Ground) -> None:
    await take_each(ground, said("a", 1), said("b", 1), said("a", 2))
    assert ground.rows(CLONED) == [(1,)]
    assert ground.rows("SELECT count(*) FROM event WHERE topic = 'clone'") == [(1,)]


async def test_both_lives_in_one_batch_are_seen(ground: Ground) -> None:
    await ground.take(said("a", 1), said("b", 1), said("a", 2), said("b", 2))
    assert ground.rows(CLONED) == [(1,)]


async def test_pages_are_told_once_of_a_fight_that_goes_on(ground: Ground) -> None:
    for mono in range(1, 10):
        await take_each(ground, said("a", mono), said("b", mono))
    assert ground.rows("SELECT count(*) FROM event WHERE topic = 'clone'") == [(1,)]


async def test_serial_that_comes_back_after_another_is_a_second_device(ground: Ground) -> None:
    await take_each(ground, said("a", 1, serial="X"), said("b", 1, serial="Y"), said("c", 1, serial="X"))
    assert ground.rows(CLONED) == [(1,)]


async def test_device_that_restarts_again_and_again_is_one_device(ground: Ground) -> None:
    await take_each(ground, *(said(f"boot-{n}", 7 - n) for n in range(6)))
    assert ground.rows(CLONED) == [(0,)]


async def test_device_that_reconnects_is_one_device(ground: Ground) -> None:
    await take_each(ground, said("a", 1), said("b", 1), said("b", 2), said("b", 3))
    assert ground.rows(CLONED) == [(0,)]


async def test_card_in_a_new_board_is_one_device(ground: Ground) -> None:
    await take_each(ground, said("a", 1, serial="X"), said("b", 1, serial="Y"), said("c", 1, serial="Y"))
    assert ground.rows(CLONED) == [(0,)]


async def test_births_that_the_broker_delivers_again_are_no_second_device(ground: Ground) -> None:
    await take_each(ground, said("a", 1), said("b", 1), said("a", 1), said("b", 1))
    assert ground.rows(CLONED) == [(0,)]


async def test_retained_birth_after_a_restart_of_the_gateway_is_no_second_device(ground: Ground) -> None:
    await take_each(ground, said("a", 1), said("b", 1), said("a", 1, retain=True), said("b", 1, retain=True))
    await take_each(ground, said("b", 2))
    assert ground.rows(CLONED) == [(0,)]


async def test_gateway_that_was_put_back_knows_the_living_device_again(ground: Ground) -> None:
    await take_each(ground, said("a", 1), said("b", 5, retain=True), said("b", 6), said("c", 1))
    assert ground.rows(CLONED) == [(0,)]


async def test_lives_that_are_kept_are_bounded(ground: Ground) -> None:
    await ground.take(*(said(f"boot-{n}", 1) for n in range(150)))
    assert ground.rows("SELECT count(*) FROM device_boot") == [(100,)]


async def test_readings_of_both_are_kept(ground: Ground) -> None:
    await take_each(ground, said("a", 1), said("b", 1), said("a", 2))
    await ground.take(deliver(frame(record(1, at=AT), boot="a")), deliver(frame(record(1, at=AT + 1), boot="b")))
    assert [p.time_ns // 1_000_000 for p in await ground.points()] == [AT, AT + 1]
    assert ground.ack(Lane.READING) == LaneAck(1)
