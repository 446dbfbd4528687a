"""A clock tells how far it can be trusted, and a wall clock that is set to nonsense does not take it along."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.hardware.clock import SystemClock
from edge_agent.hardware.timefloor import RELEASED_MS, Step, TimeFloor
from edge_agent.hardware.timesource import MachineTime
from edge_agent.wire.messages import ClockQuality
from tests.edge_agent.hardware.hand_time import DAY, HOUR, NOW, SECOND, HandTime


@pytest.fixture
def time() -> HandTime:
    return HandTime()


@pytest.fixture
def clock(time: HandTime) -> SystemClock:
    return SystemClock(time)


QUALITIES = {
    "steered by a time server": (HandTime(synchronized=True), ClockQuality.NTP),
    "steered, and a hardware clock": (HandTime(synchronized=True, rtc=True), ClockQuality.NTP),
    "steered earlier in this boot": (HandTime(was_synchronized=True, rtc=True), ClockQuality.HOLDOVER),
    "set by the hardware clock": (HandTime(rtc=True), ClockQuality.RTC),
    "set from a kept time": (HandTime(), ClockQuality.HOLDOVER),
    "in 1970": (HandTime(wall_ms=0), ClockQuality.UNSET),
    "in 1970 by the hardware clock": (HandTime(wall_ms=0, rtc=True), ClockQuality.UNSET),
    "before the release by a time server": (HandTime(wall_ms=RELEASED_MS - DAY, synchronized=True), ClockQuality.UNSET),
}


@pytest.mark.parametrize(("time", "quality"), QUALITIES.values(), ids=QUALITIES)
def test_quality_tells_where_the_time_comes_from(time: HandTime, quality: ClockQuality) -> None:
    assert SystemClock(time).quality() is quality


def test_clock_before_a_time_that_was_kept_is_unset(time: HandTime, clock: SystemClock) -> None:
    clock.raise_floor(NOW + HOUR)
    assert clock.quality() is ClockQuality.UNSET


def test_clock_that_was_believed_is_not_once_a_later_time_is_known_to_be_past(
    time: HandTime, clock: SystemClock
) -> None:
    assert clock.quality() is ClockQuality.HOLDOVER
    clock.raise_floor(NOW + HOUR)
    assert clock.quality() is ClockQuality.UNSET


def test_time_server_that_is_lost_leaves_holdover(time: HandTime, clock: SystemClock) -> None:
    time.synchronized = True
    assert clock.quality() is ClockQuality.NTP
    time.synchronized = False
    time.pass_by(2 * SECOND)
    assert clock.quality() is ClockQuality.HOLDOVER
    time.synchronized = True
    time.pass_by(2 * SECOND)
    assert clock.quality() is ClockQuality.NTP


STEPS = {"to 1970": -NOW, "90 days on": 90 * DAY, "an hour back": -HOUR}


@pytest.mark.parametrize("by", STEPS.values(), ids=STEPS)
def test_wall_clock_that_is_set_while_running_does_not_take_the_device_along(
    time: HandTime, clock: SystemClock, by: int
) -> None:
    time.synchronized = True
    before = clock.now()
    time.set_by(by)
    time.pass_by(10 * SECOND)
    assert clock.now() == before + 10 * SECOND
    assert clock.quality() is ClockQuality.HOLDOVER
    assert clock.take_steps() == [Step(by, taken=False)]
    assert clock.away_ms() == by
    time.pass_by(HOUR)
    assert clock.now() == before + HOUR + 10 * SECOND
    assert clock.take_steps() == []


@pytest.mark.parametrize("by", [90 * DAY, -HOUR], ids=["90 days on", "an hour back"])
def test_step_by_a_time_server_is_followed_and_told(time: HandTime, clock: SystemClock, by: int) -> None:
    before = clock.now()
    time.set_by(by, synchronized=True)
    assert clock.now() == before + by
    assert clock.quality() is ClockQuality.NTP
    assert clock.take_steps() == [Step(by, taken=True)]


def test_time_server_that_is_before_the_floor_is_not_followed(time: HandTime, clock: SystemClock) -> None:
    before = clock.now()
    time.set_by(-NOW, synchronized=True)
    assert clock.now() == before
    assert clock.quality() is ClockQuality.HOLDOVER


def test_wall_clock_that_comes_back_is_followed_again(time: HandTime, clock: SystemClock) -> None:
    clock.now()
    time.set_by(90 * DAY)
    clock.now()
    time.set_by(-90 * DAY, synchronized=True)
    assert clock.quality() is ClockQuality.NTP
    assert clock.away_ms() == 0
    assert [step.by_ms for step in clock.take_steps()] == [90 * DAY, -90 * DAY]


def test_device_that_began_in_1970_has_one_offset_until_it_learns_the_time(time: HandTime) -> None:
    time.wall_ms = 5_000
    clock = SystemClock(time)
    assert clock.now() == 5_000
    time.set_by(HOUR)
    time.pass_by(10 * SECOND)
    assert clock.now() == 15_000
    assert clock.quality() is ClockQuality.UNSET
    time.set_by(NOW, synchronized=True)
    assert clock.now() == time.wall_ms
    assert clock.quality() is ClockQuality.NTP


def test_clock_set_by_hand_from_1970_is_believed_as_far_as_a_hand_goes(time: HandTime) -> None:
    time.wall_ms = 0
    clock = SystemClock(time)
    assert clock.quality() is ClockQuality.UNSET
    time.set_by(NOW)
    assert clock.quality() is ClockQuality.HOLDOVER
    assert clock.now() == NOW


def test_slewing_and_a_leap_second_are_no_steps(time: HandTime, clock: SystemClock) -> None:
    clock.now()
    time.set_by(-SECOND)
    time.pass_by(2 * SECOND)
    assert clock.now() == time.wall_ms
    assert clock.take_steps() == []


def test_floor_goes_on_with_the_monotonic_clock_and_never_back(time: HandTime, clock: SystemClock) -> None:
    clock.raise_floor(NOW)
    clock.raise_floor(NOW - DAY)
    time.pass_by(HOUR)
    assert clock.floor() == NOW + HOUR


def test_only_a_time_server_raises_the_floor(time: HandTime) -> None:
    floor = TimeFloor()
    clock = SystemClock(time, floor)
    assert clock.floor() == RELEASED_MS
    time.set_by(90 * DAY)
    assert clock.floor() == RELEASED_MS
    time.set_by(-90 * DAY, synchronized=True)
    assert clock.floor() == NOW


def test_real_machine_tells_its_time_and_a_quality() -> None:
    clock = SystemClock()
    wall_ms, mono_ns = MachineTime().times()
    assert abs(clock.now() - wall_ms) < 60_000
    assert clock.mono() >= mono_ns
    assert clock.quality() in ClockQuality


def test_file_of_timesyncd_says_that_the_clock_was_steered_in_this_boot(tmp_path: Path) -> None:
    assert not MachineTime(tmp_path).look().was_synchronized
    file = tmp_path / "run/systemd/timesync/synchronized"
    file.parent.mkdir(parents=True)
    file.touch()
    assert MachineTime(tmp_path).look().was_synchronized


@pytest.mark.parametrize(("text", "rtc"), [("1\n", True), ("0\n", False)], ids=["set the clock", "did not"])
def test_hardware_clock_counts_when_the_kernel_took_the_time_from_it(tmp_path: Path, text: str, rtc: bool) -> None:
    file = tmp_path / "sys/class/rtc/rtc0/hctosys"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert MachineTime(tmp_path).look().rtc is rtc


def test_machine_without_any_hardware_clock_has_none(tmp_path: Path) -> None:
    assert not MachineTime(tmp_path).look().rtc
