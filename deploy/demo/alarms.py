"""The alarms that a gateway should list, by the records that were put: held against its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from deploy.demo.witness import Said
from edge_agent.wire.messages import AlarmState

#: Device, epoch and seq of an alarm record.
Key = tuple[str, str, int]


class Raising(NamedTuple):
    """One raising as the gateway should have it; times in ms UTC, `cleared_at` None while it is open."""

    rule: str
    raised_at: int
    cleared_at: int | None


def find_raisings(said: Mapping[Key, Said]) -> dict[Key, Raising]:
    """What the records make: a clearing closes what its rule has open.

    What its own epoch never cleared is closed by the first clearing of another one of the device: a lost outbox, or a
    second device, leaves such alarms behind.
    """
    raisings: dict[Key, Raising] = {}
    still_open: dict[tuple[str, str, str], list[Key]] = {}
    for key in sorted(said):
        rule, state, at = said[key]
        of_rule = still_open.setdefault((key[0], key[1], rule), [])
        if state == AlarmState.RAISED.value:
            raisings[key] = Raising(rule, at, None)
            of_rule.append(key)
            continue
        for each in of_rule:
            raisings[each] = raisings[each]._replace(cleared_at=at)
        of_rule.clear()
    left = {key for keys in still_open.values() for key in keys}
    return raisings | {key: _close_by_other(key, raisings[key], said) for key in left}


def _close_by_other(key: Key, raising: Raising, said: Mapping[Key, Said]) -> Raising:
    cleared = AlarmState.CLEARED.value
    times = [
        at
        for (device, epoch, _), (rule, state, at) in said.items()
        if (device, rule, state) == (key[0], raising.rule, cleared) and epoch != key[1] and at >= raising.raised_at
    ]
    return raising._replace(cleared_at=min(times, default=None))


def find_wrong_alarms(said: Mapping[Key, Said], listed: Mapping[Key, Raising]) -> set[Key]:
    """Raisings that are missing, that nobody said, or whose rule or times are others."""
    due = find_raisings(said)
    return {key for key in due.keys() | listed.keys() if due.get(key) != listed.get(key)}
