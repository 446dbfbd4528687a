"""Names, values and states in the reader's words. Pure; shared by the page and its scripts."""

from __future__ import annotations

from dataclasses import dataclass

from babel.support import NullTranslations

from cloud_gateway.alarms.store import Alarm
from cloud_gateway.devices.condition import Condition, Standing, Tone
from cloud_gateway.devices.store import Rule, Stream
from cloud_gateway.sites.store import Site
from edge_agent.web.pages import number, say_age
from edge_agent.web.times import age
from edge_agent.web.words import CHINESE, _
from edge_agent.wire.senml import Value

#: SenML units (RFC 8428, registry) that people write otherwise.
UNITS = {"Cel": "°C", "%RH": "%", "/": "", "ppm": "ppm"}
STANDINGS = {
    Standing.FINE: _("normal"),
    Standing.STALE: _("late"),
    Standing.BACKLOG: _("late"),
    Standing.SILENT: _("silent"),
    Standing.LOST: _("connection lost"),
    Standing.OFFLINE: _("offline"),
    Standing.UNHEARD: _("never heard"),
    Standing.CLONED: _("cloned?"),
    Standing.CLOCK: _("clock wrong"),
    Standing.REVOKED: _("revoked"),
}
DETAILS = {
    Standing.FINE: "",
    Standing.STALE: _("%(streams)s: no value for %(age)s"),
    Standing.BACKLOG: _("%(depth)s records wait on the device, the oldest for %(age)s"),
    Standing.SILENT: _("nothing heard for %(age)s"),
    Standing.LOST: _("connection broke %(age)s ago"),
    Standing.OFFLINE: _("signed off %(age)s ago"),
    Standing.UNHEARD: _("placed, but nothing has come from it yet"),
    Standing.CLONED: _("two devices speak with this identity, last seen %(age)s ago"),
    Standing.REVOKED: _("taken out of service %(age)s ago; nothing of it is stored"),
    Standing.CLOCK: _("its clock is %(age)s off"),
}
SITE_TONES = {
    Tone.OK: _("normal"),
    Tone.LATE: _("attention"),
    Tone.BAD: _("above threshold"),
    Tone.OFF: _("offline"),
}
ALARM_DETAILS = {
    "threshold": _("%(value)s ≥ %(limit)s"),
    "rise": _("rising %(value)s, limit %(limit)s"),
    "residual": _("%(value)s above prediction, limit %(limit)s"),
    "contact": _("contact active"),
}
#: What the page's script says itself, by the name it asks for.
SCRIPT_WORDS = {
    "s": _("%(count)s s"),
    "min": _("%(count)s min"),
    "h": _("%(count)s h"),
    "d": _("%(count)s d"),
    "ago": _("%(age)s ago"),
    "live": _("live · %(age)s ago"),
    "quiet": _("live · no data yet"),
    "cut": _("connection lost · last %(time)s"),
    "stale": _(
        "The connection to the gateway is lost. You see what was known at %(time)s; the page tries again by itself."
    ),
    "pace": _("about %(count)s× real time"),
    "measured": _("measured"),
    "predicted": _("predicted"),
    "above": _("predicted + %(limit)s"),
    "active": _("active"),
    "rest": _("at rest"),
    "loading": _("reading the values …"),
    "unread": _("the values cannot be read now"),
    "none": _("no values in this time"),
    "time": _("Time"),
    "announced": _("%(what)s, announced"),
    "exercise": _("simulated: %(what)s"),
}


@dataclass(frozen=True)
class Labels:
    """Speaks one language."""

    language: str
    words: NullTranslations

    def text(self, message: str, **values: object) -> str:
        """A message in this language with its values put in."""
        said = str(self.words.gettext(message))
        return said % values if values else said

    def for_scripts(self) -> dict[str, str]:
        """The words of the page's script, with their places for values still open."""
        return {name: self.text(message) for name, message in SCRIPT_WORDS.items()}

    def count(self, one_and_many: tuple[str, str], count: int) -> str:
        """A message about a number of things."""
        return str(self.words.ngettext(*one_and_many, count)) % {"count": count}

    def age(self, span_ms: int) -> str:
        """An age in the largest sensible unit."""
        return say_age(age(span_ms), self.words)

    def site(self, site: Site) -> str:
        """A site's name."""
        return self.pick(site.name, site.name_zh) or site.code

    def stream(self, stream: Stream) -> str:
        """A stream's name, as its device declared it."""
        return self.pick(stream.label, stream.label_zh) or stream.name

    def rule(self, rule: Rule | Alarm) -> str:
        """A rule's name, as its device declared it."""
        own = rule.rule if isinstance(rule, Alarm) else rule.name
        return self.pick(rule.label, rule.label_zh) or own

    def pick(self, english: str, chinese: str) -> str:
        """The name in this language; the other one where there is none."""
        return (chinese or english) if self.language == CHINESE else (english or chinese)

    def value(self, value: Value | None, unit: str) -> str:
        """A value with its unit; a contact as a word."""
        if isinstance(value, bool):
            return self.text(_("active")) if value else self.text(_("at rest"))
        shown = UNITS.get(unit, unit)
        return f"{number(value)} {shown}".strip()

    def device_state(self, condition: Condition) -> str:
        """How a device stands, in one word."""
        return self.text(STANDINGS[condition.standing])

    def device_detail(self, condition: Condition, depth: int | None, streams: list[Stream]) -> str:
        """What exactly is amiss with a device; empty when nothing is."""
        names = {s.name: self.stream(s) for s in streams}
        late = self.text(_(", ")).join(names.get(n, n) for n in condition.streams)
        values = {"age": self.age(condition.lag_ms), "depth": depth or 0, "streams": late}
        detail = DETAILS[condition.standing]
        return self.text(detail, **values) if detail else ""

    def alarm_detail(self, alarm: Alarm, now: float | None = None) -> str:
        """By how much an alarm's rule was exceeded when it was raised, and what it is now."""
        detail = ALARM_DETAILS.get(alarm.type or "threshold", ALARM_DETAILS["threshold"])
        value, limit = self.value(alarm.value, alarm.unit), self.value(alarm.limit, alarm.unit)
        said = self.text(detail, value=value, limit=limit)
        return (
            said
            if now is None
            else self.text(_("%(what)s, now %(value)s"), what=said, value=self.value(now, alarm.unit))
        )
