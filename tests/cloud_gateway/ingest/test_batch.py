"""Messages are taken apart without being trusted: whatever comes is sorted, or set aside under its name."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.ingest.batch import KEPT_BYTES, KNOWN_TOPICS, Sorter
from edge_agent.wire.session import Delivery
from tests.cloud_gateway.ingest.bad import BAD_FRAMES, BAD_STATUS
from tests.cloud_gateway.ingest.pieces import DEVICE, birth, deliver, frame, record


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


BAD_RECORDS = {
    "kind of 37 characters": record(7, kind="r" * 35 + "/1"),
    "time beyond 2^53": record(7, at=2**53 + 1),
    "time as text": record(7, at='"now"'),
    "five thousand digits": record(7, mono="1" + "0" * 5_000),
    "unknown clock": record(7).replace('"ntp"', '"sundial"'),
    "no body": '{"seq":7,"kind":"reading/1"}',
}


@pytest.mark.parametrize("bad", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_record_with_a_bad_field_is_refused_by_itself_and_the_others_are_taken(bad: str) -> None:
    sorter = Sorter()
    sorter.add(deliver(frame(record(5), bad, record(8))))
    assert sorter.batch.unreadable == []
    (accepted,) = sorter.batch.frames
    assert [r.seq for r in accepted.frame.records] == [5, 7, 8]
    assert [point.seq for point in accepted.points] == [5, 8]
    ((refused, code, detail),) = accepted.rejected
    assert (refused.seq, bytes(refused.body), code) == (7, bad.encode(), "malformed_record")
    assert detail


def test_frame_of_bad_records_only_is_taken_so_that_each_is_named() -> None:
    sorter = Sorter()
    sorter.add(deliver(frame(*(record(seq, at=2**60) for seq in (1, 2)))))
    assert [r.record.seq for r in sorter.batch.frames[0].rejected] == [1, 2]


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


GOOD = frame(record(1), record(2, '[{"n":"door","vb":true,"t":-0.5}]'), record(3, '[{"n":"note","vs":"a\\"b"}]'))
MUTATIONS = st.lists(
    st.tuples(st.integers(0, len(GOOD)), st.integers(0, 4), st.binary(max_size=6)), min_size=1, max_size=4
)


@given(MUTATIONS, st.sampled_from(["up/reading", "up/alarm", "birth", "presence"]))
@settings(max_examples=500, deadline=None)
def test_no_mutation_of_a_message_escapes(mutations: list[tuple[int, int, bytes]], part: str) -> None:
    payload = GOOD
    for place, cut, put in mutations:
        payload = payload[:place] + put + payload[place + cut :]
    sorter = Sorter()
    sorter.add(deliver(payload, part))
    batch = sorter.batch
    assert len(batch.tokens) == 1
    assert len(batch.unreadable) + len(batch.readable) == 1
