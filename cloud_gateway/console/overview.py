"""Composes the live page from a snapshot: what is wrong first, then sites, alarms and devices. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_gateway.alarms.hand import Hand, State
from cloud_gateway.alarms.present import value_now
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.alarms.store_hand import key_of
from cloud_gateway.alarms.view import make_address
from cloud_gateway.alarms.words import say_holder
from cloud_gateway.console.labels import SITE_TONES, Labels
from cloud_gateway.console.store import Snapshot
from cloud_gateway.devices.condition import (
    Condition,
    Moment,
    Standing,
    Tone,
    judge_device,
    judge_site,
    scenario_clock,
)
from cloud_gateway.devices.store import Device, Rule, Stream, facts
from cloud_gateway.sites.store import Site
from edge_agent.web.words import _, _n

#: Sites whose charts one page draws, the worst first.
CHARTED = 6
_PLOT_ORDER = {"amount": 0, "level": 1, "contact": 2}
_RANK = {Tone.BAD: 0, Tone.LATE: 1, Tone.OFF: 2, Tone.OK: 3}


@dataclass(frozen=True)
class AlarmView:
    """One open alarm and who has it. Times in ms UTC of the device, shown in `zone`."""

    tone: Tone
    severity: str
    label: str
    site: str
    code: str
    detail: str
    raised_at: int
    age_ms: int
    zone: str
    simulated: bool
    address: str
    who: str
    held: bool


@dataclass(frozen=True)
class DeviceView:
    """One device."""

    id: str
    site: str
    tone: Tone
    state: str
    detail: str
    depth: int
    heard_at: int | None
    heard_ago_ms: int
    simulated: bool


@dataclass(frozen=True)
class Plot:
    """A stream as the charts draw it. `kind`: `contact`, `amount` per interval, or `level`."""

    id: str
    device: str
    name: str
    label: str
    unit: str
    interval_s: float
    predicts: str | None
    kind: str
    shown: str
    at: int | None


@dataclass(frozen=True)
class Limit:
    """A rule as the charts draw it."""

    device: str
    name: str
    stream: str
    type: str
    limit: float
    label: str
    severity: str


@dataclass(frozen=True)
class SiteView:
    """One site on the map and in the charts; `key` is the stream people ask for first."""

    code: str
    name: str
    latitude: float
    longitude: float
    zone: str
    tone: Tone
    state: str
    line: str
    key: str
    plots: tuple[Plot, ...]
    limits: tuple[Limit, ...]
    alarms: int
    simulated: bool


@dataclass(frozen=True)
class Headline:
    """The answer that the page opens with."""

    tone: Tone
    pill: str
    title: str
    detail: str


@dataclass(frozen=True)
class Overview:
    """Everything the live page shows but the charts' points."""

    headline: Headline
    calm: str
    tally: str
    sites: tuple[SiteView, ...]
    charted: tuple[SiteView, ...]
    alarms: tuple[AlarmView, ...]
    devices: tuple[DeviceView, ...]
    reporting: int
    clock: int
    simulated_clock: bool
    heard_at: int | None
    zone: str
    pace: float
    simulated: bool
    dead_letters: int
    newest_event: int


@dataclass(frozen=True)
class _Field:
    """A snapshot with its decisions made."""

    snapshot: Snapshot
    moment: Moment
    conditions: dict[str, Condition]
    labels: Labels

    def site_of(self, code: str | None) -> Site | None:
        return next((s for s in self.snapshot.sites if s.code == code), None)

    def zone_of(self, code: str | None) -> str:
        found = self.site_of(code)
        return found.zone if found else main_zone(self.snapshot.sites)

    def name_of(self, code: str | None) -> str:
        found = self.site_of(code)
        return self.labels.site(found) if found else self.labels.text(_("no site"))

    def hand_of(self, alarm: Alarm) -> Hand:
        return self.snapshot.hands.get(key_of(alarm), Hand())

    def streams(self, device: str) -> list[Stream]:
        return self.snapshot.streams.get(device, [])


