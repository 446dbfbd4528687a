"""A bad record is refused by its name, and the records beside it are kept."""

from __future__ import annotations

import pytest

from cloud_gateway.ingest.validation import EARLIEST_AT, LATEST_AT, Accepted, sort_records
from edge_agent.wire.frames import decode_frame
from edge_agent.wire.messages import AlarmBody, GapBody, HeartbeatBody
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH, alarm, frame, heartbeat, pack, record


def sort(lane: Lane, *records: str) -> Accepted:
    return sort_records(DEVICE, decode_frame(lane, frame(*records, lane=lane.value)))


def entry(rest: str, name: str = "level") -> str:
    return f'[{{"n":"{name}",{rest}}}]'


BAD_READINGS = {
    "1e999": (entry('"v":1e999'), "malformed_reading"),
    "-1e999": (entry('"v":-1e999'), "malformed_reading"),
    "400 digits": (entry(f'"v":1{"0" * 400}'), "malformed_reading"),
    "number as text": (entry('"v":"1"'), "malformed_reading"),
    "boolean as number": (entry('"v":true'), "malformed_reading"),
    "no value": (entry('"u":"m"'), "bad_value"),
    "null": (entry('"v":null'), "bad_value"),
    "number and text": (entry('"v":1,"vs":"1"'), "bad_value"),
    "number and boolean": (entry('"v":0,"vb":false'), "bad_value"),
    "all three": (entry('"v":0,"vb":false,"vs":""'), "bad_value"),
    "empty pack": ("[]", "malformed_reading"),
    "257 entries": ("[" + ",".join(['{"n":"level","v":1}'] * 257) + "]", "malformed_reading"),
    "no list": ('{"n":"level","v":1}', "malformed_reading"),
    "text": ('"level=1"', "malformed_reading"),
    "null body": ("null", "malformed_reading"),
    "text of 201 characters": (entry(f'"vs":"{"x" * 201}"'), "malformed_reading"),
    "unit of 17 characters": (entry(f'"v":1,"u":"{"m" * 17}"'), "malformed_reading"),
    "name of 33 characters": (entry('"v":1', "l" * 33), "malformed_reading"),
    "empty name": (entry('"v":1', ""), "malformed_reading"),
    "time of its own before 1980": (entry('"v":1,"t":-268435455'), "time_out_of_range"),
    "endless offset": (entry('"v":1,"t":1e999'), "malformed_reading"),
    "absolute time": (entry('"v":1,"t":1795305600'), "malformed_reading"),
    "two values at one time": ('[{"n":"level","v":1},{"n":"level","v":2}]', "duplicate_time"),
    "two values in one millisecond": ('[{"n":"level","v":1,"t":0.0001},{"n":"level","v":2}]', "duplicate_time"),
    "one of two out of range": ('[{"n":"level","v":1},{"n":"flow","v":1,"t":-268435455}]', "time_out_of_range"),
}


@pytest.mark.parametrize(("body", "code"), BAD_READINGS.values(), ids=BAD_READINGS)
def test_bad_reading_is_refused_by_name_and_the_others_are_kept(body: str, code: str) -> None:
    accepted = sort(Lane.READING, record(1), record(2, body, at=EARLIEST_AT + 1000), record(3))
    assert [(r.record.seq, r.code) for r in accepted.rejected] == [(2, code)]
    assert [point.seq for point in accepted.points] == [1, 3]
    assert accepted.rows == []


def test_reading_that_is_no_utf8_is_refused_by_name() -> None:
    payload = frame(record(1), record(2, entry('"vs":"Q"'))).replace(b"Q", b"\xff")
    accepted = sort_records(DEVICE, decode_frame(Lane.READING, payload))
    assert [(r.record.seq, r.code) for r in accepted.rejected] == [(2, "malformed_reading")]
    assert [point.seq for point in accepted.points] == [1]


