"""Judges a wall clock by what is known for certain: a time that is past, the monotonic clock, a time server.

Pure: times come in, nothing is read. A device lives by the monotonic clock plus one offset. The offset follows the wall
clock as long as there is reason to believe it, and stands still when there is none.
"""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.wire.messages import ClockQuality

NS_PER_MS = 1_000_000
#: 2025-01-01T00:00Z: no release of Weiran is older, so no agent has ever run before.
RELEASED_MS = 1_735_689_600_000
#: A wall clock that moves by more than this against the monotonic clock has been set. Leap seconds are less.
STEP_MS = 2_000


class Look(NamedTuple):
    """What can be seen of the time: `wall_ms` UTC, `mono_ns`.

    `synchronized`: the kernel says that a time server steers the clock. `was_synchronized`: one has, in this boot.
    `rtc`: a hardware clock gave the time at boot.
    """

    wall_ms: int
    mono_ns: int
    synchronized: bool = False
    was_synchronized: bool = False
    rtc: bool = False


class Step(NamedTuple):
    """The wall clock was set: by `by_ms` against what was lived by. `taken`: the device now lives by it."""

    by_ms: int
    taken: bool


class TimeFloor:
    """A time that is past for certain, ms UTC. It goes on with the monotonic clock, and never back."""

    def __init__(self, floor_ms: int = RELEASED_MS) -> None:
        self._floor_ms = floor_ms
        self._mono_ns: int | None = None

    def at(self, mono_ns: int) -> int:
        """The floor at a monotonic time: what was past stays past, and time has gone by since."""
        if self._mono_ns is None:
            self._mono_ns = mono_ns
        return self._floor_ms + max(0, mono_ns - self._mono_ns) // NS_PER_MS

    def raise_to(self, past_ms: int, mono_ns: int) -> None:
        """`past_ms` is past too; a lower one changes nothing."""
        if past_ms > self.at(mono_ns):
            self._floor_ms, self._mono_ns = past_ms, mono_ns


class Timekeeper:
    """What time it is, and how far that can be trusted.

    believed before | look                           | then
    ----------------|--------------------------------|------------------------------------------------------
    either          | synchronized, not below floor  | follow the wall clock: `ntp`
    yes             | wall where it was expected     | follow it: `holdover` or `rtc`
    yes             | wall elsewhere                 | keep the offset: `holdover`
    no              | wall not below the floor       | follow it, believe from now on: `holdover` or `rtc`
    no              | wall below the floor           | keep the first offset of this life: `unset`
    """

    def __init__(self, floor: TimeFloor) -> None:
        self.floor = floor
        self.quality = ClockQuality.UNSET
        self._offset_ns: int | None = None
        self._believed = False
        self._was_synchronized = False
        self._away_ms = 0
        self._steps: list[Step] = []

    def now(self, mono_ns: int) -> int:
        """The time to live by, ms UTC. There must have been a look."""
        assert self._offset_ns is not None, "look first"
        return (mono_ns + self._offset_ns) // NS_PER_MS

    def is_stepped(self, wall_ms: int, mono_ns: int) -> bool:
        """Whether the wall clock is not where it was at the last look."""
        return self._offset_ns is None or abs(wall_ms - self.now(mono_ns) - self._away_ms) > STEP_MS

    def look(self, look: Look) -> None:
        """Take in what can be seen now."""
        wall_ns = look.wall_ms * NS_PER_MS - look.mono_ns
        away_ms = 0 if self._offset_ns is None else (wall_ns - self._offset_ns) // NS_PER_MS
        self._was_synchronized |= look.synchronized or look.was_synchronized
        earliest_ms = self.floor.at(look.mono_ns) - STEP_MS
        certain = look.wall_ms >= earliest_ms
        self._believed = self._believed and self.now(look.mono_ns) >= earliest_ms  # the floor may have been raised
        expected = abs(away_ms) <= STEP_MS
        taken = certain and (look.synchronized or not self._believed or expected)
        self._note_step(away_ms, taken)
        if taken or self._offset_ns is None:
            self._offset_ns, self._away_ms = wall_ns, 0
        self._believed |= taken
        self.quality = self._judge(look, taken)
        if self.quality is ClockQuality.NTP:
            self.floor.raise_to(look.wall_ms, look.mono_ns)

    def _judge(self, look: Look, taken: bool) -> ClockQuality:
        if not self._believed:
            return ClockQuality.UNSET
        if taken and look.synchronized:
            return ClockQuality.NTP
        return ClockQuality.RTC if taken and look.rtc and not self._was_synchronized else ClockQuality.HOLDOVER

    def _note_step(self, away_ms: int, taken: bool) -> None:
        if abs(away_ms - self._away_ms) > STEP_MS:
            self._steps.append(Step(away_ms - self._away_ms, taken))
            self._away_ms = away_ms

    def take_steps(self) -> list[Step]:
        """The steps since this was last asked."""
        steps, self._steps = self._steps, []
        return steps

    @property
    def away_ms(self) -> int:
        """How far the wall clock stands from the time that is lived by; 0 while it is followed."""
        return self._away_ms