def compose_overview(snapshot: Snapshot, now: int, labels: Labels, *, in_scenario: bool) -> Overview:
    """The page's content at gateway time `now` (ms UTC).

    Only `in_scenario`, where the gateway itself plays one, simulated devices set the clock: elsewhere a single one
    with a wrong clock would set it for everybody.
    """
    known = {d.id: facts(d, snapshot.streams.get(d.id, [])) for d in snapshot.devices}
    scenario = scenario_clock(known.values()) if in_scenario else None
    moment = Moment(now, now if scenario is None else scenario, snapshot.pace)
    conditions = {name: judge_device(f, moment) for name, f in known.items()}
    field = _Field(snapshot, moment, conditions, labels)
    simulated = any(d.simulated for d in snapshot.devices)
    heard = [d.heard_at for d in snapshot.devices if d.heard_at is not None]
    unclosed = [a for a in snapshot.alarms if field.hand_of(a).state is not State.CLOSED]
    alarms = tuple(sorted((_alarm(field, a) for a in unclosed), key=lambda a: (_RANK[a.tone], -a.age_ms)))
    devices = tuple(sorted((_device(field, d) for d in snapshot.devices), key=lambda d: (_RANK[d.tone], d.id)))
    sites = tuple(_site(field, s) for s in snapshot.sites)
    reporting = sum(d.tone is not Tone.OFF for d in devices)
    return Overview(
        headline=_headline(field, alarms, devices),
        calm=_calm(field),
        tally=_tally(field, len(devices), reporting),
        sites=sites,
        charted=tuple(sorted(sites, key=lambda s: (_RANK[s.tone], -s.alarms))[:CHARTED]),
        alarms=alarms,
        devices=devices,
        reporting=reporting,
        clock=moment.scenario,
        simulated_clock=scenario is not None,
        heard_at=max(heard, default=None),
        zone=main_zone(snapshot.sites),
        pace=snapshot.pace,
        simulated=simulated,
        dead_letters=snapshot.dead_letters,
        newest_event=snapshot.newest_event,
    )


def _tally(field: _Field, devices: int, reporting: int) -> str:
    if not devices:
        return ""
    every = field.labels.count(_n("%(count)s device", "%(count)s devices"), devices)
    return field.labels.text(_("%(devices)s · %(reporting)s reporting"), devices=every, reporting=reporting)


def main_zone(sites: Sequence[Site]) -> str:
    """The zone in which most sites lie; UTC without sites."""
    zones = [s.zone for s in sites]
    return max(sorted(set(zones)), key=zones.count, default="UTC")


def _alarm(field: _Field, alarm: Alarm) -> AlarmView:
    device = next((d for d in field.snapshot.devices if d.id == alarm.device), None)
    simulated = device is not None and device.simulated
    urgent, hand = alarm.severity == "urgent", field.hand_of(alarm)
    return AlarmView(
        tone=Tone.BAD if urgent else Tone.LATE,
        severity=field.labels.text(_("urgent") if urgent else _("attention")),
        label=field.labels.rule(alarm),
        site=field.name_of(alarm.site),
        code=alarm.site or "",
        detail=field.labels.alarm_detail(alarm, value_now(alarm, field.streams(alarm.device))),
        raised_at=alarm.raised_at,
        age_ms=max(field.moment.of(simulated) - alarm.raised_at, 0),
        zone=field.zone_of(alarm.site),
        simulated=simulated,
        address=make_address(key_of(alarm)),
        who=say_holder(field.labels, hand),
        held=bool(hand.holder),
    )


def _device(field: _Field, device: Device) -> DeviceView:
    condition, streams = field.conditions[device.id], field.streams(device.id)
    return DeviceView(
        id=device.id,
        site=field.name_of(device.site),
        tone=condition.tone,
        state=field.labels.device_state(condition),
        detail=field.labels.device_detail(condition, device.depth, streams),
        depth=device.depth or 0,
        heard_at=device.heard_at,
        heard_ago_ms=field.moment.now - (device.heard_at or field.moment.now),
        simulated=device.simulated,
    )


def _site(field: _Field, site: Site) -> SiteView:
    here = [d for d in field.snapshot.devices if d.site == site.code]
    streams = [s for d in here for s in field.streams(d.id)]
    rules = [r for d in here for r in field.snapshot.rules.get(d.id, [])]
    severities = [a.severity for a in field.snapshot.alarms if a.site == site.code]
    tone = judge_site(severities, [field.conditions[d.id] for d in here])
    key = find_key(streams, rules)
    return SiteView(
        code=site.code,
        name=field.labels.site(site),
        latitude=site.latitude,
        longitude=site.longitude,
        zone=site.zone,
        tone=tone,
        state=field.labels.text(SITE_TONES[tone]),
        line=_site_line(field, here, key, tone),
        key=f"{key.device}/{key.name}" if key else "",
        plots=tuple(sorted((_plot(field.labels, s) for s in streams), key=lambda p: _PLOT_ORDER[p.kind])),
        limits=tuple(_limit(field.labels, r) for r in rules),
        alarms=len(severities),
        simulated=site.simulated or any(d.simulated for d in here),
    )


