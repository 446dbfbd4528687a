"""The agent on a real broker: what it sends, and what it does with the gateway's word."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path

import msgspec
import pytest

from deploy.servers import Server, free_port, provision_of
from edge_agent.app import OUTBOX_FILE
from edge_agent.hardware.clock import SystemClock
from edge_agent.proof.signatures import Statement, is_signed
from edge_agent.settings import AgentSettings, OutboxSettings
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.storage.salvage import SALVAGE
from edge_agent.tasks.sending import READ_ROWS
from edge_agent.wire.messages import Ack, ClockQuality, LaneAck, Rejection
from edge_agent.wire.topics import Lane
from firmware_sim.board import make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.storage.disk import BadBlock, forget_pages
from tests.edge_agent.storage.test_salvage import break_table, break_tree
from tests.edge_agent.tasks.agents import MINUTE, START, Witness, level, make_settings, running_agent
from tests.edge_agent.tasks.ear import BURST, listening, put_all, readings
from tests.edge_agent.wire.relay import open_relay
from tests.waiting import until

# -- signatures -------------------------------------------------------------------------------------------


async def test_alarms_are_signed_with_the_devices_key_and_signed_the_same_when_sent_again(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    said = Item(Lane.ALARM, "alarm/1", b'{"value": 5}', START, ClockQuality.NTP, 1)
    async with (
        listening(broker, device) as ear,
        running_agent(settings, make_board("SIM-1"), ScenarioClock(START)) as agent,
    ):
        await agent.outbox.put(said)
        await until(lambda: len(ear.seqs(Lane.ALARM)) >= 2)
    first, again, *_ = [frame for frame in ear.frames if frame.lane is Lane.ALARM]
    (issued,) = [one for one in provision_of(broker).issued() if one.name == device]
    statement = Statement(device, first.epoch, Lane.ALARM, 1, said.kind, said.at, said.body)
    assert is_signed(base64.b64decode(issued.public_key), statement, first.records[0].sig)
    assert again.records[0].sig == first.records[0].sig


async def test_readings_are_not_signed(broker: Server, device: str, settings: AgentSettings) -> None:
    async with (
        listening(broker, device) as ear,
        running_agent(settings, make_board("SIM-1"), ScenarioClock(START)) as agent,
    ):
        await put_all(agent.outbox, readings(1, 3))
        await until(ear.seqs)
    assert ear.frames[0].records[0].sig is None


# -- what it sends ----------------------------------------------------------------------------------------


async def test_facts_travel_in_order_and_go_when_they_are_acknowledged(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        outbox = agent.outbox
        await put_all(outbox, readings(1, 100))
        await until(ear.seqs)
        assert ear.seqs()[0] == (1, 100)
        bodies = [bytes(r.body) for frame in ear.frames if frame.lane is Lane.READING for r in frame.records]
        assert bodies[:100] == [item.body for item in readings(1, 100)]
        ear.acknowledge(outbox.epoch, LaneAck(60))
        await until(lambda: outbox.depth[Lane.READING] == 40)
        ear.acknowledge(outbox.epoch, LaneAck(60, [(81, 100)]))
        await until(lambda: outbox.depth[Lane.READING] == 20)
        ear.acknowledge(outbox.epoch, LaneAck(100))
        await until(lambda: outbox.depth[Lane.READING] == 0)


async def test_facts_without_an_ack_are_sent_again_from_the_first_missing_one(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        await put_all(agent.outbox, readings(1, 10))
        await until(lambda: ear.seqs().count((1, 10)) >= 2)
        ear.acknowledge(agent.outbox.epoch, LaneAck(4))
        await until(lambda: (5, 10) in ear.seqs())


async def test_no_more_frames_are_under_way_than_the_window_holds_and_an_alarm_has_its_place(
    broker: Server, device: str, tmp_path: Path
) -> None:
    patient = OutboxSettings(window=3, ack_timeout_s=60)
    settings = make_settings(tmp_path, device=device, broker=broker, outbox=patient)
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        await put_all(agent.outbox, readings(1, 1000))
        await until(lambda: len(ear.seqs()) == 2)
        await agent.outbox.put(Item(Lane.ALARM, "alarm/1", b"{}", START, ClockQuality.NTP, 1))
        await until(lambda: ear.seqs(Lane.ALARM) == [(1, 1)])
        assert len(ear.seqs()) == 2
        ear.acknowledge(agent.outbox.epoch, LaneAck(1), Lane.ALARM)
        ear.acknowledge(agent.outbox.epoch, LaneAck(ear.seqs()[0][1]))
        await until(lambda: len(ear.seqs()) == 3)


async def test_after_a_long_outage_the_newest_readings_go_beside_the_backlog_and_alarms_before_both(
    broker: Server, device: str, tmp_path: Path
) -> None:
    outbox = await Outbox.open(tmp_path / OUTBOX_FILE, boot="boot-1")
    await put_all(outbox, readings(1, 3000))
    await outbox.put(Item(Lane.ALARM, "alarm/1", b"{}", START, ClockQuality.NTP, 1))
    await outbox.close()
    patient = OutboxSettings(window=5, ack_timeout_s=60)
    settings = make_settings(tmp_path, device=device, broker=broker, outbox=patient)
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        await until(lambda: len(ear.seqs()) == 2)
        assert sorted(ear.seqs()) == [(1, 200), (2801, 3000)]
        lanes = [frame.lane for frame in ear.frames]
        assert lanes.index(Lane.ALARM) < lanes.index(Lane.READING)
        ear.acknowledge(agent.outbox.epoch, LaneAck(200, [(2801, 3000)]))
        await until(lambda: (201, 400) in ear.seqs())
        await put_all(agent.outbox, readings(3001, 3200))
        await until(lambda: (3001, 3200) in ear.seqs())


async def test_restored_gateway_is_sent_the_records_that_it_lost(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        ratings = [item._replace(lane=Lane.RECORD, kind="rating/1") for item in readings(1, 10)]
        await put_all(agent.outbox, ratings)
        await until(lambda: ear.seqs(Lane.RECORD))
        ear.acknowledge(agent.outbox.epoch, LaneAck(10), Lane.RECORD)
        await until(lambda: agent.outbox.depth[Lane.RECORD] == 0)
        ear.acknowledge(agent.outbox.epoch, LaneAck(6), Lane.RECORD)
        await until(lambda: (7, 10) in ear.seqs(Lane.RECORD))


async def test_salvaged_facts_travel_under_the_epoch_that_they_had_and_the_damage_is_told_of(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    path = settings.state_dir / OUTBOX_FILE
    first = await Outbox.open(path, boot="boot-1")
    ratings = [item._replace(lane=Lane.RECORD, kind="rating/1") for item in readings(1, 300)]
    await put_all(first, ratings)
    await first.close()
    break_tree(path, b'"v":50.0')
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        assert "a damaged outbox file" in agent.degraded
        await until(lambda: [f for f in ear.frames if f.epoch == first.epoch])
        frame = next(f for f in ear.frames if f.epoch == first.epoch)
        assert [bytes(r.body) for r in frame.records] == [ratings[r.seq - 1].body for r in frame.records]
        await until(lambda: [r for f in ear.frames for r in f.records if r.kind == SALVAGE])
        last = frame.records[-1].seq
        ear.say(msgspec.json.encode(Ack(first.epoch, {Lane.RECORD: LaneAck(last)})))
        await until(lambda: [f for f in ear.frames if f.epoch == first.epoch and f.records[0].seq > last])


async def test_gateway_is_asked_what_it_has_of_an_older_epoch_and_is_sent_what_it_lacks(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    path = settings.state_dir / OUTBOX_FILE
    first = await Outbox.open(path, boot="boot-1")
    await put_all(first, [item._replace(lane=Lane.RECORD, kind="rating/1") for item in readings(1, 10)])
    first.mark_sent(Lane.RECORD, 10)
    first.acknowledge(Lane.RECORD, LaneAck(10))
    await first.close()
    break_table(path, "dead")
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        await until(lambda: (10, 10) in ear.seqs(Lane.RECORD))
        assert [f.epoch for f in ear.frames if f.lane is Lane.RECORD] == [first.epoch]
        ear.acknowledge(first.epoch, LaneAck(6, [(10, 10)]), Lane.RECORD)
        await until(lambda: (7, 9) in ear.seqs(Lane.RECORD))
        ear.acknowledge(first.epoch, LaneAck(10, safe=10), Lane.RECORD)
        await until(lambda: not agent.outbox.salvaged)
        assert await agent.outbox.newest_kept(first.epoch, Lane.RECORD) == []


async def test_refused_fact_leaves_the_queue_and_is_kept_aside_by_its_code(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        await put_all(agent.outbox, readings(1, 3))
        await until(ear.seqs)
        ear.acknowledge(agent.outbox.epoch, LaneAck(3, [], [Rejection(2, "bad_tag")]))
        await until(lambda: agent.outbox.depth[Lane.READING] == 0)
        with closing(sqlite3.connect(settings.state_dir / OUTBOX_FILE)) as connection:
            assert connection.execute("SELECT seq, code FROM dead").fetchall() == [(2, "bad_tag")]


async def test_ack_of_another_epoch_deletes_nothing(broker: Server, device: str, settings: AgentSettings) -> None:
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        await put_all(agent.outbox, readings(1, 3))
        await until(ear.seqs)
        ear.acknowledge("0" * 16, LaneAck(3))
        ear.acknowledge(agent.outbox.epoch, LaneAck(1))
        await until(lambda: agent.outbox.depth[Lane.READING] == 2)


BAD_ACKS = (
    b"yes",
    b'{"epoch":"\xff","lanes":{}}',
    b'{"epoch":' + b"[" * 50_000,
    b'{"epoch":"EPOCH","lanes":{"reading":{"upto":0,"ranges":[[9,5]]}}}',
    b'{"epoch":"EPOCH","lanes":{"reading":{"upto":-5,"ranges":[[-3,0]]}}}',
    b'{"epoch":"EPOCH","lanes":{"gossip":{"upto":9}}}',
)


async def test_acks_that_cannot_be_read_harm_nothing(
    broker: Server, device: str, settings: AgentSettings, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
        await put_all(agent.outbox, readings(1, 3))
        await until(ear.seqs)
        for payload in BAD_ACKS:
            ear.say(payload.replace(b"EPOCH", agent.outbox.epoch.encode()))
        await until(lambda: caplog.text.count("an ack ") == len(BAD_ACKS))
        ear.acknowledge(agent.outbox.epoch, LaneAck(3))
        await until(lambda: agent.outbox.depth[Lane.READING] == 0)
        assert [state for state, _, _ in ear.presences] == ["online"]


async def test_what_was_put_while_the_line_was_cut_is_sent_when_it_is_back(
    broker: Server, device: str, tmp_path: Path
) -> None:
    async with listening(broker, device) as ear, open_relay(broker.port) as relay:
        settings = make_settings(tmp_path, device=device, broker=broker, port=relay.port, outbox=BURST)
        async with running_agent(settings, make_board("SIM-1"), SystemClock()) as agent:
            await until(lambda: ear.births)
            relay.cut()
            await put_all(agent.outbox, readings(1, 5))
            await until(ear.seqs)
            assert ear.seqs()[0] == (1, 5)
            assert len(ear.births) >= 2


async def test_samples_reach_the_gateway_with_stream_unit_and_time(broker: Server, device: str, tmp_path: Path) -> None:
    board, clock = make_board("SIM-1"), ScenarioClock(START)
    board.set_ratio(0, 0.25)
    settings = make_settings(tmp_path, level(), device=device, broker=broker, outbox=BURST)
    async with listening(broker, device) as ear, running_agent(settings, board, clock):
        await clock.run(START + 3 * MINUTE)
        await until(ear.seqs)
    records = [record for frame in ear.frames if frame.lane is Lane.READING for record in frame.records]
    assert [record.at for record in records[:4]] == [START + n * MINUTE for n in range(4)]
    assert {bytes(record.body) for record in records} == {b'[{"n":"level","u":"m","v":2.502444}]'}


# -- from a disk that fails -------------------------------------------------------------------------------


async def test_lane_that_cannot_be_read_is_named_holds_up_no_other_and_is_sent_once_it_can_be_read(
    broker: Server, device: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = await Outbox.open(tmp_path / OUTBOX_FILE, boot="boot-1")
    long = readings(301, 301)[0]._replace(body=b'"' + b"x" * 60_000 + b'"')
    await put_all(outbox, [*readings(1, 300), long])
    await outbox.close()
    patient, witness = OutboxSettings(window=256, ack_timeout_s=60), Witness()
    settings = make_settings(tmp_path, device=device, broker=broker, port=free_port(), heartbeat_s=0.2, outbox=patient)
    async with (
        listening(broker, device) as ear,
        AsyncExitStack() as relays,
        running_agent(settings, make_board("SIM-1"), SystemClock(), witness) as agent,
    ):
        block = BadBlock(tmp_path / OUTBOX_FILE, b"x" * 4000)
        forget_pages(tmp_path / OUTBOX_FILE)
        await relays.enter_async_context(open_relay(broker.port, settings.broker.port))
        await until(lambda: "outbox lane reading" in agent.degraded)
        await agent.outbox.put(Item(Lane.ALARM, "alarm/1", b"{}", START, ClockQuality.NTP, 1))
        await until(lambda: ear.seqs(Lane.ALARM))
        await until(lambda: witness.heartbeats()[-1].degraded == ["outbox lane reading"])
        assert ear.seqs() == [(1, READ_ROWS)]
        block.mend()
        await until(lambda: ear.seqs() == [(1, READ_ROWS), (READ_ROWS + 1, 301)])
        assert agent.degraded == set()
    assert [r.levelname for r in caplog.records if "outbox lane reading" in r.message] == ["ERROR"]
