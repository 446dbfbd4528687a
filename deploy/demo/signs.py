"""Finds out from the logs who noticed each fault, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from deploy.demo.happening import Happening
from deploy.demo.programs import Program
from deploy.demo.stage import Fleet, Stage
from firmware_sim.forms import SystemFault

#: A fault may be noticed so long after its end: what noticed it may have been down itself.
NOTICE_S = 30.0
#: A clock is set by the devices' own process, which the Troublemaker hears of a moment later.
HEARD_LATE_S = 1.0
#: A second device of one identity is noticed within this.
CLONE_S = 60.0
#: How each kind of fault shows in the logs of the parts that notice it; a revocation shows in the gateway's books.
SIGNS: dict[str, tuple[str, ...]] = {
    "broker-kill": ("link down",),
    "gateway-kill": ("without an orderly stop",),
    "gateway-restore": ("the gateway has lost facts that it had",),
    "link-cut": ("link down",),
    "agent-kill": ("a device has restarted",),
    "power-cut": ("a device has restarted",),
    "disk-full": ("the disk is full",),
    "clock-step": ("was set {by_s:+.0f} s away",),
    "clone": ("two devices speak with one identity",),
    "revoke": (),
    "flood": ("a device sends more than its share",),
}
#: Faults of the gateway's side, which concern no device in particular.
GATEWAYS_OWN = ("broker-kill", "gateway-kill", "gateway-restore")


class _Line(NamedTuple):
    """One line of a log: when (s since the Unix epoch), whose log, which device or client it is about, and the text."""

    at_s: float
    who: str
    about: str
    text: str


def find_witnesses(stage: Stage, happenings: Iterable[Happening]) -> None:
    """Read from the logs who noticed each fault, between its begin and a little after its end.

    A fault of devices counts as seen only where it concerns those that were hit.
    """
    lines = [line for program in _programs(stage) for line in _said(program)]
    for happening in happenings:
        signs, hit = _signs(happening.fault), devices_hit(stage, happening.fault)
        low, high = happening.began_s - HEARD_LATE_S, happening.ended_s + NOTICE_S
        seen = [
            line
            for line in lines
            if low <= line.at_s <= high and any(sign in line.text for sign in signs) and (not hit or line.about in hit)
        ]
        _note(happening, seen)


def _signs(fault: SystemFault) -> list[str]:
    """How this very fault shows: a step of a clock by how far it was."""
    by_s = fault.by_s if fault.to_ms is None else (fault.to_ms - fault.at_ms) / 1000
    return [sign.format(by_s=by_s) for sign in SIGNS[fault.kind]]


def _note(happening: Happening, seen: list[_Line]) -> None:
    happening.seen_by = sorted({*happening.seen_by, *(f"{line.who}: {line.text}" for line in seen)})
    if seen:
        happening.seen_after_s = round(max(0.0, min(line.at_s for line in seen) - happening.began_s), 1)
        if happening.fault.kind == "clone" and happening.seen_after_s > CLONE_S:
            happening.broken.append(f"seen after {happening.seen_after_s} s, not within {CLONE_S:.0f} s")


def devices_hit(stage: Stage, fault: SystemFault) -> set[str]:
    """The devices that a fault concerns; none for a fault of the gateway's side."""
    if fault.kind in GATEWAYS_OWN:
        return set()
    if fault.target in {device for fleet in stage.fleets for device in fleet.devices} and is_of_one(fault):
        return {fault.target}
    fleets = [f for f in stage.fleets if fault.target in ("all", f.site, *f.devices)]
    return {device for fleet in fleets for device in fleet.devices}


def is_of_one(fault: SystemFault) -> bool:
    """Whether the fault hits one device; the others hit all that share its process, its cable or its disk."""
    return fault.kind in ("clock-step", "clone", "revoke", "flood")


def is_linked(fleet: Fleet) -> bool:
    """Whether each device stands in a connection, and has last said so itself: an open one may not be a link yet."""
    words = {
        line.about: line.text for line in _said(fleet.program) if "link up" in line.text or "link down" in line.text
    }
    said = all("link up" in words.get(device, "") for device in fleet.devices)
    return said and fleet.cable.connections >= len(fleet.devices)


def _programs(stage: Stage) -> list[Program]:
    return [stage.ingest, stage.web, *(fleet.program for fleet in stage.fleets)]


def _said(program: Program) -> Iterable[_Line]:
    for line in program.log_lines():
        if "at" not in line:
            continue  # not a log line: what the program says when it is ready
        about = str(line.get("client") or line.get("device") or program.name)
        at_s = datetime.fromisoformat(str(line["at"])).timestamp()
        yield _Line(at_s, program.name, about, f"{about}: {line.get('message', '')}")
