"""Decisions of the twin: what becomes of settings that are desired from afar. Pure: no clock, no file, no link.

The device's own file is the base; what is desired lies over it, section by section. A section with a wrong key is
refused whole and stays as it is known to be good; the other sections are taken.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from edge_agent.proof.canonical import CanonicalError, canonical_hash
from edge_agent.proof.digest import digest
from edge_agent.settings import AgentSettings
from edge_agent.twin.overlay import overlay, sections_of, sort_sections
from edge_agent.wire.messages import VERSION, Desired, KeyResult, Reported, TwinState
from edge_agent.wire.sections import MAX_DESIRED_BYTES, MAX_KEYS, Sections

#: A trial's time is counted in so many parts; a part is paid for before it is lived, so that crashing costs one too.
PARTS = 10
#: What of the results is said at most: the message must be able to travel.
MAX_FAULTS = 100
MAX_FAULT = 160
#: The name under which a result speaks of the message as a whole.
WHOLE = "desired"
ASK_AGAIN = "mend what is wrong, then ask for the change once more"

_decoder = msgspec.json.Decoder(Desired)


class Outcome(Struct, frozen=True):
    """What became of what was desired last. `mark` knows it again, together with the file it was judged by."""

    version: int
    hash: str
    state: TwinState
    results: dict[str, KeyResult]
    mark: str


class Trial(Struct, frozen=True):
    """Settings in use until the gateway has been reached with them, or `parts` more parts of its time are over."""

    sections: Sections
    parts: int
    outcome: Outcome


class Memory(Struct, frozen=True):
    """All that a device remembers of its twin. `good` is what a trial goes back to.

    `failed` is what was reverted last, so that it is not tried again until somebody asks under another version.
    """

    good: Sections = {}
    trial: Trial | None = None
    outcome: Outcome | None = None
    failed: Outcome | None = None


class Refusal(Exception):
    """Nothing of a message can be used; the text says why."""


# -- what is desired ----------------------------------------------------------------------------------------


def take(memory: Memory, base: AgentSettings, payload: bytes) -> Memory:
    """What a `config/desired` makes of the memory. The same memory when it is what was judged already."""
    file = digest(msgspec.json.encode(sections_of(base)))
    try:
        desired, sections = read_desired(payload)
    except Refusal as exc:
        results = {WHOLE: KeyResult(False, str(exc)[:MAX_FAULT])}
        return _refuse(memory, *_claimed(payload), results, mark=digest(payload + file.encode()))
    mark = digest((desired.hash + file).encode())
    if memory.failed is not None and (memory.failed.mark, memory.failed.version) == (mark, desired.version):
        return memory if memory.outcome == memory.failed else msgspec.structs.replace(memory, outcome=memory.failed)
    if memory.outcome is not None and memory.outcome.mark == mark and memory.outcome.state is not TwinState.REVERTED:
        said = msgspec.structs.replace(memory.outcome, version=desired.version)
        return memory if said == memory.outcome else msgspec.structs.replace(memory, outcome=said)
    return _judge(memory, base, desired, sections, mark)


def read_desired(payload: bytes) -> tuple[Desired, dict[str, dict[str, object]]]:
    """The message and its sections, once its size, its form and its hash are right. Raises Refusal."""
    if len(payload) > MAX_DESIRED_BYTES:
        raise Refusal(f"{len(payload)} bytes; at most {MAX_DESIRED_BYTES} are read: change less from afar")
    try:
        desired = _decoder.decode(payload)
        sections = {
            name: {k: msgspec.json.decode(v) for k, v in keys.items()} for name, keys in desired.sections.items()
        }
        found = canonical_hash(sections)
    except (msgspec.DecodeError, CanonicalError, UnicodeDecodeError, RecursionError) as exc:
        raise Refusal(f"cannot be read: {exc}; publish it by the gateway only") from exc
    if desired.v != VERSION:
        raise Refusal(f"version {desired.v} of the wire; this device knows {VERSION}: update it first")
    if found != desired.hash:
        raise Refusal(f"its sections have the hash {found}, not the one it names; publish it by the gateway only")
    if sum(map(len, sections.values())) > MAX_KEYS:
        raise Refusal(f"more than {MAX_KEYS} keys; change less from afar")
    return desired, sections


def _claimed(payload: bytes) -> tuple[int, str]:
    """The version and hash that an unusable message claims; 0 and none when it claims nothing."""
    try:
        desired = _decoder.decode(payload[: MAX_DESIRED_BYTES + 1])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0, ""
    return desired.version, desired.hash


def _refuse(memory: Memory, version: int, hash_: str, results: dict[str, KeyResult], mark: str) -> Memory:
    """Leave what is in use, a trial too, as it is; a trial's end will say so."""
    if memory.outcome is not None and memory.outcome.mark == mark:
        return memory
    outcome = Outcome(version, hash_, TwinState.REFUSED, results, mark)
    return msgspec.structs.replace(memory, outcome=outcome)


