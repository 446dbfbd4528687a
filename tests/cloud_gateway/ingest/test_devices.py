"""What is known of devices: births, presence with late wills, newest values that never step back."""

from __future__ import annotations

import json

import pytest

from cloud_gateway.ingest.pipeline import now_ms
from cloud_gateway.ingest.store import Work
from cloud_gateway.ingest.store_devices import Latest
from edge_agent.wire.session import Delivery
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import (
    AT,
    DEVICE,
    OTHER_EPOCH,
    birth,
    deliver,
    frame,
    heartbeat,
    pack,
    presence,
    record,
)

STREAM = '{"name":"level","unit":"m","interval_s":60,"label":"Level","label_zh":"水位"}'
RULE = '{"name":"%s","stream":"level","type":"threshold","limit":2.5,"unit":"m"}'


def said(state: str, conn: int, *, retain: bool = False, epoch: str = "0123456789abcdef") -> Delivery:
    return deliver(presence(state, conn, epoch=epoch), "presence", retain=retain)


STORIES = {
    "comes": ([said("online", 1)], ("online", 1)),
    "comes and goes": ([said("online", 1), said("offline", 1)], ("offline", 1)),
    "is lost": ([said("online", 1), said("lost", 1)], ("lost", 1)),
    "comes back before its will": ([said("online", 1), said("online", 2), said("lost", 1)], ("online", 2)),
    "a will alone": ([said("lost", 4)], ("lost", 4)),
    "retained at the start": ([said("online", 3, retain=True)], ("online", 3)),
    "retained, then an older will": ([said("online", 3, retain=True), said("lost", 2)], ("online", 3)),
    "a new epoch begins at 1": ([said("online", 9), said("online", 1, epoch=OTHER_EPOCH)], ("online", 1)),
}


@pytest.mark.parametrize(("messages", "standing"), STORIES.values(), ids=STORIES)
async def test_presence_is_that_of_the_newest_connection(
    ground: Ground, messages: list[Delivery], standing: tuple[str, int]
) -> None:
    for message in messages:
        await ground.take(message)
    assert ground.rows("SELECT presence, presence_conn FROM device") == [standing]


@pytest.mark.parametrize(("messages", "standing"), STORIES.values(), ids=STORIES)
async def test_presence_of_one_batch_is_that_of_the_newest_connection(
    ground: Ground, messages: list[Delivery], standing: tuple[str, int]
) -> None:
    await ground.take(*messages)
    assert ground.rows("SELECT presence, presence_conn FROM device") == [standing]


async def test_same_presence_again_is_no_event(ground: Ground) -> None:
    await ground.take(said("online", 1))
    await ground.take(said("online", 1, retain=True))
    assert ground.rows("SELECT count(*) FROM event WHERE topic = 'presence'") == [(1,)]


async def test_retained_presence_keeps_the_time_at_which_it_was_said(ground: Ground) -> None:
    await ground.take(deliver(presence("online", 1, at=AT - 86_400_000 * 300), "presence", retain=True))
    assert ground.rows("SELECT presence_at FROM device") == [(AT - 86_400_000 * 300,)]


@pytest.mark.parametrize("at", [0, -(2**53), 2**53, 4_102_444_800_000], ids=["1970", "before", "far", "2100"])
async def test_retained_presence_from_an_impossible_time_counts_from_now(ground: Ground, at: int) -> None:
    await ground.take(deliver(presence("online", 1, at=at), "presence", retain=True))
    ((since,),) = ground.rows("SELECT presence_at FROM device")
    assert abs(int(str(since)) - now_ms()) < 60_000


async def test_birth_declares_streams_and_rules(ground: Ground) -> None:
    await ground.take(deliver(birth(streams=f"[{STREAM}]", rules=f"[{RULE % 'flood'}]"), "birth"))
    assert ground.rows("SELECT name, unit, interval_s, label_zh FROM stream") == [("level", "m", 60.0, "水位")]
    assert ground.rows('SELECT name, "limit", severity FROM rule') == [("flood", 2.5, "urgent")]
    assert ground.rows("SELECT id, role, serial, boot FROM device") == [(DEVICE, "sensor-node", "SIM-1", "boot-1")]


async def test_new_birth_replaces_rules_and_keeps_newest_values(ground: Ground) -> None:
    await ground.take(deliver(birth(streams=f"[{STREAM}]", rules=f"[{RULE % 'flood'}]"), "birth"))
    await ground.store.commit(Work(AT, latest={(DEVICE, "level"): Latest(AT, 1.5, "m")}))
    await ground.take(deliver(birth(streams=f"[{STREAM}]", rules=f"[{RULE % 'surge'},{RULE % 'surge'}]"), "birth"))
    assert ground.rows("SELECT name FROM rule") == [("surge",)]
    assert ground.rows("SELECT value, at FROM stream") == [("1.5", AT)]


async def test_value_of_an_undeclared_stream_makes_the_stream(ground: Ground) -> None:
    await ground.take(deliver(frame(record(1, pack(2.5, stream="extra", unit="mm")))))
    assert ground.rows("SELECT name, unit, value FROM stream") == [("extra", "mm", "2.5")]


NEWEST = {
    "rising": [(AT, 1.0), (AT + 1, 2.0)],
    "falling": [(AT + 1, 2.0), (AT, 1.0)],
    "the same time again": [(AT + 1, 1.0), (AT + 1, 2.0)],
}


@pytest.mark.parametrize("order", NEWEST.values(), ids=NEWEST)
async def test_newest_value_never_steps_back(ground: Ground, order: list[tuple[int, float]]) -> None:
    for at, value in order:
        await ground.store.commit(Work(AT, latest={(DEVICE, "level"): Latest(at, value, "m")}))
    assert ground.rows("SELECT at, value FROM stream") == [(AT + 1, "2.0")]


@pytest.mark.parametrize("order", NEWEST.values(), ids=NEWEST)
async def test_newest_value_of_one_batch_stands(ground: Ground, order: list[tuple[int, float]]) -> None:
    frames = [frame(record(seq, pack(value), at=at)) for seq, (at, value) in enumerate(order, 1)]
    await ground.take(*map(deliver, frames))
    assert ground.rows("SELECT at, value FROM stream") == [(AT + 1, "2.0")]


async def test_live_pages_hear_of_new_values_and_not_of_refused_ones(ground: Ground) -> None:
    bad = record(2, pack(9.5, stream="water level"), at=AT + 1)
    await ground.take(deliver(frame(record(1, pack(1.5)), bad)))
    ((body,),) = ground.rows("SELECT body FROM event WHERE topic = 'reading'")
    assert json.loads(str(body)) == {"device": DEVICE, "streams": {"level": [AT, 1.5]}}
    assert ground.rows("SELECT name FROM stream") == [("level",)]


async def test_any_message_of_a_device_counts_as_heard(ground: Ground) -> None:
    await ground.take(
        deliver(frame(record(1))),
        deliver(birth(epoch=OTHER_EPOCH), "birth", device="gauge-02"),
        deliver(presence("online", 1), "presence", device="gauge-03"),
        deliver(frame(heartbeat(1), lane="diagnostic", epoch="00000000000000aa"), "up/diagnostic", device="gauge-04"),
    )
    heard = ground.rows("SELECT id FROM device WHERE heard_at IS NOT NULL ORDER BY id")
    assert heard == [("gauge-01",), ("gauge-02",), ("gauge-03",), ("gauge-04",)]


async def test_retained_word_of_the_past_does_not_count_as_heard(ground: Ground) -> None:
    await ground.take(said("online", 1, retain=True))
    assert ground.rows("SELECT heard_at FROM device") == [(None,)]
