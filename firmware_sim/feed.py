"""The feed of a story's modelled warnings: the CAP documents, their index, and the Chinese list, as bytes.

CAP 1.2 (OASIS, 2010) under an Atom index (RFC 4287), or JSON in the shape of China's national warning centre. Each
office, note and list says SIMULATED / 模拟.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec

from firmware_sim.bulletins import Bulletin, Issuer, Zone
from firmware_sim.forms import Story

CAP, ATOM = "urn:oasis:names:tc:emergency:cap:1.2", "http://www.w3.org/2005/Atom"
CAP_TYPE, ATOM_TYPE, JSON_TYPE = "application/cap+xml", "application/atom+xml", "application/json"
INDEX, SIGNALS = "/index.atom", "/signals.json"
NOTE = "SIMULATED / 模拟: modelled for a story of Weiran's simulator; no weather service has issued this."
CHINA = timezone(timedelta(hours=8))
_CHINESE_COLORS = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色", "": ""}


def index_path(story: Story) -> str:
    """Where the story's feed begins, as a path."""
    return SIGNALS if story.warnings_as == "12379" else INDEX


def published_until(story: Story, now: int) -> tuple[Bulletin, ...]:
    """What has been published by story time `now`, ms UTC; in order of time."""
    return tuple(sorted((b for b in story.warning if b.at_ms <= now), key=lambda b: b.at_ms))


def identifier_of(story: Story, bulletin: Bulletin) -> str:
    """The identifier that the bulletin is published under; in the Chinese shape the national centre's form of it."""
    if story.warnings_as == "12379":
        moment = datetime.fromtimestamp(bulletin.at_ms / 1000, CHINA)
        return f"{_issuer(story, bulletin).adcode}41600000_{moment:%Y%m%d%H%M%S}"
    return f"SIM-{story.name}-{bulletin.id}"


def write_documents(story: Story, now: int) -> Mapping[str, tuple[str, bytes]]:
    """Everything that the feed serves at story time `now`: path to media type and body."""
    shown = published_until(story, now)
    if story.warnings_as == "12379":
        return {SIGNALS: (JSON_TYPE, write_signals(story, shown))}
    caps = {_cap_path(bulletin): (CAP_TYPE, write_cap(story, bulletin)) for bulletin in shown}
    return {INDEX: (ATOM_TYPE, write_index(story, shown)), **caps}


def write_cap(story: Story, bulletin: Bulletin) -> bytes:
    """One message as CAP 1.2, with an info in each language."""
    alert = Element("alert", xmlns=CAP)
    _add(alert, "identifier", identifier_of(story, bulletin))
    _add(alert, "sender", _sender(bulletin))
    _add(alert, "sent", _cap_time(bulletin.at_ms))
    _add(alert, "status", bulletin.status.capitalize())
    _add(alert, "msgType", bulletin.type.capitalize())
    _add(alert, "scope", "Public")
    _add(alert, "note", NOTE)
    _add(alert, "references", " ".join(_reference(story, one) for one in _replaced(story, bulletin)))
    for chinese in (False, True):
        _add_info(alert, story, bulletin, chinese=chinese)
    return _document(alert)


def write_index(story: Story, shown: tuple[Bulletin, ...]) -> bytes:
    """The Atom index of what is published, the newest first."""
    feed = Element("feed", xmlns=ATOM)
    _add(feed, "id", f"urn:weiran:simulated:{story.name}")
    _add(feed, "title", f"SIMULATED / 模拟: {story.title} / {story.title_zh}")
    _add(feed, "updated", _atom_time(shown[-1].at_ms if shown else story.start_ms))
    for bulletin in reversed(shown):
        entry = SubElement(feed, "entry")
        _add(entry, "id", f"urn:weiran:simulated:{identifier_of(story, bulletin)}")
        _add(entry, "title", f"SIMULATED / 模拟: {bulletin.event} / {bulletin.event_zh}")
        _add(entry, "updated", _atom_time(bulletin.at_ms))
        SubElement(entry, "link", rel="alternate", type=CAP_TYPE, href=_cap_path(bulletin))
    return _document(feed)


def write_signals(story: Story, shown: tuple[Bulletin, ...]) -> bytes:
    """The list of Chinese signals that are published, in the national warning centre's shape."""
    return msgspec.json.encode({"simulated": NOTE, "alertData": [_signal(story, bulletin) for bulletin in shown]})


