"""How devices and sites stand, as tables."""

from __future__ import annotations

import pytest

from cloud_gateway.devices.condition import (
    Condition,
    Facts,
    Moment,
    Pulse,
    Standing,
    Tone,
    judge_device,
    judge_site,
    scenario_clock,
)
from cloud_gateway.devices.pace import Pace

NOW = 1_800_000_000_000
THEN = 622_440_000_000  # scenario time
S = 1000
MIN = 60 * S


def heard(ago_s: float = 2, **more: object) -> Facts:
    """A device that said something `ago_s` ago."""
    given: dict[str, object] = {"presence": "online", "heard_at": NOW - round(ago_s * S), "heartbeat_s": 60.0}
    return Facts(**(given | more))  # type: ignore[arg-type]  # the table below is the check


REAL = Moment(NOW, NOW)
FAST = Moment(NOW, THEN, 600.0)
TIDE = Pulse("tide", NOW - 30 * S, 60)

DEVICES = [
    ("never heard", Facts(), REAL, Condition(Standing.UNHEARD)),
    ("fine", heard(streams=(TIDE,)), REAL, Condition(Standing.FINE)),
    ("2.5 heartbeats are still fine", heard(150), REAL, Condition(Standing.FINE)),
    ("more than 2.5 heartbeats are silence", heard(151), REAL, Condition(Standing.SILENT, 151 * S)),
    ("its own heartbeat counts", heard(13, heartbeat_s=5.0), REAL, Condition(Standing.SILENT, 13 * S)),
    ("60 s are assumed", heard(151, heartbeat_s=None), REAL, Condition(Standing.SILENT, 151 * S)),
    ("lost", heard(9, presence="lost", presence_at=NOW - 4 * S), REAL, Condition(Standing.LOST, 4 * S)),
    ("lost before silent", heard(999, presence="lost", presence_at=NOW), REAL, Condition(Standing.LOST, 0)),
    ("signed off", heard(9, presence="offline", presence_at=NOW - S), REAL, Condition(Standing.OFFLINE, S)),
    (
        "a backlog",
        heard(depth=214, heartbeat_at=NOW, oldest_at=NOW - 6 * MIN, streams=(TIDE,)),
        REAL,
        Condition(Standing.BACKLOG, 6 * MIN),
    ),
    (
        "a backlog within 2.5 intervals and the grace",
        heard(depth=3, heartbeat_at=NOW, oldest_at=NOW - 170 * S, streams=(TIDE,)),
        REAL,
        Condition(Standing.FINE),
    ),
    (
        "no backlog without depth",
        heard(depth=0, heartbeat_at=NOW, oldest_at=NOW - 99 * MIN),
        REAL,
        Condition(Standing.FINE),
    ),
    (
        "a stream without values",
        heard(streams=(TIDE, Pulse("rain", NOW - 9 * MIN, 60))),
        REAL,
        Condition(Standing.STALE, 9 * MIN, ("rain",)),
    ),
    (
        "a prediction is never late",
        heard(streams=(Pulse("tide_predicted", NOW - 99 * MIN, 60, predicted=True),)),
        REAL,
        Condition(Standing.FINE),
    ),
    (
        "at 600 times the pace, delivery may take 20 s of real time",
        heard(simulated=True, streams=(Pulse("tide", THEN - 190 * MIN, 60),)),
        FAST,
        Condition(Standing.FINE),
    ),
    (
        "and not longer",
        heard(simulated=True, streams=(Pulse("tide", THEN - 210 * MIN, 60),)),
        FAST,
        Condition(Standing.STALE, 210 * MIN, ("tide",)),
    ),
]


@pytest.mark.parametrize(("facts", "moment", "expected"), [d[1:] for d in DEVICES], ids=[d[0] for d in DEVICES])
def test_device_stands(facts: Facts, moment: Moment, expected: Condition) -> None:
    assert judge_device(facts, moment) == expected


FINE, LATE, OFF = Condition(Standing.FINE), Condition(Standing.STALE), Condition(Standing.LOST)
SITES = [
    ("no device", [], [], Tone.OFF),
    ("all fine", [], [FINE, FINE], Tone.OK),
    ("one late", [], [FINE, LATE], Tone.LATE),
    ("one off", [], [FINE, OFF], Tone.LATE),
    ("all off", [], [OFF, OFF], Tone.OFF),
    ("an alarm to attend", ["attention"], [FINE], Tone.LATE),
    ("an urgent alarm", ["attention", "urgent"], [FINE], Tone.BAD),
    ("an urgent alarm outlives its device", ["urgent"], [OFF], Tone.BAD),
]


