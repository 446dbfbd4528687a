"""The form of a device's settings: what is desired beside what is in use, and what people entered, checked. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cloud_gateway.devices.words import SECTIONS as SECTION_NAMES
from cloud_gateway.twin.difference import in_use
from cloud_gateway.twin.store import Twin
from edge_agent.wire.sections import MAX_KEYS, MAX_NAME, SECTIONS, Bounds, Sections, split_key
from edge_agent.wire.topics import STREAM_NAME

#: How the fields of a form are named: "value:" and the key.
VALUE = "value:"
#: Names of the field for one more key, and its value.
MORE, MORE_VALUE = "more", "more-value"


@dataclass(frozen=True)
class Field:
    """One key. `entered` is the text in the form; `fault` one of "number", "bounds", "key", or empty.

    `low` (or above it, with `above`) to `high` is what the setting may be, `said` what the device said of the key.
    """

    key: str
    entered: str
    desired: float | None
    used: float | None
    low: str
    high: str
    whole: bool
    above: bool = False
    said: str = ""
    fault: str = ""

    @property
    def differs(self) -> bool:
        """Whether the device does not use what is desired."""
        return self.desired is not None and self.desired != self.used


@dataclass(frozen=True)
class SectionForm:
    """One section. `settings` are what a key can name, `addable` whole keys; `more` is the field for one more."""

    name: str
    title: str
    fields: tuple[Field, ...]
    settings: tuple[str, ...]
    addable: tuple[str, ...]
    more: str = ""
    more_value: str = ""
    more_fault: str = ""


@dataclass(frozen=True)
class Entered:
    """A form as it came: the section as it shall be, or what is wrong, by key; "" names the field for one more."""

    section: str
    texts: Mapping[str, str]
    keys: Mapping[str, float]
    faults: Mapping[str, str]


def read_entered(section: str, sent: Mapping[str, str]) -> Entered:
    """Take a posted form apart; an empty field leaves its key to the device's own file."""
    texts = {name.removeprefix(VALUE): text.strip() for name, text in sent.items() if name.startswith(VALUE)}
    more, value = sent.get(MORE, "").strip(), sent.get(MORE_VALUE, "").strip()
    if more:
        texts[more] = value
    keys, faults = {}, {}
    for key, text in list(texts.items())[:MAX_KEYS]:
        number = _number(text)
        if number is None:
            if text or key == more:
                faults[key] = "number"
        elif fault := _fault(section, key, number):
            faults[key] = fault
        else:
            keys[key] = number
    return Entered(section, texts, keys, faults)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _fault(section: str, key: str, number: float) -> str:
    bounds = bounds_of(section, key)
    if bounds is None:
        return "key"
    return "" if bounds.admit(number) else "bounds"


def bounds_of(section: str, key: str) -> Bounds | None:
    """What the number of a key may be; None for a key that is none."""
    settings, targeted = SECTIONS[section]
    target, setting = split_key(section, key)
    fits = STREAM_NAME.fullmatch(target) is not None if targeted else not target
    return settings.get(setting) if fits else None


def compose_twin(
    twin: Twin, entered: Entered | None = None, targets: Mapping[str, Sequence[str]] | None = None
) -> tuple[SectionForm, ...]:
    """The forms of all sections: keys that are desired or in use, with what somebody entered in one of them.

    `targets` are the names that keys of a section can begin with: the device's streams and rules.
    """
    used = in_use(twin.reported)
    said = _said(twin)
    return tuple(
        replace(
            _section(name, twin.sections or {}, used, said, entered if entered and entered.section == name else None),
            addable=_keys(name, (targets or {}).get(name, ())),
        )
        for name in SECTIONS
    )


def _keys(section: str, targets: Sequence[str]) -> tuple[str, ...]:
    """The keys that a section can have."""
    settings, targeted = SECTIONS[section]
    return tuple(f"{name}.{setting}" for name in targets for setting in settings) if targeted else tuple(settings)


def _said(twin: Twin) -> dict[str, str]:
    if twin.reported is None or twin.reported.hash != twin.hash:
        return {}
    return {key: result.error for key, result in twin.reported.results.items() if not result.ok}


def _section(
    name: str, desired: Sections, used: Sections, said: Mapping[str, str], entered: Entered | None
) -> SectionForm:
    wanted, now = desired.get(name, {}), used.get(name, {})
    keys = sorted({*wanted, *now})
    added = [key for key in entered.texts if key not in keys] if entered else []
    return SectionForm(
        name=name,
        title=SECTION_NAMES[name],
        fields=tuple(_field(name, key, wanted.get(key), now.get(key), said, entered) for key in keys),
        settings=tuple(SECTIONS[name][0]),
        addable=(),
        more=added[0][:MAX_NAME] if added else "",
        more_value=entered.texts[added[0]] if entered and added else "",
        more_fault=entered.faults.get(added[0], "") if entered and added else "",
    )


def _field(
    section: str, key: str, desired: float | None, used: float | None, said: Mapping[str, str], entered: Entered | None
) -> Field:
    bounds = bounds_of(section, key)
    text = "" if desired is None else f"{desired:.15g}"
    return Field(
        key=key,
        entered=entered.texts.get(key, text) if entered else text,
        desired=desired,
        used=used,
        low=f"{bounds.low:.15g}" if bounds else "",
        high=f"{bounds.high:.15g}" if bounds else "",
        whole=bool(bounds and bounds.whole),
        above=bool(bounds and bounds.above),
        said=said.get(f"{section}.{key}", ""),
        fault=entered.faults.get(key, "") if entered else "",
    )
