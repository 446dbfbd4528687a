"""The words of messages, made once when a message is planned."""

from __future__ import annotations

from cloud_gateway.outreach.facts import Facts, SiteFact
from cloud_gateway.outreach.model import Message
from edge_agent.web.times import wall_time


def render(message: Message, language: str, facts: Facts) -> tuple[str, str]:
    """Subject and body in `language` (zh-Hans or en), plain text; the same facts give the same words."""
    mark = "SIMULATED / 模拟 " if message.simulated else ""
    subject = f"{mark}{message.hazard}: {message.change.value}, {len(facts.sites)}"
    lines = [_site_line(site, language) for site in facts.sites]
    lines += [_headline(official.alert.infos[0].headline) for official in facts.warnings if official.alert.infos]
    return subject, "\n".join([subject, "", *lines, *([facts.link] if facts.link else [])]) + "\n"


def _site_line(site: SiteFact, language: str) -> str:
    name = site.name_zh if language.startswith("zh") else site.name
    return f"{name} ({site.code}): {site.level.name.lower()}, {wall_time(site.at, site.zone)}"


def _headline(text: str) -> str:
    return " ".join(text.split())