def _signal(story: Story, bulletin: Bulletin) -> Mapping[str, str]:
    issuer = _issuer(story, bulletin)
    office = f"{issuer.name_zh}（模拟）"
    verb = "解除" if bulletin.type == "cancel" else "变更发布" if bulletin.type == "update" else "发布"
    moment = datetime.fromtimestamp(bulletin.at_ms / 1000, CHINA)
    return {
        "identifier": identifier_of(story, bulletin),
        "sender": office,
        "sendTime": f"{moment:%Y-%m-%d %H:%M:%S}",
        "headline": f"{office}{verb}{bulletin.event_zh}{_CHINESE_COLORS[bulletin.color]}预警信号",
        "description": bulletin.text_zh,
        "eventType": bulletin.kind,
        "severity": bulletin.color.capitalize(),
        "msgType": bulletin.type.capitalize(),
        "references": ",".join(identifier_of(story, one) for one in _replaced(story, bulletin)),
    }


def _add_info(alert: Element, story: Story, bulletin: Bulletin, *, chinese: bool) -> None:
    issuer, info = _issuer(story, bulletin), SubElement(alert, "info")
    event = bulletin.event_zh if chinese else bulletin.event
    _add(info, "language", "zh-CN" if chinese else "en-US")
    _add(info, "category", "Met")
    _add(info, "event", event)
    for name in ("urgency", "severity", "certainty"):
        _add(info, name, getattr(bulletin, name))
    for name, at in (("onset", bulletin.onset_ms), ("expires", bulletin.expires_ms)):
        _add(info, name, "" if at is None else _cap_time(at))
    _add(info, "senderName", f"{issuer.name_zh}（模拟）" if chinese else f"{issuer.name} (SIMULATED)")
    _add(info, "headline", event)
    _add(info, "description", bulletin.text_zh if chinese else bulletin.text)
    _add(info, "instruction", bulletin.advice_zh if chinese else bulletin.advice)
    ends = {} if bulletin.ends_ms is None else {"eventEndingTime": _cap_time(bulletin.ends_ms)}
    for name, value in {**bulletin.parameters, **ends}.items():
        _add_pair(info, "parameter", name, value)
    for name in bulletin.zones:
        _add_area(info, next(zone for zone in story.zone if zone.id == name), chinese=chinese)


def _add_area(info: Element, zone: Zone, *, chinese: bool) -> None:
    area = SubElement(info, "area")
    _add(area, "areaDesc", (chinese and zone.name_zh) or zone.name)
    corners = (*zone.polygon, *zone.polygon[:1])
    _add(area, "polygon", " ".join(f"{latitude},{longitude}" for latitude, longitude in corners))
    if zone.circle is not None:
        latitude, longitude, radius = zone.circle
        _add(area, "circle", f"{latitude},{longitude} {radius:g}")
    for scheme, codes in zone.codes.items():
        for code in codes:
            _add_pair(area, "geocode", scheme, code)


def _add(parent: Element, name: str, text: str) -> None:
    """A child with a text; none without one."""
    if text:
        SubElement(parent, name).text = text


def _add_pair(parent: Element, name: str, key: str, value: str) -> None:
    pair = SubElement(parent, name)
    _add(pair, "valueName", key)
    _add(pair, "value", value)


def _document(root: Element) -> bytes:
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _issuer(story: Story, bulletin: Bulletin) -> Issuer:
    return next(issuer for issuer in story.issuer if issuer.id == bulletin.issuer)


def _replaced(story: Story, bulletin: Bulletin) -> list[Bulletin]:
    return [one for one in story.warning if one.id in bulletin.replaces]


def _reference(story: Story, bulletin: Bulletin) -> str:
    return f"{_sender(bulletin)},{identifier_of(story, bulletin)},{_cap_time(bulletin.at_ms)}"


def _sender(bulletin: Bulletin) -> str:
    return f"{bulletin.issuer}.simulated@example.org"


def _cap_path(bulletin: Bulletin) -> str:
    return f"/cap/{bulletin.id}.xml"


def _cap_time(at_ms: int) -> str:
    """CAP's form: no Z, UTC is -00:00."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def _atom_time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}Z"
