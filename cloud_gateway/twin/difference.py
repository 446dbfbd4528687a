"""How what is desired of a device differs from what it reported. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from cloud_gateway.twin.store import Twin
from edge_agent.wire.messages import Reported, TwinState
from edge_agent.wire.sections import ANY, Sections


class Standing(StrEnum):
    """Where a change stands: `unasked`, `waiting` for the device, or what the device made of it."""

    UNASKED = "unasked"
    WAITING = "waiting"
    TRIAL = "trial"
    APPLIED = "applied"
    REVERTED = "reverted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Difference:
    """One key that is not in use as desired; `error` is what the device said of it."""

    key: str
    desired: float
    in_use: float | None
    error: str


def stand(twin: Twin) -> Standing:
    """Where the newest change stands; an answer to another version says nothing of it."""
    if twin.version == 0:
        return Standing.UNASKED
    if twin.reported is None or (twin.reported.version, twin.reported.hash) != (twin.version, twin.hash):
        return Standing.WAITING
    return Standing(TwinState(twin.reported.state).value)


def in_use(reported: Reported | None) -> Sections:
    """The settings that a device said it lives by; what is no number is left out."""
    sections: Sections = {}
    for name, keys in (reported.sections if reported else {}).items():
        values = {key: msgspec.json.decode(raw) for key, raw in keys.items()}
        sections[name] = {key: value for key, value in values.items() if _is_number(value)}
    return sections


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and ANY.admit(value)


def compare(twin: Twin) -> list[Difference]:
    """Every desired key that the device does not report in use, by key."""
    used = in_use(twin.reported)
    results = twin.reported.results if twin.reported and twin.reported.hash == twin.hash else {}
    found = []
    for name, keys in sorted((twin.sections or {}).items()):
        for key, value in sorted(keys.items()):
            now = used.get(name, {}).get(key)
            result = results.get(f"{name}.{key}")
            if now != value:
                found.append(Difference(f"{name}.{key}", value, now, result.error if result else ""))
    return found