@pytest.mark.parametrize(("severities", "devices", "expected"), [s[1:] for s in SITES], ids=[s[0] for s in SITES])
def test_site_stands(severities: list[str], devices: list[Condition], expected: Tone) -> None:
    assert judge_site(severities, devices) is expected


def test_scenario_clock_is_the_newest_measured_time_of_simulated_devices() -> None:
    prediction = Pulse("tide_predicted", THEN + 99 * MIN, 360, predicted=True)
    simulated = Facts(simulated=True, heartbeat_at=THEN - MIN, streams=(Pulse("tide", THEN, 60), prediction))
    real = Facts(heartbeat_at=NOW, streams=(Pulse("tide", NOW, 60),))
    assert scenario_clock([real, simulated]) == THEN


def test_scenario_clock_begins_with_the_first_birth() -> None:
    assert scenario_clock([Facts(simulated=True, birth_at=THEN)]) == THEN


def test_no_scenario_clock_without_simulated_times() -> None:
    assert scenario_clock([Facts(heartbeat_at=THEN), Facts(simulated=True)]) is None


def test_scenario_clock_is_not_that_of_a_simulated_device_that_lives_today() -> None:
    desk = heard(simulated=True, heartbeat_at=NOW - 30 * MIN)
    story = heard(simulated=True, heartbeat_at=THEN)
    assert (scenario_clock([desk, story]), scenario_clock([desk])) == (THEN, None)


def test_simulated_device_that_lives_today_is_late_by_todays_clock() -> None:
    slow = Moment(NOW, THEN)
    pulses = [(Pulse("level", NOW - ago * MIN, 60),) for ago in (1, 9)]
    found = [judge_device(heard(simulated=True, heartbeat_at=NOW, streams=one), slow) for one in pulses]
    assert [(one.standing, one.lag_ms) for one in found] == [(Standing.FINE, 0), (Standing.STALE, 9 * MIN)]


def test_scenario_clock_is_not_that_of_a_revoked_device() -> None:
    assert scenario_clock([Facts(simulated=True, birth_at=THEN, revoked_at=NOW)]) is None


PACES = [
    ("nothing seen", [], 1.0),
    ("too short to say", [(0, 0), (1_900, 1_140_000)], 1.0),
    ("600 times", [(0, 0), (5_000, 3_000_000), (10_000, 6_000_000)], 600.0),
    ("never below real time", [(0, 0), (10_000, 100)], 1.0),
    ("a device that catches up does not count", [(0, 0), (5_000, 3_000_000), (5_100, 9), (10_000, 6_000_000)], 600.0),
    ("only the last 20 s count", [(0, 0), (30_000, 1_000), (40_000, 61_000)], 6.0),
]


@pytest.mark.parametrize(("seen", "expected"), [p[1:] for p in PACES], ids=[p[0] for p in PACES])
def test_pace(seen: list[tuple[int, int]], expected: float) -> None:
    pace = Pace()
    for at, device_at in seen:
        pace.add(at, device_at)
    assert pace.value == pytest.approx(expected)


def test_second_device_of_one_identity_is_told_before_all_else() -> None:
    facts = Facts(presence="lost", presence_at=NOW - 1, heard_at=NOW - 1, clone_at=NOW - 5)
    assert judge_device(facts, Moment(NOW, NOW)) == Condition(Standing.CLONED, 5)


@pytest.mark.parametrize("off_ms", [7_776_000_000, -3_600_000], ids=["90 days on", "1 h back"])
def test_clock_that_is_far_off_is_told_with_the_difference(off_ms: int) -> None:
    facts = Facts(presence="online", heard_at=NOW, clock_off_ms=off_ms)
    assert judge_device(facts, Moment(NOW, NOW)) == Condition(Standing.CLOCK, abs(off_ms))


def test_clock_that_is_a_little_off_is_fine() -> None:
    facts = Facts(presence="online", heard_at=NOW, clock_off_ms=-60_000)
    assert judge_device(facts, Moment(NOW, NOW)) == Condition(Standing.FINE)


def test_revoked_device_is_told_as_such_whatever_else_holds() -> None:
    facts = Facts(presence="lost", presence_at=NOW - 1, heard_at=NOW - 1, clone_at=NOW - 5, revoked_at=NOW - 9)
    assert judge_device(facts, Moment(NOW, NOW)) == Condition(Standing.REVOKED, 9)
