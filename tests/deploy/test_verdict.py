"""The verdict on made-up holdings: each way to break a promise makes the report unclean."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from cloud_gateway.backup.store import RESTORED
from cloud_gateway.readings.series import Point
from deploy.demo.alarms import Raising, find_raisings
from deploy.demo.holdings import Holdings, find_doubles, seal_points
from deploy.demo.naming import Gap, find_named
from deploy.demo.told import Told, make_warning_report
from deploy.demo.verdict import Report, count_figures, find_shortcomings, is_clean, strike_balance
from deploy.demo.witness import Promise, Said, seal

READING = Promise("dev", "e", "reading", 7)
RAISED, CLEARED = Promise("dev", "e", "alarm", 1), Promise("dev", "e", "alarm", 2)
AT = 1_000_000_000_000
POINT = Point("dev", "tide", "m", AT * 1_000_000 + 7, 1.25, "e", 7, "ntp")
PUT = {
    READING: seal("reading/1", AT, "ntp", b'[{"n":"tide","u":"m","v":1.25}]'),
    RAISED: seal("alarm/1", AT, "ntp", b"{}"),
    CLEARED: seal("alarm/1", AT + 60, "ntp", b"{}"),
}
SAID = {("dev", "e", 1): Said("surge", "raised", AT), ("dev", "e", 2): Said("surge", "cleared", AT + 60)}
LISTED = {("dev", "e", 1): Raising("surge", AT, AT + 60)}
NOTHING_TOLD = Told([], 0, Counter(), [], Counter(), 0, 0, [], 0)
CLEAN = Report(
    scenario="quick",
    devices=1,
    put=3,
    stored=3,
    waiting=0,
    with_clones=0,
    lost=0,
    duplicates=0,
    altered=0,
    unwitnessed=0,
    gaps=0,
    gaps_by_lane={},
    rejected=0,
    refused=0,
    named_by_gaps=0,
    gauge_hours={"pier/tide": [4, 4]},
    gauges_hit=[],
    alarms=[],
    wrong_alarms=0,
    faults=[],
    worst_delay_s=0.1,
    store="sqlite",
    seconds=1.0,
    examples=[],
    warnings=make_warning_report([], NOTHING_TOLD, []),
)


def changed(**changes: object) -> Report:
    return msgspec.structs.replace(CLEAN, **changes)


def test_what_the_stores_give_back_whole_balances() -> None:
    held = Holdings(seals=PUT | {READING: seal_points([POINT])}, said=SAID, alarms=LISTED)
    balance = strike_balance(PUT, SAID, held)
    assert not (balance.lost or balance.altered or balance.doubled or balance.unwitnessed or balance.wrong_alarms)


@pytest.mark.parametrize(
    "point",
    [
        POINT._replace(time_ns=POINT.time_ns + 3_600_000_000_000),
        POINT._replace(clock="unset"),
        POINT._replace(value=1.5),
        POINT._replace(unit="mm"),
    ],
    ids=["time", "clock", "value", "unit"],
)
def test_a_reading_that_comes_back_otherwise_is_altered(point: Point) -> None:
    held = Holdings(seals=PUT | {READING: seal_points([point])})
    assert strike_balance(PUT, {}, held).altered == {READING}


def test_points_of_one_record_that_differ_in_their_clock_are_altered() -> None:
    points = [POINT, POINT._replace(stream="wind", clock="rtc")]
    same = [POINT, POINT._replace(stream="wind")]
    assert seal_points(points) != seal_points(same)


@pytest.mark.parametrize(
    "said",
    [("alarm/1", 10**12 - 5, "ntp"), ("alarm/1", AT, "rtc"), ("rating/1", AT, "ntp")],
    ids=["time", "clock", "kind"],
)
def test_a_row_that_comes_back_otherwise_is_altered(said: tuple[str, int, str]) -> None:
    held = Holdings(seals=PUT | {RAISED: seal(*said, b"{}")})
    assert strike_balance(PUT, {}, held).altered == {RAISED}


@pytest.mark.parametrize(
    "listed",
    [
        {},
        {("dev", "e", 1): Raising("surge", AT, None)},
        {("dev", "e", 1): Raising("surge", AT - 5, AT + 60)},
        {("dev", "e", 1): Raising("rise", AT, AT + 60)},
        LISTED | {("dev", "e", 9): Raising("surge", AT, AT + 60)},
    ],
    ids=["missing", "not cleared", "other time", "other rule", "one too many"],
)
def test_alarms_that_are_not_listed_as_they_were_put_are_wrong(listed: dict[tuple[str, str, int], Raising]) -> None:
    held = Holdings(seals=PUT, said=SAID, alarms=listed)
    assert strike_balance(PUT, SAID, held).wrong_alarms


def test_an_alarm_that_only_the_store_knows_of_is_due_in_the_list_too() -> None:
    balance = strike_balance({}, {}, Holdings(seals=PUT, said=SAID, alarms=LISTED))
    assert (balance.wrong_alarms, balance.unwitnessed) == (set(), set(PUT))


def test_an_alarm_that_was_told_twice_is_a_double() -> None:
    assert find_doubles([RAISED, CLEARED, RAISED]) == {RAISED}


def test_figures_that_a_store_does_not_give_back_at_their_time_are_missing() -> None:
    figures = [(0, 1.0), (3600, 2.0)]
    assert count_figures(figures, [(0, 1.0), (3600, 2.05)], 0.1, over=True) == [2, 2]
    assert count_figures(figures, [(3600, 1.0), (7200, 2.0)], 0.1, over=True) == [0, 2]
    assert count_figures(figures, [(0, 1.0)], 0.1, over=True) == [1, 2]
    assert count_figures(figures, [(0, 1.0)], 0.1, over=False) == [1, 1]


def test_a_whole_report_is_clean() -> None:
    assert is_clean(CLEAN)
    assert is_clean(changed(faults=[{"name": "f", "kind": "link-cut", "seen_by": ["gateway: link down"]}]))
    assert is_clean(changed(gaps_by_lane={"reading": 3}))
    assert is_clean(changed(faults=[{"name": "f", "kind": "disk-full", "seen_by": [], "skipped": "no such disk"}]))


@pytest.mark.parametrize(
    "report",
    [
        changed(put=0),
        *(changed(**{name: 1}) for name in ("lost", "duplicates", "altered", "rejected", "wrong_alarms")),
        changed(unwitnessed=1),
        changed(warnings=msgspec.structs.replace(CLEAN.warnings, to_customers=1)),
        changed(gauge_hours={"pier/tide": [3, 4]}),
        changed(gauge_hours={"pier/tide": [3, 4]}, gauges_hit=["yard/tide"]),
        changed(gaps_by_lane={"alarm": 1}),
        changed(faults=[{"name": "f", "kind": "link-cut", "seen_by": []}]),
        changed(faults=[{"name": "f", "kind": "revoke", "seen_by": ["ingest"], "broken": ["facts were stored"]}]),
    ],
)
def test_a_broken_promise_is_not_clean(report: Report) -> None:
    assert not is_clean(report)


def test_a_killed_agent_excuses_its_hours_and_what_it_could_not_tell_anymore() -> None:
    kill: dict[str, object] = {"name": "f", "kind": "agent-kill", "seen_by": ["gateway: a device has restarted"]}
    report = changed(faults=[kill], unwitnessed=1, gauge_hours={"pier/tide": [3, 4]}, gauges_hit=["pier/tide"])
    assert find_shortcomings(report) == []


def test_what_still_waits_on_a_device_is_not_lost() -> None:
    promise = Promise("tide-1", "0123456789abcdef", "reading", 7)
    assert strike_balance({promise: "seal"}, {}, Holdings()).lost == {promise}
    assert strike_balance({promise: "seal"}, {}, Holdings(waiting={promise})).lost == set()


FACTS = {Promise("dev", "e", "reading", seq) for seq in range(1, 9)}


def test_a_gap_names_no_more_facts_than_it_counts() -> None:
    gap = Gap("dev", "e", "reading", "the disk is full", 2, 3, 6)
    assert {p.seq for p in find_named(FACTS, [gap], set())} == {3, 4}
    assert find_named(FACTS, [gap._replace(first=0, last=0)], set()) == set()


FULL = Gap("dev", "e", "reading", "the disk is full", 8, 1, 8)


@pytest.mark.parametrize(
    "gap", [FULL._replace(device="dev-2"), FULL._replace(epoch="f"), FULL._replace(lane="alarm")], ids=str
)
def test_a_gap_of_another_line_names_nothing(gap: Gap) -> None:
    assert find_named(FACTS, [gap], set()) == set()
    assert find_named(FACTS, [FULL], set()) == FACTS


def test_the_gap_of_a_restored_gateway_names_what_devices_had_let_go_after_the_backup() -> None:
    gap = Gap("dev", "e", "reading", RESTORED, 0, 4, 0)
    let_go = {p for p in FACTS if p.seq <= 6}
    assert {p.seq for p in find_named(FACTS, [gap], let_go)} == {4, 5, 6}
    put = dict.fromkeys(FACTS, "seal")
    assert {p.seq for p in strike_balance(put, {}, Holdings(gap_list=[gap]), let_go).lost} == {1, 2, 3, 7, 8}


def test_an_alarm_that_its_epoch_left_open_is_closed_by_the_next_clearing_of_another() -> None:
    said = {
        ("dev", "e", 1): Said("surge", "raised", AT),
        ("dev", "f", 1): Said("surge", "cleared", AT - 5),
        ("dev", "f", 2): Said("surge", "raised", AT + 10),
        ("dev", "f", 3): Said("surge", "cleared", AT + 60),
    }
    found = find_raisings(said)
    assert found == {
        ("dev", "e", 1): Raising("surge", AT, AT + 60),
        ("dev", "f", 2): Raising("surge", AT + 10, AT + 60),
    }
