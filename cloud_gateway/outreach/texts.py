"""The words of messages: subject and body by change, language and role; what an issuer wrote is relayed unchanged.

Alert text is data: it is put into our own templates, which run in a sandbox and are never made from it, and each line
of it is marked as quoted, so that no warning can speak in our name. The same message and facts give the same text.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cloud_gateway.outreach.advice import advise, advise_after
from cloud_gateway.outreach.facts import Facts, Official, SiteFact
from cloud_gateway.outreach.measures import measurement_words
from cloud_gateway.outreach.model import Change, Message
from cloud_gateway.warnings.hazards import HAZARDS, OTHER
from cloud_gateway.warnings.model import Alert, Color, Info, Level
from edge_agent.web.times import wall_time

TEMPLATES = Path(__file__).parent / "templates"
#: Whose a task is, where it is not somebody by name.
_OWNERS = {
    "zh-Hans": {"risk-engineer": "风险工程师", "customer": "客户", "branch": "分支机构", "rescue": "救援队"},
    "en": {"risk-engineer": "risk engineer", "customer": "customer", "branch": "branch", "rescue": "rescue team"},
}
_RISES = frozenset({Change.RAISED, Change.UPGRADED, Change.CONFIRMED})
#: Sites that a message names; the rest is a number.
MAX_SITES = 40
#: Tasks of plans that a message names; the rest is a number.
MAX_TASKS = 30
#: Characters of one official text; what is left out is said.
MAX_QUOTED = 6000
MAX_SUBJECT = 160
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_BREAKS = re.compile(r"\s+")

_LEVELS = {
    "zh-Hans": {
        Level.NONE: "",
        Level.MINOR: "一般",
        Level.MODERATE: "较重",
        Level.SEVERE: "严重",
        Level.EXTREME: "特别严重",
    },
    "en": {
        Level.NONE: "",
        Level.MINOR: "minor",
        Level.MODERATE: "moderate",
        Level.SEVERE: "severe",
        Level.EXTREME: "extreme",
    },
}
_COLORS = {
    "zh-Hans": {
        Color.GREEN: "绿色", Color.WHITE: "白色", Color.BLUE: "蓝色", Color.YELLOW: "黄色", Color.AMBER: "黄色",
        Color.ORANGE: "橙色", Color.RED: "红色", Color.BLACK: "黑色",
    },
    "en": {color: color.value for color in Color},
}  # fmt: skip
#: Before it where an answer is needed: the same person may have been told of the same without one.
_ASKS = {"zh-Hans": "请应答", "en": "Answer needed"}
#: What the subject begins with: with an official warning, and of our own gauges alone, which never warn.
_HEADS = {
    "zh-Hans": {
        Change.ADVICE: "防灾提示", Change.RAISED: "官方预警", Change.UPGRADED: "预警升级",
        Change.DOWNGRADED: "预警降级", Change.CLEARED: "预警解除", Change.CONFIRMED: "现场达到阈值",
    },
    "en": {
        Change.ADVICE: "Outlook", Change.RAISED: "Official warning", Change.UPGRADED: "Warning upgraded",
        Change.DOWNGRADED: "Warning downgraded", Change.CLEARED: "All clear",
        Change.CONFIRMED: "Threshold reached on site",
    },
}  # fmt: skip
_OWN_HEADS = {
    "zh-Hans": {
        Change.ADVICE: "防灾提示", Change.RAISED: "现场达到阈值", Change.UPGRADED: "现场情况加重",
        Change.DOWNGRADED: "现场情况缓和", Change.CLEARED: "现场已回落", Change.CONFIRMED: "现场达到阈值",
    },
    "en": {
        Change.ADVICE: "Outlook", Change.RAISED: "Threshold reached on site", Change.UPGRADED: "Worse on site",
        Change.DOWNGRADED: "Better on site", Change.CLEARED: "Back below the threshold on site",
        Change.CONFIRMED: "Threshold reached on site",
    },
}  # fmt: skip


class Text(NamedTuple):
    """A message as it goes out: `subject` is one line, `body` plain text."""

    subject: str
    body: str


def render(message: Message, language: str, facts: Facts) -> Text:
    """The words of one message in zh-Hans or en. Pure: a resend made from the same is identical."""
    said = _language(language)
    zone = _zone(facts)
    template = _environment().get_template(f"message.{said}.txt")
    body = template.render(
        _shared(message, said, facts)
        | {
            "sites": [_tell_site(place, said) for place in facts.sites[:MAX_SITES]],
            "more": max(len(facts.sites) - MAX_SITES, 0),
            "officials": [_tell_official(one, message.hazard, said, zone) for one in facts.warnings],
            "measured": [_tell_measured(place, said) for place in facts.sites[:MAX_SITES] if _is_measured(place)],
            "tasks": _tell_tasks(facts.sites, said),
            "more_tasks": max(sum(len(place.tasks) for place in facts.sites) - MAX_TASKS, 0),
            "advice": _advice(message, facts.recipient.role, said),
            "link": facts.link,
            "answer_by": None if message.answer_by is None else wall_time(message.answer_by, zone),
            "reference": message.id,
        }
    )
    return Text(subject_of(message, said, facts), _tidy(body))


def subject_of(message: Message, language: str, facts: Facts) -> str:
    """One line without control characters, whatever a site is called."""
    said = _language(language)
    shared = _shared(message, said, facts)
    asks = "" if message.answer_by is None else _ASKS[said]
    parts = [asks, shared["head"], shared["what"], _places(facts.sites, said)]
    joined = " · ".join(str(part) for part in parts if part)
    return one_line(f"{shared['mark']}{joined}", MAX_SUBJECT)


def one_line(text: str, limit: int) -> str:
    """The text without line breaks or control characters, at most `limit` characters: fit for a header."""
    flat = _BREAKS.sub(" ", _CONTROL.sub(" ", text)).strip()
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def quote(text: str) -> str:
    """An issuer's text word for word, each line marked as theirs; only what no text holds is taken out."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
    return "\n".join(f"> {line}".rstrip() for line in plain[:MAX_QUOTED].split("\n")) if plain else ""


