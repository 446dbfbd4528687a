"""The device's own settings and what lies over them: which numbers may change from afar, and laying them over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from edge_agent.settings import AgentSettings
from edge_agent.wire.sections import HEALTH, RULES, SAMPLING, SECTIONS, Sections, check_section, split_key

M = TypeVar("M", bound=BaseModel)
#: What is wrong, by key.
Wrong = dict[str, str]


def sections_of(settings: AgentSettings) -> Sections:
    """The settings that may change from afar, as they are."""
    return {
        "sampling": {f"{s.stream}.{key}": getattr(s, key) for s in settings.sensor for key in SAMPLING},
        "rules": {f"{r.name}.{key}": getattr(r, key) for r in settings.rule for key in RULES if hasattr(r, key)},
        "uplink": {
            "keepalive_s": settings.broker.keepalive_s,
            "window": settings.outbox.window,
            "ack_timeout_s": settings.outbox.ack_timeout_s,
        },
        "health": {key: getattr(settings, key) for key in HEALTH},
    }


def sort_sections(base: AgentSettings, sections: Mapping[str, Mapping[str, object]]) -> tuple[Sections, dict[str, str]]:
    """(sections that this device can use, what is wrong with the others by "section.key")."""
    taken: Sections = {}
    faults: dict[str, str] = {}
    for name, keys in sections.items():
        wrong = check_section(name, keys)
        if not wrong:
            numbers = cast("dict[str, float]", dict(keys))
            wrong = overlay(base, {name: numbers})[1]
            taken |= {} if wrong else {name: numbers}
        faults |= wrong
    return taken, faults


def overlay(base: AgentSettings, sections: Sections) -> tuple[AgentSettings, dict[str, str]]:
    """(`base` with the sections over it, faults by "section.key"). A section with a fault is left out."""
    settings, faults = base, dict[str, str]()
    for name in (n for n in SECTIONS if sections.get(n)):
        changed, wrong = _PLACES[name](settings, sections[name])
        faults |= {f"{name}.{key}": fault for key, fault in wrong.items()}
        settings = settings if wrong else changed
    return settings, faults


def _lay_sampling(settings: AgentSettings, keys: dict[str, float]) -> tuple[AgentSettings, Wrong]:
    parts, wrong = _lay_over("sampling", {s.stream: s for s in settings.sensor}, keys, "stream")
    return settings.model_copy(update={"sensor": tuple(parts.values())}), wrong


def _lay_rules(settings: AgentSettings, keys: dict[str, float]) -> tuple[AgentSettings, Wrong]:
    parts, wrong = _lay_over("rules", {r.name: r for r in settings.rule}, keys, "rule")
    return settings.model_copy(update={"rule": tuple(parts.values())}), wrong


def _lay_uplink(settings: AgentSettings, keys: dict[str, float]) -> tuple[AgentSettings, Wrong]:
    links = {k: v for k, v in keys.items() if k == "keepalive_s"}
    broker, wrong = _change(settings.broker, links)
    outbox, more = _change(settings.outbox, {k: v for k, v in keys.items() if k not in links})
    return settings.model_copy(update={"broker": broker, "outbox": outbox}), wrong | more


def _lay_health(settings: AgentSettings, keys: dict[str, float]) -> tuple[AgentSettings, Wrong]:
    return settings.model_copy(update=dict(keys)), {}


_PLACES: dict[str, Callable[[AgentSettings, dict[str, float]], tuple[AgentSettings, Wrong]]] = {
    "sampling": _lay_sampling,
    "rules": _lay_rules,
    "uplink": _lay_uplink,
    "health": _lay_health,
}


def _lay_over(section: str, parts: dict[str, M], keys: dict[str, float], what: str) -> tuple[dict[str, M], Wrong]:
    by_target: dict[str, dict[str, float]] = {}
    for key, value in keys.items():
        target, setting = split_key(section, key)
        by_target.setdefault(target, {})[setting] = value
    changed, wrong = dict(parts), Wrong()
    for target, changes in by_target.items():
        if target not in parts:
            known = ", ".join(parts) or "none"
            faults = dict.fromkeys(changes, f"this device has no such {what}; it has: {known}")
        else:
            changed[target], faults = _change(parts[target], changes)
        wrong |= {f"{target}.{setting}": fault for setting, fault in faults.items()}
    return changed, wrong


def _change(part: M, changes: dict[str, float]) -> tuple[M, Wrong]:
    """A part with some of its numbers changed; what it says of itself when it cannot be so."""
    foreign = [key for key in changes if key not in type(part).model_fields]
    if foreign:
        return part, dict.fromkeys(foreign, "this kind of rule has no such setting; leave it out")
    try:
        return type(part).model_validate(part.model_dump() | changes), {}
    except ValidationError as exc:
        texts = [str(error["msg"]).removeprefix("Value error, ") for error in exc.errors()]
        return part, dict.fromkeys(changes, "; ".join(texts))
