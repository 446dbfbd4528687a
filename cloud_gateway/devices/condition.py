"""Decides how a device and a site stand: fine, late, bad or off. Pure: the times are passed in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: A device is silent when so many of its heartbeats are missing; a stream is late after so many intervals.
MISSED = 2.5
#: Real time that delivery may take before a device counts as late, ms.
GRACE_MS = 20_000
#: Heartbeat that is assumed before a device has said its own, s.
HEARTBEAT_S = 60.0
#: A clock that is further off is wrong, ms.
CLOCK_MS = 5 * 60_000
#: A simulated device whose newest time is so near to when it was heard does not live in a story's time, ms.
HERE_MS = 60 * 60_000


class Tone(StrEnum):
    """The four looks of a state: circle, triangle, diamond, square."""

    OK = "ok"
    LATE = "late"
    BAD = "bad"
    OFF = "off"


class Standing(StrEnum):
    """How a device stands."""

    FINE = "fine"
    STALE = "stale"  # heard, but a stream gives no values
    BACKLOG = "backlog"  # heard, but what it measured waits on the device
    SILENT = "silent"  # nothing heard for 2.5 heartbeats
    LOST = "lost"  # its connection broke
    OFFLINE = "offline"  # it said goodbye
    UNHEARD = "unheard"  # never heard
    CLONED = "cloned"  # two devices speak with its identity
    REVOKED = "revoked"  # taken out of service: nothing of it is stored
    CLOCK = "clock"  # its clock is wrong, though it calls it right


TONES = {
    Standing.FINE: Tone.OK,
    Standing.STALE: Tone.LATE,
    Standing.BACKLOG: Tone.LATE,
    Standing.SILENT: Tone.OFF,
    Standing.LOST: Tone.OFF,
    Standing.OFFLINE: Tone.OFF,
    Standing.UNHEARD: Tone.OFF,
    Standing.CLONED: Tone.LATE,
    Standing.CLOCK: Tone.LATE,
    Standing.REVOKED: Tone.OFF,
}


@dataclass(frozen=True)
class Pulse:
    """What is known of one stream: its newest value's device time (ms UTC) and its normal interval."""

    name: str
    at: int | None
    interval_s: float | None
    predicted: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of one device.

    `heard_at`, `presence_at`, `clone_at`, `revoked_at` are gateway time, the others device time.
    """

    presence: str | None = None
    presence_at: int | None = None
    heard_at: int | None = None
    heartbeat_s: float | None = None
    birth_at: int | None = None
    heartbeat_at: int | None = None
    depth: int | None = None
    oldest_at: int | None = None
    clone_at: int | None = None
    revoked_at: int | None = None
    clock_off_ms: int | None = None
    simulated: bool = False
    streams: tuple[Pulse, ...] = ()


@dataclass(frozen=True)
class Moment:
    """Now, twice: gateway time and the scenario's (ms UTC), and scenario seconds per real second."""

    now: int
    scenario: int
    pace: float = 1.0

    def of(self, simulated: bool) -> int:
        """Now in a device's own time."""
        return self.scenario if simulated else self.now


@dataclass(frozen=True)
class Condition:
    """A device's standing. `lag_ms` is in the time of the standing: gateway time for silence, else device time."""

    standing: Standing
    lag_ms: int = 0
    streams: tuple[str, ...] = ()

    @property
    def tone(self) -> Tone:
        """The look of it."""
        return TONES[self.standing]


def scenario_clock(devices: Iterable[Facts]) -> int | None:
    """The newest device time that any device in service which plays a story has shown; None when there is none."""
    times = [t for d in devices if d.revoked_at is None and is_playing(d) for t in _own_times(d)]
    return max(times, default=None)


def tell_moment(devices: Collection[Facts], now: int, pace: float, *, in_scenario: bool) -> Moment:
    """The moment at gateway time `now`; only where the gateway plays a scenario do simulated devices set the clock."""
    scenario = scenario_clock(devices) if in_scenario else None
    return Moment(now, now if scenario is None else scenario, pace)


def is_playing(device: Facts) -> bool:
    """Whether its time is a story's: it is simulated, and what it says is of another time than when it was heard."""
    newest = max(_own_times(device), default=None)
    if newest is None or device.heard_at is None:
        return device.simulated
    return device.simulated and abs(device.heard_at - newest) > HERE_MS


def _own_times(device: Facts) -> list[int]:
    times = [s.at for s in device.streams if not s.predicted] + [device.heartbeat_at, device.birth_at]
    return [t for t in times if t is not None]


def judge_device(device: Facts, moment: Moment) -> Condition:
    """The first that holds: revoked, not heard, cloned, silent, wrong clock, backlog, stale streams; else fine."""
    if device.revoked_at is not None:
        return Condition(Standing.REVOKED, moment.now - device.revoked_at)
    if device.heard_at is None:
        return Condition(Standing.UNHEARD)
    if device.clone_at is not None:
        return Condition(Standing.CLONED, moment.now - device.clone_at)
    return _judge_link(device, moment, device.heard_at)


def _judge_link(device: Facts, moment: Moment, heard_at: int) -> Condition:
    silence = moment.now - heard_at
    if device.presence in ("lost", "offline"):
        since = device.presence_at if device.presence_at is not None else heard_at
        return Condition(Standing(device.presence), moment.now - since)
    if silence > MISSED * 1000 * (device.heartbeat_s or HEARTBEAT_S):
        return Condition(Standing.SILENT, silence)
    if device.clock_off_ms is not None and abs(device.clock_off_ms) > CLOCK_MS:
        return Condition(Standing.CLOCK, abs(device.clock_off_ms))
    return _judge_delivery(device, moment)


def _judge_delivery(device: Facts, moment: Moment) -> Condition:
    grace = GRACE_MS * max(moment.pace, 1.0)
    waits = _backlog(device)
    if waits > grace + MISSED * 1000 * _shortest_interval(device.streams):
        return Condition(Standing.BACKLOG, waits)
    now = moment.of(is_playing(device))
    stale = [s for s in device.streams if _is_stale(s, now, grace)]
    if stale:
        lag = max(now - s.at for s in stale if s.at is not None)
        return Condition(Standing.STALE, lag, tuple(s.name for s in stale))
    return Condition(Standing.FINE)


def _backlog(device: Facts) -> int:
    if not device.depth or device.oldest_at is None or device.heartbeat_at is None:
        return 0
    return device.heartbeat_at - device.oldest_at


def _shortest_interval(streams: Sequence[Pulse]) -> float:
    return min((s.interval_s for s in streams if s.interval_s), default=0.0)


def _is_stale(stream: Pulse, now: int, grace: float) -> bool:
    if stream.at is None or not stream.interval_s or stream.predicted:
        return False
    return now - stream.at > grace + MISSED * 1000 * stream.interval_s


def judge_site(severities: Iterable[str], devices: Sequence[Condition]) -> Tone:
    """Bad with an open urgent alarm; off when every device is; late with another alarm or a device amiss."""
    severities = list(severities)
    if "urgent" in severities:
        return Tone.BAD
    tones = {d.tone for d in devices}
    if tones == {Tone.OFF} or not devices:
        return Tone.OFF
    return Tone.LATE if severities or tones != {Tone.OK} else Tone.OK