def _judge(
    memory: Memory, base: AgentSettings, desired: Desired, sections: dict[str, dict[str, object]], mark: str
) -> Memory:
    before = effective(base, memory)
    taken, faults = sort_sections(base, sections)
    refused = {fault.partition(".")[0] for fault in faults}
    kept = {name: keys for name, keys in memory.good.items() if name in refused}
    chosen = kept | taken
    results = describe(taken, faults)
    if faults and not taken:
        return _refuse(memory, desired.version, desired.hash, results, mark)
    settings, _ = overlay(base, chosen)
    state = TwinState.APPLIED if settings == before and memory.trial is None else TwinState.TRIAL
    outcome = Outcome(desired.version, desired.hash, state, results, mark)
    if state is TwinState.APPLIED:
        return msgspec.structs.replace(memory, good=chosen, outcome=outcome)
    return msgspec.structs.replace(memory, trial=Trial(chosen, PARTS, outcome), outcome=outcome)


def describe(taken: Sections, faults: Mapping[str, str]) -> dict[str, KeyResult]:
    """The results by "section.key", the faults first."""
    shown = list(faults.items())[:MAX_FAULTS]
    results = {key: KeyResult(False, fault[:MAX_FAULT]) for key, fault in shown}
    if len(faults) > MAX_FAULTS:
        results[WHOLE] = KeyResult(False, f"{len(faults) - MAX_FAULTS} more keys are wrong; mend these first")
    return results | {f"{name}.{key}": KeyResult(True) for name, keys in taken.items() for key in keys}


# -- what becomes of a trial --------------------------------------------------------------------------------


def confirm(memory: Memory) -> Memory:
    """The gateway has been reached with the settings on trial: they are good."""
    if memory.trial is None:
        return memory
    told = _end(memory, memory.trial.outcome, TwinState.APPLIED, {})
    return Memory(good=memory.trial.sections, outcome=told, failed=memory.failed)


def charge(memory: Memory, trial_s: float) -> Memory:
    """Pay for the next part of a trial of `trial_s`; when none is left, go back to what is known to be good."""
    trial = memory.trial
    if trial is None:
        return memory
    if trial.parts > 0:
        return msgspec.structs.replace(memory, trial=msgspec.structs.replace(trial, parts=trial.parts - 1))
    why = {WHOLE: KeyResult(False, f"the gateway was not reached within {trial_s:g} s of trying it; {ASK_AGAIN}")}
    told = _end(memory, trial.outcome, TwinState.REVERTED, why)
    failed = told if told is not None and told.mark == trial.outcome.mark else trial.outcome
    return Memory(good=memory.good, outcome=told, failed=failed)


def _end(memory: Memory, tried: Outcome, state: TwinState, why: dict[str, KeyResult]) -> Outcome | None:
    """What is told once a trial has ended: nothing new when something else was refused meanwhile."""
    told = memory.outcome
    if told is None or told.mark != tried.mark:
        return told
    return msgspec.structs.replace(told, state=state, results=why | told.results)


def effective(base: AgentSettings, memory: Memory) -> AgentSettings:
    """The settings to live by. What no longer fits the device's own file is left out."""
    return overlay(base, memory.good if memory.trial is None else memory.trial.sections)[0]


def report(memory: Memory, settings: AgentSettings, at: int) -> Reported:
    """What to tell the gateway: the outcome, and the settings in use, whole."""
    told = memory.outcome or Outcome(0, "", TwinState.APPLIED, {}, "")
    sections = {
        name: {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in keys.items()}
        for name, keys in sections_of(settings).items()
    }
    return Reported(told.version, told.hash, told.state, told.results, sections, at)
