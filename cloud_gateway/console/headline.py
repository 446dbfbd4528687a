"""Composes the answer that the live page opens with: what is wrong, where, since when. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_gateway.console.field import Field
from cloud_gateway.console.views import AlarmView, DeviceView, Headline
from cloud_gateway.devices.condition import Tone
from edge_agent.web.words import _, _n

#: Places that are named before the rest is only counted.
NAMED = 4


def compose_headline(field: Field, alarms: Sequence[AlarmView], devices: Sequence[DeviceView]) -> Headline:
    """The answer, from alarms and devices in the order in which they press."""
    if not devices:
        title = field.labels.text(_("No device has reported yet."))
        detail = field.labels.text(_("Start an agent that knows this broker; it shows up here by itself."))
        return Headline(Tone.OFF, field.labels.text(_("empty")), title, detail)
    if alarms:
        return _alarmed(field, alarms, devices)
    amiss = [d for d in devices if d.tone is not Tone.OK]
    if amiss:
        several = _n(
            "%(count)s device needs attention; no alarm is open.",
            "%(count)s devices need attention; no alarm is open.",
        )
        pill = field.labels.text(_("attention"))
        return Headline(Tone.LATE, pill, field.labels.count(several, len(amiss)), _worst_device(amiss))
    return Headline(Tone.OK, field.labels.text(_("calm")), say_calm(field), _all_report(field, len(devices)))


def _alarmed(field: Field, alarms: Sequence[AlarmView], devices: Sequence[DeviceView]) -> Headline:
    urgent = [a for a in alarms if a.tone is Tone.BAD]
    first = (urgent or list(alarms))[0]
    many = _n("%(count)s urgent alarm", "%(count)s urgent alarms")
    mild = _n("%(count)s alarm needs attention", "%(count)s alarms need attention")
    said = field.labels.count(many if urgent else mild, len(urgent or alarms))
    title = field.labels.text(_("%(what)s: %(where)s"), what=said, where=_places(field, urgent or alarms))
    since = field.labels.text(_("for %(age)s"), age=field.labels.age(first.age_ms))
    parts = [f"{first.site} · {first.label}", first.detail, since, first.who]
    if amiss := [d for d in devices if d.tone is not Tone.OK]:
        others = _n("%(count)s device needs attention", "%(count)s devices need attention")
        parts.append(field.labels.count(others, len(amiss)))
    return Headline(first.tone, first.severity, title, " · ".join(parts))


def _places(field: Field, alarms: Sequence[AlarmView]) -> str:
    places = list(dict.fromkeys(a.site for a in alarms))
    said = field.labels.text(_(", ")).join(places[:NAMED])
    if len(places) <= NAMED:
        return said
    more = _n("%(count)s more site", "%(count)s more sites")
    rest = field.labels.count(more, len(places) - NAMED)
    return field.labels.text(_("%(some)s and %(rest)s"), some=said, rest=rest)


def _worst_device(amiss: Sequence[DeviceView]) -> str:
    return " · ".join(part for part in (amiss[0].id, amiss[0].site, amiss[0].detail) if part)


def say_calm(field: Field) -> str:
    """That no alarm is open, and when the last one was."""
    closed = field.snapshot.last_closed
    if closed is None:
        return field.labels.text(_("No alarm is open; there has been none so far."))
    now = field.moment.of(any(field.is_playing(one.id) for one in field.snapshot.devices))
    return field.labels.text(
        _("No alarm is open; the last was closed %(age)s ago."), age=field.labels.age(now - closed)
    )


def _all_report(field: Field, count: int) -> str:
    return field.labels.count(_n("%(count)s device reports as it should.", "All %(count)s devices report."), count)