def find_key(streams: Sequence[Stream], rules: Sequence[Rule]) -> Stream | None:
    """The stream that people ask for first: one with a prediction, else with a rule, else the first number."""
    own = [s for s in streams if s.predicts is None and not isinstance(s.value, bool | str)]
    predicted = {(s.device, s.predicts) for s in streams if s.predicts}
    ruled = {(r.device, r.stream) for r in rules}
    own.sort(key=lambda s: ((s.device, s.name) not in predicted, (s.device, s.name) not in ruled))
    return own[0] if own else None


def _site_line(field: _Field, here: Sequence[Device], key: Stream | None, tone: Tone) -> str:
    amiss = [d for d in here if field.conditions[d.id].standing is not Standing.FINE]
    state = field.labels.text(SITE_TONES[tone])
    if tone is Tone.LATE and amiss:
        state = field.labels.count(_n("%(count)s device late", "%(count)s devices late"), len(amiss))
    if key is None or key.value is None:
        return state
    value = f"{field.labels.stream(key)} {field.labels.value(key.value, key.unit)}"
    return field.labels.text(_("%(value)s, %(state)s"), value=value, state=state)


def _plot(labels: Labels, stream: Stream) -> Plot:
    return Plot(
        id=f"{stream.device}/{stream.name}",
        device=stream.device,
        name=stream.name,
        label=labels.stream(stream),
        unit=stream.unit,
        interval_s=stream.interval_s or 60.0,
        predicts=stream.predicts,
        kind=plot_kind(stream),
        shown=labels.value(stream.value, stream.unit),
        at=stream.at,
    )


def plot_kind(stream: Stream) -> str:
    """How a stream is drawn: states as strips, amounts as bars, the rest as lines."""
    if isinstance(stream.value, bool | str) or (stream.value is None and not stream.unit):
        return "contact"
    return "amount" if stream.unit == "mm" else "level"


def _limit(labels: Labels, rule: Rule) -> Limit:
    return Limit(rule.device, rule.name, rule.stream, rule.type, rule.limit, labels.rule(rule), rule.severity)


def _headline(field: _Field, alarms: Sequence[AlarmView], devices: Sequence[DeviceView]) -> Headline:
    if not devices:
        title = field.labels.text(_("No device has reported yet."))
        detail = field.labels.text(_("Start an agent that knows this broker; it shows up here by itself."))
        return Headline(Tone.OFF, field.labels.text(_("empty")), title, detail)
    if alarms:
        return _alarmed(field, alarms, devices)
    amiss = [d for d in devices if d.tone is not Tone.OK]
    if amiss:
        title = field.labels.count(
            _n(
                "%(count)s device is late or silent; no alarm is open.",
                "%(count)s devices are late or silent; no alarm is open.",
            ),
            len(amiss),
        )
        return Headline(Tone.LATE, field.labels.text(_("attention")), title, _worst_device(field, amiss))
    return Headline(Tone.OK, field.labels.text(_("calm")), _calm(field), _all_report(field, len(devices)))


def _alarmed(field: _Field, alarms: Sequence[AlarmView], devices: Sequence[DeviceView]) -> Headline:
    urgent = [a for a in alarms if a.tone is Tone.BAD]
    first = (urgent or list(alarms))[0]
    places = field.labels.text(_(", ")).join(dict.fromkeys(a.site for a in urgent or alarms))
    many = _n("%(count)s urgent alarm", "%(count)s urgent alarms")
    mild = _n("%(count)s alarm needs attention", "%(count)s alarms need attention")
    said = field.labels.count(many if urgent else mild, len(urgent or alarms))
    title = field.labels.text(_("%(what)s: %(where)s"), what=said, where=places)
    since = field.labels.text(_("for %(age)s"), age=field.labels.age(first.age_ms))
    parts = [f"{first.site} · {first.label}", first.detail, since]
    if amiss := [d for d in devices if d.tone is not Tone.OK]:
        silent = _n("%(count)s device late or silent", "%(count)s devices late or silent")
        parts.append(field.labels.count(silent, len(amiss)))
    return Headline(first.tone, first.severity, title, " · ".join(parts))


def _worst_device(field: _Field, amiss: Sequence[DeviceView]) -> str:
    return " · ".join(part for part in (amiss[0].id, amiss[0].site, amiss[0].detail) if part)


def _calm(field: _Field) -> str:
    closed = field.snapshot.last_closed
    if closed is None:
        return field.labels.text(_("No alarm is open; there has been none so far."))
    now = field.moment.of(any(d.simulated for d in field.snapshot.devices))
    return field.labels.text(
        _("No alarm is open; the last was closed %(age)s ago."), age=field.labels.age(now - closed)
    )


def _all_report(field: _Field, count: int) -> str:
    return field.labels.count(_n("%(count)s device reports as it should.", "All %(count)s devices report."), count)
