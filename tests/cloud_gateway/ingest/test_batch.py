"""Messages are taken apart without being trusted: whatever comes is sorted, or set aside under its name."""

from __future__ import annotations

import hashlib

import pytest

from cloud_gateway.ingest.batch import KEPT_BYTES, KNOWN_TOPICS, Sorter
from edge_agent.wire.link import Delivery
from edge_agent.wire.messages import MAX_FRAME_BYTES, MAX_FRAME_RECORDS
from tests.cloud_gateway.ingest.pieces import DEVICE, birth, deliver, frame, pack, presence, record

BAD_FRAMES = {
    "nothing": (b"", "malformed_frame"),
    "a zero byte": (b"\0", "malformed_frame"),
    "no JSON": (b"level=1.25", "malformed_frame"),
    "cut off": (frame(record())[:-3], "malformed_frame"),
    "something behind it": (frame(record()) + b"x", "malformed_frame"),
    "a list": (b"[]", "malformed_frame"),
    "UTF-16": (frame(record()).decode().encode("utf-16"), "malformed_frame"),
    "a byte order mark": (b"\xef\xbb\xbf" + frame(record()), "malformed_frame"),
    "bytes that are no UTF-8": (frame(record(), boot="Q").replace(b"Q", b"\xff"), "malformed_frame"),
    "deep": (b"[" * 100_000, "malformed_frame"),
    "deep where nobody looks": (frame(record(), extra=f',"x":{"[" * 50_000 + "]" * 50_000}'), "malformed_frame"),
    "deep body": (frame(record(1, "[" * 50_000 + "]" * 50_000)), "malformed_frame"),
    "NaN": (frame(record(1, pack("NaN"))), "malformed_frame"),
    "Infinity": (frame(record(1, pack("-Infinity"))), "malformed_frame"),
    "lone surrogate": (frame(record(1, '[{"n":"level","vs":"\\ud800"}]')), "malformed_frame"),
    "a million digits": (frame(record(mono="1" + "0" * 1_000_000)), "frame_too_large"),
    "five thousand digits": (frame(record(mono="1" + "0" * 5_000)), "malformed_frame"),
    "too large": (frame(record(), extra=f',"x":"{"x" * MAX_FRAME_BYTES}"'), "frame_too_large"),
    "no records": (frame(), "malformed_frame"),
    "too many records": (frame(*(record(n, "1") for n in range(1, MAX_FRAME_RECORDS + 2))), "malformed_frame"),
    "seq 0": (frame(record(0)), "malformed_frame"),
    "seq below 0": (frame(record(-1)), "malformed_frame"),
    "seq of 64 bits": (frame(record(2**63)), "malformed_frame"),
    "seq as text": (frame(record('"1"')), "malformed_frame"),
    "seq with a fraction": (frame(record("1.5")), "malformed_frame"),
    "seq twice": (frame(record(7), record(7)), "seq_order"),
    "seq falling": (frame(record(7), record(6)), "seq_order"),
    "unknown lane": (frame(record(), lane="gossip"), "malformed_frame"),
    "lane of another topic": (frame(record(), lane="alarm"), "lane_mismatch"),
    "another version": (frame(record(), v=2), "unknown_version"),
    "another version, another shape": (b'{"v":7,"stuff":[]}', "unknown_version"),
    "a version as text": (frame(record(), v='"1"'), "unknown_version"),
    "no version": (b'{"lane":"reading"}', "malformed_frame"),
    "epoch in capitals": (frame(record(), epoch="0123456789ABCDEF"), "malformed_frame"),
    "epoch and a newline": (frame(record(), epoch="0123456789abcdef\\n"), "malformed_frame"),
    "epoch with a quote": (frame(record(), epoch='0123456789abcde\\"'), "malformed_frame"),
    "kind of 37 characters": (frame(record(kind="r" * 35 + "/1")), "malformed_frame"),
    "time beyond 2^53": (frame(record(at=2**53 + 1)), "malformed_frame"),
    "boot too long": (frame(record(), boot="b" * 65), "malformed_frame"),
}