ALARM_BODY = '{"rule":"surge","stream":"tide","state":"raised","value":1,"limit":1,"unit":"m","since":%d}'
GAP_BODY = '{"reason":"no room","count":%d,"since":%d,"until":%d}'
BAD_ROWS = {
    "alarm without a limit": (Lane.ALARM, "alarm/1", '{"rule":"surge","state":"raised"}', "malformed_body"),
    "alarm of no number": (Lane.ALARM, "alarm/1", (ALARM_BODY % AT).replace("1,", "1e999,"), "malformed_body"),
    "alarm of an unknown state": (Lane.ALARM, "alarm/1", (ALARM_BODY % AT).replace("raised", "?"), "malformed_body"),
    "alarm's rule and a newline": (
        Lane.ALARM,
        "alarm/1",
        (ALARM_BODY % AT).replace("surge", "surge\\n"),
        "malformed_body",
    ),
    "gap on the lane of alarms": (Lane.ALARM, "gap/1", GAP_BODY % (1, AT, AT), "gap_not_allowed"),
    "gap on the lane of records": (Lane.RECORD, "gap/1", GAP_BODY % (1, AT, AT), "gap_not_allowed"),
    "gap of nothing": (Lane.READING, "gap/1", GAP_BODY % (0, AT, AT), "malformed_body"),
    "gap of more than 63 bits": (Lane.READING, "gap/1", GAP_BODY % (2**63, AT, AT), "malformed_body"),
    "gap until 2100": (Lane.DIAGNOSTIC, "gap/1", GAP_BODY % (1, AT, LATEST_AT), "time_out_of_range"),
    "heartbeat of no numbers": (Lane.DIAGNOSTIC, "heartbeat/1", '{"depth":"deep"}', "malformed_body"),
    "heartbeat of an endless depth": (
        Lane.DIAGNOSTIC,
        "heartbeat/1",
        f'{{"depth":{{"alarm":{10**30}}},"oldest_at":null,"uptime_s":1}}',
        "malformed_body",
    ),
    "unknown kind among alarms": (Lane.ALARM, "alarm/2", ALARM_BODY % AT, "unknown_kind"),
    "unknown kind among readings": (Lane.READING, "reading/2", "[]", "unknown_kind"),
    "kind and a newline": (Lane.READING, "reading/1\\n", "[]", "unknown_kind"),
    "kind without a version": (Lane.RECORD, "rating", "{}", "unknown_kind"),
    "kind in capitals": (Lane.DIAGNOSTIC, "Note/1", "{}", "unknown_kind"),
    "kind of version 0": (Lane.RECORD, "rating/0", "{}", "unknown_kind"),
    "kind with a quote": (Lane.RECORD, 'ra\\"ting/1', "{}", "unknown_kind"),
}


