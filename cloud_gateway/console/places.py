"""Composes the sites of the live page, and the charts of the worst. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cloud_gateway.alarms.store import Alarm
from cloud_gateway.console.field import Field
from cloud_gateway.console.labels import SITE_TONES, Labels
from cloud_gateway.console.views import ChartedSite, DeviceView, Limit, Plot, SiteView, Tally
from cloud_gateway.devices.condition import Standing, Tone, judge_site
from cloud_gateway.devices.fleet import RANK
from cloud_gateway.devices.store import Device, Rule, Stream
from cloud_gateway.sites.store import Site
from edge_agent.web.words import _, _n

#: Streams of one site that are charted.
PLOTTED = 8
_PLOT_ORDER = {"amount": 0, "level": 1, "contact": 2}


def compose_site(field: Field, site: Site, views: dict[str, DeviceView]) -> SiteView:
    """A site on the map; `views` are the devices by id."""
    here = field.devices_of.get(site.code, [])
    alarms = field.alarms_of.get(site.code, [])
    tone = judge_site([a.severity for a in alarms], [field.conditions[d.id] for d in here])
    if tone is Tone.OK and any(views[d.id].tone is Tone.LATE for d in here):
        tone = Tone.LATE
    return SiteView(
        code=site.code,
        name=field.labels.site(site),
        latitude=site.latitude,
        longitude=site.longitude,
        zone=site.zone,
        tone=tone,
        state=field.labels.text(SITE_TONES[tone]),
        line=_line(field, here, find_key(_streams(field, here), _rules(field, here)), tone),
        devices=tally(views[d.id] for d in here),
        alarms=len(alarms),
    )


def tally(devices: Iterable[DeviceView]) -> tuple[Tally, ...]:
    """How many devices stand so, the worst first."""
    counts = Counter((RANK[one.tone], one.tone, one.state) for one in devices)
    ordered = sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][2]))
    return tuple(Tally(tone, word, count) for (_rank, tone, word), count in ordered)


def chart_site(field: Field, view: SiteView) -> ChartedSite:
    """The same site with the charts that people ask for first."""
    here = field.devices_of.get(view.code, [])
    streams, rules = _streams(field, here), _rules(field, here)
    key = find_key(streams, rules)
    shown = pick_streams(streams, key, rules, field.alarms_of.get(view.code, []))
    plots = _name_apart([_plot(field.labels, one) for one in shown])
    return ChartedSite(
        **vars(view),
        key=f"{key.device}/{key.name}" if key else "",
        plots=tuple(sorted(plots, key=lambda plot: _PLOT_ORDER[plot.kind])),
        limits=tuple(_limit(field.labels, one) for one in rules),
        unplotted=sum(one.predicts is None for one in streams) - sum(one.predicts is None for one in shown),
    )


def _streams(field: Field, here: Sequence[Device]) -> list[Stream]:
    return [one for device in here for one in field.streams(device.id)]


def _rules(field: Field, here: Sequence[Device]) -> list[Rule]:
    return [one for device in here for one in field.snapshot.rules.get(device.id, [])]


def find_key(streams: Sequence[Stream], rules: Sequence[Rule]) -> Stream | None:
    """The stream that people ask for first: one with a prediction, else with a rule, else the first number."""
    own = [s for s in streams if s.predicts is None and not isinstance(s.value, bool | str)]
    predicted = {(s.device, s.predicts) for s in streams if s.predicts}
    ruled = {(r.device, r.stream) for r in rules}
    own.sort(key=lambda s: ((s.device, s.name) not in predicted, (s.device, s.name) not in ruled))
    return own[0] if own else None


def pick_streams(
    streams: Sequence[Stream], key: Stream | None, rules: Sequence[Rule], alarms: Sequence[Alarm]
) -> list[Stream]:
    """The streams that are charted: the key, those with an open alarm, with a rule, then others; with predictions."""
    alarmed, ruled = {(a.device, a.stream) for a in alarms}, {(r.device, r.stream) for r in rules}
    own = [one for one in streams if one.predicts is None]
    own.sort(key=lambda s: (s is not key, (s.device, s.name) not in alarmed, (s.device, s.name) not in ruled))
    chosen = {(one.device, one.name) for one in own[:PLOTTED]}
    return [one for one in streams if (one.device, one.predicts or one.name) in chosen]


def _line(field: Field, here: Sequence[Device], key: Stream | None, tone: Tone) -> str:
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


def _name_apart(plots: Sequence[Plot]) -> list[Plot]:
    """Streams of one name each with the name of its device."""
    names = Counter(one.label for one in plots)
    return [replace(one, label=f"{one.label} · {one.device}") if names[one.label] > 1 else one for one in plots]


def plot_kind(stream: Stream) -> str:
    """How a stream is drawn: states as strips, amounts as bars, the rest as lines."""
    if isinstance(stream.value, bool | str) or (stream.value is None and not stream.unit):
        return "contact"
    return "amount" if stream.unit == "mm" else "level"


def _limit(labels: Labels, rule: Rule) -> Limit:
    return Limit(rule.device, rule.name, rule.stream, rule.type, rule.limit, labels.rule(rule), rule.severity)