@pytest.mark.parametrize(("payload", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_bad_frame_is_set_aside_whole_under_its_name(payload: bytes, code: str) -> None:
    sorter = Sorter()
    sorter.add(deliver(payload))
    (letter,) = sorter.batch.unreadable
    assert (letter.code, letter.device, letter.topic) == (code, DEVICE, "weiran/1/gauge-01/up/reading")
    assert letter.detail
    assert (letter.size, letter.payload) == (len(payload), payload[:KEPT_BYTES])
    assert letter.sha256 == hashlib.sha256(payload).hexdigest()
    assert sorter.batch.frames == []
    assert len(sorter.batch.tokens) == 1


BAD_TOPICS = {
    "another root": "weather/1/gauge-01/up/reading",
    "another version": "weiran/2/gauge-01/up/reading",
    "an unknown lane": "weiran/1/gauge-01/up/gossip",
    "an unknown leaf": "weiran/1/gauge-01/presences",
    "too deep": "weiran/1/gauge-01/up/reading/more",
    "too short": "weiran/1",
    "device in capitals": "weiran/1/GAUGE-01/up/reading",
    "device too short": "weiran/1/abc/up/reading",
    "device too long": f"weiran/1/{'g' * 33}/up/reading",
    "device and a newline": "weiran/1/gauge-01\n/up/reading",
    "device with line protocol": "weiran/1/gauge-01,stream=x v=1/up/reading",
    "service name": "weiran/1/gateway.ingest-1/up/reading",
    "gateway's own leaf": "weiran/1/gauge-01/ack",
    "no UTF-8": "\N{REPLACEMENT CHARACTER}",
    "nothing": "",
}


@pytest.mark.parametrize("topic", BAD_TOPICS.values(), ids=BAD_TOPICS)
def test_message_on_a_topic_of_no_device_is_set_aside(topic: str) -> None:
    sorter = Sorter()
    sorter.add(Delivery(topic, frame(record()), False, 1))
    (letter,) = sorter.batch.unreadable
    assert (letter.code, letter.device) == ("bad_topic", None)
    assert sorter.batch.frames == []


BAD_STATUS = {
    "birth that is no JSON": ("birth", b"hello", "malformed_message"),
    "birth of an unknown role": ("birth", birth().replace(b"sensor-node", b"toaster"), "malformed_message"),
    "birth of another version": ("birth", birth(extra=',"v":2'), "unknown_version"),
    "birth in 1970": ("birth", birth(at=0), "time_out_of_range"),
    "birth in 2100": ("birth", birth(at=4_102_444_800_000), "time_out_of_range"),
    "birth with a stream's name and a newline": (
        "birth",
        birth(streams='[{"name":"level\\n","unit":"m","interval_s":1}]'),
        "malformed_message",
    ),
    "birth with a stream of negative interval": (
        "birth",
        birth(streams='[{"name":"level","unit":"m","interval_s":-1}]'),
        "malformed_message",
    ),
    "birth with 257 streams": ("birth", birth(streams=f"[{','.join(['{}'] * 257)}]"), "malformed_message"),
    "birth with an endless limit": (
        "birth",
        birth(rules='[{"name":"surge","stream":"tide","type":"threshold","limit":1e999,"unit":"m"}]'),
        "malformed_message",
    ),
    "birth with a label that is too long": (
        "birth",
        birth(streams=f'[{{"name":"level","unit":"m","interval_s":1,"label":"{"x" * 201}"}}]'),
        "malformed_message",
    ),
    "deep birth": ("birth", b'{"role":' + b"[" * 100_000, "malformed_message"),
    "presence that is no UTF-8": ("presence", presence("online", 1).replace(b"online", b"\xff"), "malformed_message"),
    "presence of an unknown state": ("presence", presence("asleep", 1), "malformed_message"),
    "presence of another version": ("presence", presence("online", 1, extra=',"v":2'), "unknown_version"),
    "presence of connection 0": ("presence", presence("online", 0), "malformed_message"),
    "presence of a connection of 64 bits": ("presence", presence("online", 2**63), "malformed_message"),
}


@pytest.mark.parametrize(("part", "payload", "code"), BAD_STATUS.values(), ids=BAD_STATUS)
def test_bad_birth_or_presence_is_set_aside_under_its_name(part: str, payload: bytes, code: str) -> None:
    sorter = Sorter()
    sorter.add(deliver(payload, part, retain=True))
    assert [(letter.code, letter.device) for letter in sorter.batch.unreadable] == [(code, DEVICE)]
    assert not sorter.batch.births
    assert not sorter.batch.presences


def test_retained_frame_is_set_aside() -> None:
    sorter = Sorter()
    sorter.add(deliver(frame(record()), retain=True))
    assert [letter.code for letter in sorter.batch.unreadable] == ["retained_frame"]
    assert sorter.batch.frames == []


def test_good_frame_beside_bad_ones_is_taken() -> None:
    sorter = Sorter()
    sorter.add(deliver(b"{"))
    sorter.add(deliver(frame(record(5), record(6))))
    sorter.add(Delivery("nonsense", b"", False, 3))
    assert [[r.seq for r in accepted.frame.records] for accepted in sorter.batch.frames] == [[5, 6]]
    assert len(sorter.batch.unreadable) == 2
    assert sorter.batch.readings == 2


def test_each_message_is_acknowledged_whatever_it_is() -> None:
    sorter = Sorter()
    messages = [deliver(b"{"), deliver(frame(record())), deliver(b"", "birth"), Delivery("nonsense", b"", False, 99)]
    for message in messages:
        sorter.add(message)
    assert sorter.batch.tokens == [message.token for message in messages]


def test_cleared_retained_message_says_nothing() -> None:
    sorter = Sorter()
    sorter.add(deliver(b"", "birth"))
    sorter.add(deliver(b"", "presence"))
    assert (sorter.batch.births, sorter.batch.presences, sorter.batch.unreadable) == ({}, [], [])


def test_unknown_fields_are_ignored() -> None:
    sorter = Sorter()
    sorter.add(deliver(frame(record(), extra=f',"{"k" * 60_000}":{{"deep":[1]}}')))
    sorter.add(deliver(birth(extra=',"mood":"fine"'), "birth"))
    assert sorter.batch.unreadable == []
    assert len(sorter.batch.frames) == len(sorter.batch.births) == 1


def test_taking_a_batch_begins_an_empty_one() -> None:
    sorter = Sorter()
    sorter.add(deliver(frame(record())))
    assert sorter.take().readings == 1
    assert not sorter.take()


def test_topics_that_are_remembered_are_bounded() -> None:
    sorter = Sorter()
    for number in range(KNOWN_TOPICS + 10):
        sorter.add(deliver(b"", "birth", device=f"dev-{number}"))
    assert len(sorter._topics) <= KNOWN_TOPICS