def choose_info(alert: Alert, language: str, hazard: str = "") -> Info | None:
    """The info of an alert that a reader of `language` (zh-Hans or en) is shown; None when it has none.

    The reader's own tongue before another, mainland Chinese before other Chinese; then the one about `hazard`, then
    the gravest, then the first.
    """
    if not alert.infos:
        return None
    return min(
        alert.infos, key=lambda info: (_strangeness(info.language, language), info.hazard != hazard, -info.level)
    )


def _strangeness(tag: str, wanted: str) -> int:
    """How far a language tag (BCP 47) is from what is wanted: 0 nearest."""
    found = tag.strip().lower()
    order = enumerate(_NEARNESS[wanted])
    return next((rank for rank, start in order if found == start or found.startswith(f"{start}-")), 99)


_NEARNESS = {"zh-Hans": ("zh-cn", "zh-hans", "zh-sg", "zh", "cmn", "en"), "en": ("en", "zh-cn", "zh")}


def level_words(level: Level, color: Color | None, language: str) -> str:
    """How grave: the official colour where the issuer gave one, else the grade."""
    return _LEVELS[language][level] if color is None else _COLORS[language][color]


def hazard_words(hazard: str, language: str) -> str:
    """The name of a hazard."""
    known = HAZARDS.get(hazard, HAZARDS[OTHER])
    return known.name_zh if language == "zh-Hans" else known.name_en


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    """Plain text is not escaped: nothing in it is markup. Templates are our own files only."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shared(message: Message, language: str, facts: Facts) -> dict[str, object]:
    heads = _HEADS if facts.warnings else _OWN_HEADS
    return {
        "head": heads[language][message.change],
        "what": _what(message, language, facts),
        "mark": "【SIMULATED / 模拟】" if message.simulated else "",
        "change": message.change.value,
        "own": not facts.warnings,
        "role": facts.recipient.role,
    }


def _what(message: Message, language: str, facts: Facts) -> str:
    """The hazard and how grave; the colour of a signal only where the level is an official one's."""
    name = hazard_words(message.hazard, language)
    colors = [info.color for one in facts.warnings for info in one.alert.infos if info.level is message.level]
    color = next((color for color in colors if color is not None), None)
    grade = level_words(message.level, color, language)
    if not grade:
        return name
    return f"{name}（{grade}）" if language == "zh-Hans" else f"{name} ({grade})"


