"""Frames carry records unchanged, stay within their limits, and refuse what is not one, by name."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.frames import FrameError, decode_frame, encode_frame, salvage_frame, split_records
from edge_agent.wire.messages import MAX_FRAME_BYTES, ClockQuality, Frame, Record
from edge_agent.wire.topics import Lane

EPOCH = "0123456789abcdef"


def record(seq: int, body: bytes = b"[]", kind: str = "reading/1") -> Record:
    return Record(seq, kind, 622267200000, ClockQuality.NTP, 17, msgspec.Raw(body))


def frame(*records: Record, lane: Lane = Lane.READING) -> Frame:
    return Frame(EPOCH, lane, "boot", list(records))


bodies = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
).map(msgspec.json.encode)


@given(st.lists(bodies, min_size=1, max_size=20))
def test_bodies_arrive_as_the_bytes_they_were(sent: list[bytes]) -> None:
    payload = encode_frame(frame(*(record(i, body) for i, body in enumerate(sent, 1))))
    assert [bytes(r.body) for r in decode_frame(Lane.READING, payload).records] == sent


@settings(max_examples=30)
@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=60), st.integers(1, 30))
def test_frames_stay_within_the_size_and_hold_everything_in_order(sizes: list[int], boots: int) -> None:
    records = [(f"boot-{i // boots}", record(i, b'"' + b"x" * size + b'"')) for i, size in enumerate(sizes, 1)]
    parts = list(split_records(records))
    assert [r for _, part in parts for r in part] == [r for _, r in records]
    assert all(len(encode_frame(Frame(EPOCH, Lane.READING, boot, part))) <= MAX_FRAME_BYTES for boot, part in parts)


GOOD = encode_frame(frame(record(1), record(2)))


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(b"", "malformed_frame", id="empty"),
        pytest.param(b"\xff\xfe", "malformed_frame", id="no text"),
        pytest.param(GOOD[:-3], "malformed_frame", id="cut short"),
        pytest.param(GOOD + b"x", "malformed_frame", id="something behind"),
        pytest.param(b"[" * 100_000, "malformed_frame", id="deep nesting"),
        pytest.param(b'{"v":1,"records":' + b"[" * 60_000, "malformed_frame", id="deep records"),
        pytest.param(b" " * (MAX_FRAME_BYTES + 1), "frame_too_large", id="oversized"),
        pytest.param(GOOD.replace(b'"v":1', b'"v":2'), "unknown_version", id="newer version"),
        pytest.param(b'{"v":"3.0","shape":"unheard of"}', "unknown_version", id="version of another shape"),
        pytest.param(GOOD.replace(b'"lane":"reading"', b'"lane":"alarm"'), "lane_mismatch", id="other lane"),
        pytest.param(GOOD.replace(b'"seq":2', b'"seq":1'), "seq_order", id="seq twice"),
        pytest.param(GOOD.replace(b'"seq":2', b'"seq":0'), "malformed_frame", id="seq zero"),
        pytest.param(GOOD.replace(b'"seq":2', b'"seq":9223372036854775808'), "malformed_frame", id="seq too large"),
        pytest.param(GOOD.replace(b'"seq":2', b'"seq":' + b"9" * 5000), "malformed_frame", id="endless seq"),
        pytest.param(GOOD.replace(b'"seq":2', b'"seq":true'), "malformed_frame", id="seq of another type"),
        pytest.param(GOOD.replace(EPOCH.encode(), b"nope"), "malformed_frame", id="bad epoch"),
        pytest.param(GOOD.replace(b'"at":622267200000', b'"at":NaN'), "malformed_frame", id="NaN"),
        pytest.param(GOOD.replace(b'"body":[]', b'"body":"\\ud800"'), "malformed_frame", id="lone surrogate"),
    ],
)
def test_bad_frames_are_refused_by_name(payload: bytes, code: str) -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(Lane.READING, payload)
    assert caught.value.code == code


def test_frame_with_a_bad_record_is_salvaged_with_all_its_numbers() -> None:
    first, second = GOOD.split(b'"seq":2')
    payload = first + b'"seq":2' + second.replace(b'"ntp"', b'"sundial"')
    salvaged, faults = salvage_frame(Lane.READING, payload)
    assert [r.seq for r in salvaged.records] == [1, 2]
    assert list(faults) == [2]
    assert b"sundial" in bytes(salvaged.records[1].body)


def test_frame_whose_numbers_cannot_be_read_is_not_salvaged() -> None:
    with pytest.raises(FrameError, match="malformed_frame"):
        salvage_frame(Lane.READING, GOOD.replace(b'"seq":2', b'"seq":0'))


def test_unknown_fields_are_ignored() -> None:
    assert decode_frame(Lane.READING, GOOD.replace(b'"v":1', b'"v":1,"later":{"a":[1]}')).records[0].seq == 1


@given(
    st.binary(max_size=300)
    | st.builds(lambda i, b: GOOD[:i] + b + GOOD[i + len(b) :], st.integers(0, 300), st.binary(max_size=4))
)
def test_mutated_frames_never_raise_anything_else(payload: bytes) -> None:
    try:
        decode_frame(Lane.READING, payload)
    except FrameError as exc:
        assert exc.code
