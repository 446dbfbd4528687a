"""Composes the live page from a snapshot: what is wrong first, then sites, alarms and devices. Pure."""

from __future__ import annotations

from cloud_gateway.alarms.present import value_now
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.alarms.store_hand import key_of
from cloud_gateway.alarms.view import make_address
from cloud_gateway.alarms.words import say_holder
from cloud_gateway.console.field import Field, judge_field
from cloud_gateway.console.headline import compose_headline, say_calm
from cloud_gateway.console.labels import Labels
from cloud_gateway.console.places import chart_site, compose_site, tally
from cloud_gateway.console.store import Snapshot
from cloud_gateway.console.views import AlarmView, DeviceView, Overview, SiteView
from cloud_gateway.devices.condition import Standing, Tone
from cloud_gateway.devices.fleet import ORDER, RANK
from cloud_gateway.devices.store import Device
from cloud_gateway.devices.troubles import find_troubles
from edge_agent.web.words import _, _n

#: Sites whose charts one page draws, the worst first.
CHARTED = 6


def compose_overview(snapshot: Snapshot, now: int, labels: Labels, *, in_scenario: bool) -> Overview:
    """The page's content at gateway time `now` (ms UTC); `in_scenario`: the gateway itself plays a story."""
    return compose_field(judge_field(snapshot, now, labels, in_scenario=in_scenario))


def compose_field(field: Field) -> Overview:
    """The same of a field that was judged, or of a part of it."""
    snapshot = field.snapshot
    heard = [one.heard_at for one in snapshot.devices if one.heard_at is not None]
    alarms = tuple(sorted((_alarm(field, one) for one in field.alarms), key=lambda a: (RANK[a.tone], -a.age_ms)))
    views = {one.id: _device(field, one) for one in snapshot.devices}
    devices = tuple(sorted(views.values(), key=lambda view: _place(field, view)))
    sites = sorted((compose_site(field, site, views) for site in snapshot.sites), key=_press)
    reporting = sum(one.tone is not Tone.OFF for one in devices)
    return Overview(
        headline=compose_headline(field, alarms, devices),
        calm=say_calm(field),
        tally=_tally(field, len(devices), reporting),
        sites=tuple(sites),
        charted=tuple(chart_site(field, site) for site in sites[:CHARTED]),
        alarms=alarms,
        devices=devices,
        tallies=tally(devices),
        reporting=reporting,
        clock=field.moment.scenario,
        simulated_clock=field.moment.scenario != field.moment.now,
        heard_at=max(heard, default=None),
        zone=field.main_zone,
        pace=snapshot.pace,
        simulated=any(one.simulated for one in snapshot.devices),
        dead_letters=snapshot.dead_letters,
        newest_event=snapshot.newest_event,
    )


def _press(site: SiteView) -> tuple[int, int]:
    return RANK[site.tone], -site.alarms


def _place(field: Field, view: DeviceView) -> tuple[int, int, int, str]:
    condition = field.conditions[view.id]
    return RANK[view.tone], ORDER[condition.standing], -condition.lag_ms, view.id


def _tally(field: Field, devices: int, reporting: int) -> str:
    if not devices:
        return ""
    every = field.labels.count(_n("%(count)s device", "%(count)s devices"), devices)
    said = field.labels.text(_("%(devices)s · %(reporting)s reporting"), devices=every, reporting=reporting)
    if nowhere := len(field.devices_of.get("", [])):
        unplaced = field.labels.count(_n("%(count)s at no site", "%(count)s at no site"), nowhere)
        return f"{said} · {unplaced}"
    return said


def _alarm(field: Field, alarm: Alarm) -> AlarmView:
    urgent, hand = alarm.severity == "urgent", field.hand_of(alarm)
    return AlarmView(
        tone=Tone.BAD if urgent else Tone.LATE,
        severity=field.labels.text(_("urgent") if urgent else _("attention")),
        label=field.labels.rule(alarm),
        site=field.name_of(alarm.site),
        code=alarm.site or "",
        detail=field.labels.alarm_detail(alarm, value_now(alarm, field.streams(alarm.device))),
        raised_at=alarm.raised_at,
        age_ms=max(field.now_of(alarm.device) - alarm.raised_at, 0),
        zone=field.zone_of(alarm.site),
        playing=field.is_playing(alarm.device),
        address=make_address(key_of(alarm)),
        who=say_holder(field.labels, hand),
        held=bool(hand.holder),
    )


def _device(field: Field, device: Device) -> DeviceView:
    condition = field.conditions[device.id]
    troubles = () if condition.tone is Tone.OFF else find_troubles(device.health, field.labels)
    amiss = condition.standing is not Standing.FINE
    detail = field.labels.device_detail(condition, device.depth, field.streams(device.id))
    return DeviceView(
        id=device.id,
        site=field.name_of(device.site),
        tone=Tone.LATE if troubles and not amiss else condition.tone,
        state=troubles[0].word if troubles and not amiss else field.labels.device_state(condition),
        detail=" · ".join(part for part in (detail, *(one.detail for one in troubles)) if part),
        heard_at=device.heard_at,
        heard_ago_ms=field.moment.now - (device.heard_at or field.moment.now),
    )
