"""Warnings, messages and sources as the API and the pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_gateway.warnings.model import Info
from edge_agent.web.paging import Time


@dataclass(frozen=True)
class Sight:
    """A warning in a list. `level` is 0 none, 1 minor or blue to 4 extreme or red; the words are the issuer's own.

    `event` to `where` are of the gravest part of the message that counts now.
    """

    id: str
    hazard: str
    issuer: str
    state: str
    level: int
    since: Time
    changed_at: Time
    ends: Time | None
    unconfirmed_since: Time | None
    simulated: bool
    merged_into: str | None
    source: str
    event: str
    color: str | None
    headline: str
    sender_name: str
    where: str


@dataclass(frozen=True)
class Stride:
    """One step of a warning's course, and the message (its id) or closing that made it."""

    at: Time
    state: str
    level: int
    by: str | None


@dataclass(frozen=True)
class Doubt:
    """Something doubtful, repaired or noteworthy."""

    code: str
    field: str
    text: str
    grade: str


@dataclass(frozen=True)
class Part:
    """One language or segment of a message, in the issuer's words."""

    language: str
    event: str
    hazard: str
    level: int
    color: str | None
    severity: str
    urgency: str
    certainty: str
    effective: Time | None
    onset: Time | None
    expires: Time | None
    ends: Time | None
    sender_name: str
    headline: str
    description: str
    instruction: str
    web: str
    contact: str
    areas: list[str]


@dataclass(frozen=True)
class MessageSight:
    """One message of a chain. `replaced`: another has taken its place; `signature`: what its XML signature is worth."""

    id: str
    source: str
    sender: str
    identifier: str
    sent: Time
    received_at: Time
    status: str
    msg_type: str
    format: str
    signature: str
    replaced: bool
    parts: list[Part]
    findings: list[Doubt]


@dataclass(frozen=True)
class Touched:
    """A site that the warning touches or touched: why, and how sure."""

    site: str
    name: str
    name_zh: str
    hazard: str
    why: str
    sure: str
    level: int
    onset: Time
    ends: Time | None
    detail: str
    distance_m: float
    repaired: bool
    since: Time
    until: Time | None


@dataclass(frozen=True)
class Signed:
    """A duty engineer's closing."""

    id: str
    at: Time
    name: str
    reason: str


@dataclass(frozen=True)
class Story:
    """A warning with its course, its chain of messages, and the sites it touches."""

    warning: Sight
    onset: Time
    steps: list[Stride]
    messages: list[MessageSight]
    findings: list[Doubt]
    exposures: list[Touched]
    closings: list[Signed]


@dataclass(frozen=True)
class SourceSight:
    """How a source does; `health` is fresh, waiting (for its first answer), failing or silent."""

    name: str
    kind: str
    health: str
    simulated: bool
    polled_at: Time | None
    answered_at: Time | None
    changed_at: Time | None
    silent_since: Time | None
    next_at: Time | None
    failures: int
    error: str
    refused: int


@dataclass(frozen=True)
class Refusal:
    """What came from a source and could not be taken. `times`: how often; `received_at`: when last."""

    id: int
    source: str
    received_at: Time
    code: str
    field: str
    detail: str
    size: int
    sha256: str
    times: int


def part_of(info: Info) -> Part:
    """An info as it is shown."""
    return Part(
        language=info.language,
        event=info.event,
        hazard=info.hazard,
        level=int(info.level),
        color=info.color,
        severity=info.severity.value,
        urgency=info.urgency.value,
        certainty=info.certainty.value,
        effective=info.effective,
        onset=info.onset,
        expires=info.expires,
        ends=info.ends,
        sender_name=info.sender_name,
        headline=info.headline,
        description=info.description,
        instruction=info.instruction,
        web=info.web,
        contact=info.contact,
        areas=[area.description for area in info.areas],
    )
