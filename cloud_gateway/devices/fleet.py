"""Composes the list of devices, what is wrong first, from a snapshot of the field. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cloud_gateway.console.labels import Labels
from cloud_gateway.console.store import Snapshot
from cloud_gateway.devices.condition import Condition, Standing, Tone, judge_device, tell_moment
from cloud_gateway.devices.store import Device, facts
from cloud_gateway.devices.troubles import find_troubles
from cloud_gateway.devices.words import CERTIFICATES, ROLES
from cloud_gateway.enrolment.store import Enrolment
from edge_agent.web.words import _

#: A certificate is told of so long before its end.
SOON_MS = 30 * 86_400_000
#: What helps first, first.
RANK = {Tone.BAD: 0, Tone.LATE: 1, Tone.OFF: 2, Tone.OK: 3}
ORDER = {
    standing: place
    for place, standing in enumerate(
        (
            Standing.CLONED,
            Standing.CLOCK,
            Standing.BACKLOG,
            Standing.STALE,
            Standing.LOST,
            Standing.SILENT,
            Standing.UNHEARD,
            Standing.OFFLINE,
            Standing.FINE,
            Standing.REVOKED,
        )
    )
}


@dataclass(frozen=True)
class Wanted:
    """What of the list is asked for; empty: everything. `words` are looked for in all that a row says."""

    words: str = ""
    state: str = ""
    role: str = ""
    software: str = ""
    tag: str = ""


@dataclass(frozen=True)
class Certificate:
    """How long a device may still speak. `state` is a key of CERTIFICATES, `until` ms UTC."""

    state: str
    tone: Tone
    word: str
    until: int | None = None


@dataclass(frozen=True)
class FleetRow:
    """One device. `heard_at` gateway time; `alarms` are those that are open, `troubles` what it says of itself."""

    id: str
    site: str
    code: str
    role: str
    role_name: str
    software: str
    tone: Tone
    state: str
    detail: str
    troubles: tuple[str, ...]
    certificate: Certificate
    heard_at: int | None
    alarms: int
    tags: tuple[str, ...]
    simulated: bool


@dataclass(frozen=True)
class FleetPage:
    """The list, and what may be chosen from. `counts` by tone are of all devices."""

    rows: tuple[FleetRow, ...]
    all: int
    counts: dict[str, int]
    roles: tuple[tuple[str, str], ...]
    versions: tuple[str, ...]
    tags: tuple[str, ...]
    wanted: Wanted
    now: int
    simulated: bool


@dataclass(frozen=True)
class Fleet:
    """The field with its register; `tags` by device."""

    snapshot: Snapshot
    enrolments: Mapping[str, Enrolment] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def with_unheard(snapshot: Snapshot, enrolments: Sequence[Enrolment]) -> Snapshot:
    """The snapshot with the devices, too, that are enrolled and were never heard."""
    heard = {one.id for one in snapshot.devices}
    rest = [_unheard(one) for one in enrolments if one.device not in heard]
    return replace(snapshot, devices=[*snapshot.devices, *rest])


def _unheard(known: Enrolment) -> Device:
    nothing = dict.fromkeys(("software", "serial", "site", "heartbeat_s", "birth_at", "presence", "presence_at"))
    rest = dict.fromkeys(("heard_at", "heartbeat_at", "depth", "oldest_at"))
    return Device(known.device, known.role, simulated=False, revoked_at=known.revoked_at, **nothing, **rest)


def judge_fleet(snapshot: Snapshot, now: int, *, in_scenario: bool) -> dict[str, Condition]:
    """How every device stands at gateway time `now` (ms UTC), by id."""
    known = {d.id: facts(d, snapshot.streams.get(d.id, [])) for d in snapshot.devices}
    moment = tell_moment(known.values(), now, snapshot.pace, in_scenario=in_scenario)
    return {name: judge_device(one, moment) for name, one in known.items()}


def judge_certificate(known: Enrolment | None, now: int, labels: Labels) -> Certificate:
    """How long the device's certificate still holds."""
    if known is None:
        return Certificate("none", Tone.OFF, labels.text(CERTIFICATES["none"]))
    left = known.not_after - now
    state, tone = ("good", Tone.OK) if left > SOON_MS else ("soon", Tone.LATE) if left > 0 else ("expired", Tone.BAD)
    return Certificate(state, tone, labels.text(CERTIFICATES[state]), known.not_after)


def compose_fleet(fleet: Fleet, wanted: Wanted, now: int, labels: Labels, *, in_scenario: bool) -> FleetPage:
    """The page's content: rows that are wanted, what is wrong first."""
    conditions = judge_fleet(fleet.snapshot, now, in_scenario=in_scenario)
    alarms = Counter(alarm.device for alarm in fleet.snapshot.alarms)
    sites = {one.code: labels.site(one) for one in fleet.snapshot.sites}
    rows = {
        one.id: replace(
            _row(fleet, one, conditions[one.id], now, labels),
            site=sites.get(one.site or "", labels.text(_("no site"))),
            alarms=alarms[one.id],
        )
        for one in fleet.snapshot.devices
    }
    ordered = sorted(rows.values(), key=lambda row: _place(row, conditions[row.id]))
    return FleetPage(
        rows=tuple(row for row in ordered if _is_wanted(row, wanted)),
        all=len(ordered),
        counts={tone.value: sum(row.tone is tone for row in ordered) for tone in Tone},
        roles=tuple(sorted({(row.role, row.role_name) for row in ordered if row.role})),
        versions=tuple(sorted({row.software for row in ordered if row.software})),
        tags=tuple(sorted({tag for row in ordered for tag in row.tags})),
        wanted=wanted,
        now=now,
        simulated=any(row.simulated for row in ordered),
    )


def _row(fleet: Fleet, device: Device, condition: Condition, now: int, labels: Labels) -> FleetRow:
    certificate = judge_certificate(fleet.enrolments.get(device.id), now, labels)
    found = () if condition.tone is Tone.OFF else find_troubles(device.health, labels)
    tones = [condition.tone, *(Tone.LATE for _trouble in found)]
    if condition.standing is not Standing.REVOKED and certificate.state in ("soon", "expired"):
        tones.append(certificate.tone)
    return FleetRow(
        id=device.id,
        site="",
        code=device.site or "",
        role=device.role or "",
        role_name=labels.text(ROLES[device.role]) if device.role in ROLES else device.role or "",
        software=device.software or "",
        tone=min(tones, key=RANK.__getitem__),
        state=labels.device_state(condition),
        detail=labels.device_detail(condition, device.depth, fleet.snapshot.streams.get(device.id, [])),
        troubles=tuple(one.detail for one in found),
        certificate=certificate,
        heard_at=device.heard_at,
        alarms=0,
        tags=fleet.tags.get(device.id, ()),
        simulated=device.simulated,
    )


def _place(row: FleetRow, condition: Condition) -> tuple[int, int, int, str]:
    return RANK[row.tone], ORDER[condition.standing], -condition.lag_ms, row.id


def _is_wanted(row: FleetRow, wanted: Wanted) -> bool:
    said = " ".join((row.id, row.site, row.code, row.role, row.role_name, row.software, row.state, *row.tags)).lower()
    return (
        all(word in said for word in wanted.words.lower().split())
        and wanted.state in ("", row.tone.value)
        and wanted.role in ("", row.role)
        and wanted.software in ("", row.software)
        and (not wanted.tag or wanted.tag in row.tags)
    )
