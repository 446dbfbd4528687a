"""Exposures and hazard events as the API shows them; levels are 1 minor or blue to 4 extreme or red, 0 none."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.web.paging import Time


@dataclass(frozen=True)
class ExposureView:
    """A site touched by one hazard of a warning. `holds` is in force there now, `level` that or what is to come.

    `since` is when matching found the site inside, `until` when it was inside no more.
    """

    warning: str
    site: str
    hazard: str
    why: str
    sure: str
    detail: str
    distance_m: float
    repaired: bool
    level: int
    holds: int
    onset: Time
    ends: Time | None
    since: Time
    until: Time | None
    simulated: bool


@dataclass(frozen=True)
class StormExposureView:
    """A site within the winds of a storm's advisory: advice, no warning. `track` is its id, `technique` whose it is.

    `sure` is `possible` where only the uncertainty of the position reaches it; `distance_m` is that of the centre at
    its nearest. `until` is null while the newest advisory says so.
    """

    track: str
    storm: str
    name: str
    technique: str
    source: str
    issued: Time
    site: str
    wind_kt: float
    sure: str
    detail: str
    enters: Time
    leaves: Time
    nearest_at: Time
    distance_m: float
    since: Time
    until: Time | None
    simulated: bool


@dataclass(frozen=True)
class ReasonView:
    """One factor of a priority, which is the product of all weights."""

    rule: str
    weight: float
    text: str


@dataclass(frozen=True)
class EventView:
    """One site and one hazard, from the first word to the all-clear.

    `warning` is the official one that counts, null where only our own gauge speaks; `gauge` is device/rule of our
    gravest open alarm, which is no warning. `lead_s`: how long the official word came before our gauge; negative where
    the gauge was first.
    """

    id: str
    site: str
    hazard: str
    simulated: bool
    holds: int
    level: int
    peak: int
    warning: str | None
    gauge: str
    confirmed: bool
    onset: Time
    warned_at: Time | None
    gauge_at: Time | None
    lead_s: float | None
    priority: float
    reasons: list[ReasonView]
    opened_at: Time
    changed_at: Time
    closed_at: Time | None


@dataclass(frozen=True)
class ChangeView:
    """One thing that happened; `cause` is the id of a warning, or device/rule of an own alarm.

    `planned_at` is when it was decided who is told of it; null: not yet.
    """

    number: int
    change: str
    level: int
    at: Time
    onset: Time
    cause: str
    planned_at: Time | None


@dataclass(frozen=True)
class OfficialView:
    """A warning that touched the site with this hazard, and how it stands."""

    id: str
    issuer: str
    state: str
    level: int
    since: Time
    ends: Time | None
    unconfirmed_since: Time | None
    exposure: ExposureView


@dataclass(frozen=True)
class OwnAlarmView:
    """An alarm of our own: 现场达到阈值. `raised_at` and `cleared_at` are device time, `value` and `limit` in `unit`.

    `missing_s`: of the time measured so much has no readings; only of alarms raised on readings (`on_readings`).
    """

    device: str
    rule: str
    stream: str
    value: float
    limit: float
    unit: str
    raised_at: Time
    cleared_at: Time | None
    on_readings: bool
    missing_s: int


@dataclass(frozen=True)
class EventStory:
    """An event with all that happened and why."""

    event: EventView
    changes: list[ChangeView]
    warnings: list[OfficialView]
    alarms: list[OwnAlarmView]
