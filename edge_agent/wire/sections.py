"""The sections of the twin: which settings of a device may change from afar, within which bounds.

A key is flat and names one number: in `sampling` a stream and its setting (`level.interval_s`), in `rules` a rule and
its setting (`flood.above`), elsewhere the setting alone. What is not listed here stays with the device's own file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from edge_agent.wire.topics import STREAM_NAME

#: Largest `config/desired` that a device reads, bytes, and the most keys in it.
MAX_DESIRED_BYTES = 64 * 1024
MAX_KEYS = 500
#: What of a foreign name is repeated in an answer.
MAX_NAME = 80
YEAR_S = 31_622_400

#: Sections by name, keys by "target.setting" or setting.
Sections = dict[str, dict[str, float]]


class Bounds(NamedTuple):
    """What a number may be: from `low` (or above it, with `above`) to `high`; `whole` numbers only."""

    low: float
    high: float
    above: bool = False
    whole: bool = False

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = f"above {self.low:g} and at most" if self.above else f"from {self.low:g} to"
        return f"{kind} {low} {self.high:.10g}"

    def admit(self, value: float) -> bool:
        """Whether the number is within the bounds; NaN never is."""
        low = value > self.low if self.above else value >= self.low
        return low and value <= self.high and (not self.whole or value == int(value))


ANY = Bounds(-1e15, 1e15)
AT_LEAST_0 = Bounds(0, 1e15)
SPAN_S = Bounds(0, YEAR_S, above=True)
HOLD_S = Bounds(0, YEAR_S)

#: Of each stream, and of each rule.
SAMPLING = {"interval_s": SPAN_S, "max_interval_s": SPAN_S, "deadband": AT_LEAST_0}
RULES = {"above": ANY, "clear": ANY, "hold_s": HOLD_S, "window_s": SPAN_S}
UPLINK = {
    "keepalive_s": Bounds(5, 3600, whole=True),
    "window": Bounds(1, 256, whole=True),
    "ack_timeout_s": Bounds(0, 3600, above=True),
}
HEALTH = {"heartbeat_s": Bounds(0, 86_400, above=True)}

#: Settings by section, and whether its keys begin with a stream or rule.
SECTIONS = {"sampling": (SAMPLING, True), "rules": (RULES, True), "uplink": (UPLINK, False), "health": (HEALTH, False)}


def check_section(name: str, keys: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with a section, in words that say what to do, by "section.key"; empty when nothing is."""
    if name not in SECTIONS:
        return {name[:MAX_NAME]: f"no such section; use one of {', '.join(SECTIONS)}"}
    found = {f"{name}.{key[:MAX_NAME]}": _fault(name, key, value) for key, value in keys.items()}
    return {key: fault for key, fault in found.items() if fault}


def split_key(name: str, key: str) -> tuple[str, str]:
    """(stream or rule, setting) of a key; the first is empty in sections that have none."""
    target, dot, setting = key.rpartition(".")
    return (target, setting) if dot or not SECTIONS[name][1] else (setting, "")


def _fault(name: str, key: str, value: object) -> str:
    settings, targeted = SECTIONS[name]
    target, setting = split_key(name, key)
    if setting not in settings or targeted != bool(target) or (targeted and not STREAM_NAME.fullmatch(target)):
        return f"no such key; use {'NAME.' * targeted}{{{', '.join(settings)}}}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is no number; give {settings[setting]}"
    return "" if settings[setting].admit(value) else f"is out of range; give {settings[setting]}"