@pytest.mark.parametrize(("lane", "kind", "body", "code"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_body_is_refused_by_name(lane: Lane, kind: str, body: str, code: str) -> None:
    accepted = sort(lane, record(2, body, kind=kind))
    assert [(r.record.seq, r.code) for r in accepted.rejected] == [(2, code)]
    assert (accepted.rows, accepted.points) == ([], [])


def test_time_that_no_reader_of_the_log_holds_exactly_is_refused() -> None:
    said = decode_frame(Lane.RECORD, frame(record(2, "{}", kind="note/1"), lane="record"))
    shifts = {2**53 - 1: AT - 2**53 + 1, -(2**53): AT + 2**53, 2**53: AT - 2**53}
    refused = {at: [r.code for r in sort_records(DEVICE, said, shift).rejected] for at, shift in shifts.items()}
    assert refused == {2**53 - 1: [], -(2**53): ["bad_value"], 2**53: ["bad_value"]}


SINCES = {
    "1970": (0, AT),
    "before 1970": (-(2**53), AT),
    "1980": (EARLIEST_AT, EARLIEST_AT),
    "a minute before": (AT - 60_000, AT - 60_000),
    "later than it was said": (AT + 1, AT),
    "the year 287396": (2**53, AT),
}


@pytest.mark.parametrize(("since", "believed"), SINCES.values(), ids=SINCES)
def test_alarm_is_taken_whatever_its_clock_said_before_it_was_set(since: int, believed: int) -> None:
    accepted = sort(Lane.ALARM, record(1, ALARM_BODY % since, kind="alarm/1"))
    (row,) = accepted.rows
    assert isinstance(row.body, AlarmBody)
    assert row.body.since == believed
    assert bytes(row.record.body).decode() == ALARM_BODY % since


@pytest.mark.parametrize(("since", "believed"), [(0, AT - 5), (AT - 9, AT - 9), (AT, AT - 5)])
def test_gap_that_began_without_a_clock_is_taken(since: int, believed: int) -> None:
    (row,) = sort(Lane.READING, record(1, GAP_BODY % (3, since, AT - 5), kind="gap/1")).rows
    assert isinstance(row.body, GapBody)
    assert (row.body.since, row.body.until, row.body.count) == (believed, AT - 5, 3)


@pytest.mark.parametrize(("oldest_at", "believed"), [(0, None), (AT, AT), (LATEST_AT, None)])
def test_heartbeat_over_a_backlog_without_a_clock_is_taken(oldest_at: int, believed: int | None) -> None:
    body = f'{{"depth":{{"reading":7}},"oldest_at":{oldest_at},"uptime_s":1}}'
    (row,) = sort(Lane.DIAGNOSTIC, record(1, body, kind="heartbeat/1")).rows
    assert isinstance(row.body, HeartbeatBody)
    assert (row.body.oldest_at, row.body.depth) == (believed, {Lane.READING: 7})


@pytest.mark.parametrize("lane", [Lane.RECORD, Lane.DIAGNOSTIC])
def test_body_that_nobody_could_read_back_is_refused(lane: Lane) -> None:
    payload = frame(record(1, '{"x":"Q"}', kind="note/1"), lane=lane.value).replace(b"Q", b"\xff")
    accepted = sort_records(DEVICE, decode_frame(lane, payload))
    assert [r.code for r in accepted.rejected] == ["malformed_body"]


def test_alarm_with_bytes_that_are_no_utf8_in_an_unknown_field_is_refused() -> None:
    payload = frame(alarm(1).replace('"unit"', '"x":"Q","unit"'), lane="alarm").replace(b"Q", b"\xff")
    accepted = sort_records(DEVICE, decode_frame(Lane.ALARM, payload))
    assert [r.code for r in accepted.rejected] == ["malformed_body"]


TIMES = {
    "1970": (0, ["time_out_of_range"]),
    "before 1970": (-(2**53), ["time_out_of_range"]),
    "the last of 1979": (EARLIEST_AT - 1, ["time_out_of_range"]),
    "1980": (EARLIEST_AT, []),
    "2099": (LATEST_AT - 1, []),
    "2100": (LATEST_AT, ["time_out_of_range"]),
    "the year 287396": (2**53, ["time_out_of_range"]),
}


@pytest.mark.parametrize(("at", "codes"), TIMES.values(), ids=TIMES)
def test_times_count_from_1980_to_2099(at: int, codes: list[str]) -> None:
    reading = sort(Lane.READING, record(1, at=at))
    other = sort(Lane.RECORD, record(1, '{"stars":3}', kind="rating/1", at=at))
    assert [r.code for r in reading.rejected] == [r.code for r in other.rejected] == codes


OFFSETS = {
    "back before 1980": (EARLIEST_AT, -0.001, ["time_out_of_range"]),
    "back to 1980": (EARLIEST_AT + 1, -0.001, []),
    "on to 2100": (LATEST_AT - 1, 0.001, ["time_out_of_range"]),
    "on to the last of 2099": (LATEST_AT - 2, 0.001, []),
}


@pytest.mark.parametrize(("at", "offset", "codes"), OFFSETS.values(), ids=OFFSETS)
def test_offset_of_a_single_entry_is_held_to_the_same_times(at: int, offset: float, codes: list[str]) -> None:
    accepted = sort(Lane.READING, record(1, entry(f'"v":1,"t":{offset}'), at=at))
    assert [r.code for r in accepted.rejected] == codes
    assert len(accepted.points) == 1 - len(codes)


@pytest.mark.parametrize("mono", [2**63, -(2**63), 10**30])
def test_monotonic_time_that_no_table_holds_is_refused(mono: int) -> None:
    accepted = sort(Lane.RECORD, record(1, "{}", kind="rating/1", mono=str(mono)))
    assert [r.code for r in accepted.rejected] == ["bad_value"]


def test_monotonic_time_of_a_reading_is_not_kept_and_so_not_judged() -> None:
    assert len(sort(Lane.READING, record(1, mono=str(10**30))).points) == 1


def test_one_bad_record_of_two_hundred_is_named_and_the_others_are_taken() -> None:
    records = [record(seq, pack("1e999" if seq == 117 else seq)) for seq in range(1, 201)]
    accepted = sort(Lane.READING, *records)
    assert [r.record.seq for r in accepted.rejected] == [117]
    assert [p.seq for p in accepted.points] == [seq for seq in range(1, 201) if seq != 117]


def test_entry_takes_its_time_from_the_record_its_offset_and_its_seq() -> None:
    accepted = sort(Lane.READING, record(1_000_007, '[{"n":"level","v":1,"t":-2.5},{"n":"level","v":2}]'))
    assert [p.time_ns for p in accepted.points] == [(AT - 2500) * 1_000_000 + 7, AT * 1_000_000 + 7]


def test_values_keep_their_types() -> None:
    body = '[{"n":"level","v":1},{"n":"door","vb":true},{"n":"state","vs":"open"}]'
    values = [p.value for p in sort(Lane.READING, record(1, body)).points]
    assert list(map(repr, values)) == ["1.0", "True", "'open'"]


def test_unit_may_hold_anything_short() -> None:
    accepted = sort(Lane.READING, record(1, entry('"v":1,"u":"m ,=\\"\\\\\\n"')))
    assert [p.unit for p in accepted.points] == ['m ,="\\\n']


def test_points_name_their_origin() -> None:
    (point,) = sort(Lane.READING, record(9)).points
    assert (point.device, point.epoch, point.seq, point.clock) == (DEVICE, EPOCH, 9, "ntp")


@pytest.mark.parametrize("lane", [Lane.RECORD, Lane.DIAGNOSTIC])
def test_unknown_kind_is_kept_as_it_came_where_kinds_may_grow(lane: Lane) -> None:
    (row,) = sort(lane, record(1, '{"a": [1,  2]}', kind="novelty/3")).rows
    assert bytes(row.record.body) == b'{"a": [1,  2]}'
    assert row.body is None


def test_alarm_and_heartbeat_are_read() -> None:
    assert sort(Lane.ALARM, alarm(1)).rows[0].body is not None
    assert sort(Lane.DIAGNOSTIC, heartbeat(1)).rows[0].body is not None
