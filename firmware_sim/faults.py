"""Faults of a sensor, put between the world and the board: pure changes to what the sensor would have said.

Faults of processes and links (broker-kill and the like) are not here: whoever starts the processes does them.
A clock's are in `firmware_sim.wallclock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import zip_longest
from random import Random

from firmware_sim.contacts import Changes, alternating, closed_at
from firmware_sim.forms import AnalogFault, Bounce, ContactFault, Drift, Frozen, Stuck

#: A fault of a whole device lasts its scenario length, and never less than this in real time (DESIGN section 7).
SHORTEST_S = 5.0
#: The true or faulty value of an analogue sensor, in its unit, at a time, ms UTC.
Measure = Callable[[int], float]


def spoil_measure(truth: Measure, faults: Iterable[AnalogFault], seed: int) -> Measure:
    """`truth` with each fault applied in turn. The same seed gives the same values, whatever is asked first."""
    for fault in faults:
        truth = _with(truth, fault, seed)
    return truth


def _with(truth: Measure, fault: AnalogFault, seed: int) -> Measure:
    error = _error(truth, fault, seed)

    def spoiled(at_ms: int) -> float:
        value = truth(at_ms)
        return value + error(at_ms, value) if fault.at_ms <= at_ms < fault.until_ms else value

    return spoiled


def _error(truth: Measure, fault: AnalogFault, seed: int) -> Callable[[int, float], float]:
    """What to add to a value in the time of the fault."""
    match fault:
        case Frozen():
            frozen = truth(fault.at_ms)
            return lambda _at, value: frozen - value
        case Drift():
            return lambda at, _value: fault.per_hour * (at - fault.at_ms) / 3_600_000
        case _:
            return lambda at, _value: _random(seed, fault.target, at).gauss(0, fault.deviation)


def spoil_contact(truth: Changes, faults: Iterable[ContactFault], seed: int) -> Changes:
    """The changes of a contact with each fault applied in turn."""
    for fault in faults:
        truth = _stuck(truth, fault) if isinstance(fault, Stuck) else _bouncing(truth, fault, seed)
    return truth


def _stuck(truth: Changes, fault: Stuck) -> Changes:
    outside = [change for change in truth if not fault.at_ms <= change[0] < fault.until_ms]
    at_end = (fault.until_ms, closed_at(truth, fault.until_ms))
    return alternating([*outside, (fault.at_ms, fault.closed), at_end])


def _bouncing(truth: Changes, fault: Bounce, seed: int) -> Changes:
    changes: list[tuple[int, bool]] = []
    for (at, closed), following in zip_longest(truth, truth[1:]):
        if fault.at_ms <= at < fault.until_ms:
            room = fault.within_ms if following is None else min(fault.within_ms, following[0] - at - 1)
            changes += _bounces(at, closed, fault.edges, room, _random(seed, fault.target, at))
        else:
            changes.append((at, closed))
    return changes


def _bounces(at: int, closed: bool, edges: int, room_ms: int, random: Random) -> list[tuple[int, bool]]:
    """An odd number of alternating changes at distinct ms of at..at+room, the first at `at`."""
    extra = max(0, min(edges - 1, room_ms // 2 * 2))
    offsets = [0, *sorted(random.sample(range(1, room_ms + 1), extra))] if extra else [0]
    return [(at + offset, closed if i % 2 == 0 else not closed) for i, offset in enumerate(offsets)]


def _random(seed: int, target: str, at_ms: int) -> Random:
    return Random(f"{seed}/{target}/{at_ms}")  # noqa: S311 - noise, not a secret