def _places(sites: tuple[SiteFact, ...], language: str) -> str:
    if not sites:
        return ""
    first = one_line(_name(sites[0], language), 60)
    if len(sites) == 1:
        return first
    return f"{first}等 {len(sites)} 处" if language == "zh-Hans" else f"{first} and {len(sites) - 1} more"


def _tell_site(place: SiteFact, language: str) -> dict[str, object]:
    return {
        "name": one_line(_name(place, language), 120),
        "code": place.code,
        "level": _LEVELS[language][place.level],
        "why": [one_line(text, 200) for _rule, _weight, text in place.reasons if text.strip()],
    }


def _name(place: SiteFact, language: str) -> str:
    return place.name_zh if language == "zh-Hans" else place.name


def _is_measured(place: SiteFact) -> bool:
    """Whether our own gauge set this change off: its cause is device/rule, a warning's is an id."""
    return place.change in _RISES and "/" in place.cause


def _tell_measured(place: SiteFact, language: str) -> dict[str, object]:
    return {
        "site": one_line(_name(place, language), 120),
        "what": one_line(_measured_words(place, language), 200),
        "at": wall_time(place.at if place.measured is None else place.measured.at, place.zone),
    }


def _measured_words(place: SiteFact, language: str) -> str:
    """What was measured; where that is not kept any more, by which device."""
    if place.measured is not None:
        return measurement_words(place.measured, language)
    device = place.cause.partition("/")[0]
    return f"测点 {device}" if language == "zh-Hans" else f"gauge {device}"


def _tell_official(one: Official, hazard: str, language: str, zone: str) -> dict[str, object]:
    alert, info = one.alert, choose_info(one.alert, language, hazard)
    texts = [] if info is None else [info.headline or info.event, info.description, info.instruction]
    name = info.sender_name if info is not None and info.sender_name else alert.issuer or alert.sender
    quoted = [quote(text) for text in texts if text.strip()]
    since = one.unconfirmed_since
    return {
        "issuer": one_line(name, 200),
        "sent": wall_time(alert.sent, zone),
        "text": "\n>\n".join(quoted) or quote(alert.note),
        "cut": any(len(text) > MAX_QUOTED for text in texts),
        "unconfirmed_since": None if since is None else wall_time(since, zone),
    }


def _tell_tasks(sites: tuple[SiteFact, ...], language: str) -> list[dict[str, object]]:
    """The tasks of all sites, the most pressing site first; with one site its name goes without saying."""
    several = len(sites) > 1
    told = [(place, task) for place in sites for task in place.tasks][:MAX_TASKS]
    return [
        {
            "site": one_line(_name(place, language), 120) if several else "",
            "text": one_line(
                (task.text_zh or task.text) if language == "zh-Hans" else (task.text or task.text_zh), 300
            ),
            "owner": one_line(_OWNERS[language].get(task.owner, task.owner), 80),
            "by": wall_time(task.due_at, place.zone),
            "unsafe": task.unsafe,
        }
        for place, task in told
    ]


def _advice(message: Message, role: str, language: str) -> tuple[str, ...]:
    if message.change is Change.CLEARED:
        return advise_after(role, language)
    return advise(message.hazard, message.level, role, language)


def _zone(facts: Facts) -> str:
    """The zone of the sites when they share one, else the recipient's."""
    zones = {place.zone for place in facts.sites}
    return zones.pop() if len(zones) == 1 else facts.recipient.zone


def _language(tag: str) -> str:
    return "zh-Hans" if tag.lower().startswith("zh") else "en"


def _tidy(body: str) -> str:
    """No more than one empty line in a row, one line break at the end."""
    return re.sub(r"\n{3,}", "\n\n", body).strip("\n") + "\n"
