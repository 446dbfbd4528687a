"""Indexes of warnings: Atom (RFC 4287), RSS 2.0 and RSS 1.0, whose entries link to CAP alerts or hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import msgspec

from cloud_gateway.warnings.cap import find_caps, parse_cap
from cloud_gateway.warnings.model import Alert, Finding, Refused
from cloud_gateway.warnings.moments import parse_rfc822_moment
from cloud_gateway.warnings.xml import Element, name_of, namespace_of, read_xml, text_of, write_xml

MAX_ENTRIES = 10_000
#: What the alerts in one document may come to; with 8 MB of XML both are far above any real feed.
MAX_ALERTS = 2000
MAX_INFOS = 5000
MAX_POINTS = 300_000
_MOST_CHILDREN = 500  # of one entry
_MOST_LINKS = 50
CAP_TYPE = "application/cap+xml"
_LONGEST_URL = 2000
_LONGEST_RELATIVE = 300
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_ALERT = re.compile(r"<(?:\w{1,20}:)?alert[\s/>]")
_TIMES = ("updated", "published", "pubDate", "date")


class FeedEntry(msgspec.Struct, frozen=True):
    """One entry. `alerts` are those it holds itself; else `link` says where its alert is, "" where nothing does.

    `updated` is ms UTC. `elements` are the texts of its cap:* and gdacs:* children, by name: an index gives some of the
    alert's fields, which are a help to choose by and no alert. `refused` says why an entry, or an alert in it, is none.
    `raws` and `refused_raws` are the XML of each of them, in the same order.
    """

    id: str
    title: str = ""
    updated: int | None = None
    link: str = ""
    elements: tuple[tuple[str, str], ...] = ()
    alerts: tuple[Alert, ...] = ()
    refused: tuple[Refused, ...] = ()
    findings: tuple[Finding, ...] = ()
    raws: tuple[bytes, ...] = ()
    refused_raws: tuple[bytes, ...] = ()


class _Held(NamedTuple):
    """The alerts inside an entry, and what there is none."""

    alerts: tuple[Alert, ...] = ()
    refused: tuple[Refused, ...] = ()
    raws: tuple[bytes, ...] = ()
    refused_raws: tuple[bytes, ...] = ()


class _Load:
    """How much the alerts read so far come to."""

    def __init__(self) -> None:
        self._alerts = self._infos = self._points = 0

    def add(self, alert: Alert | None) -> None:
        """Count one alert, or one that was refused."""
        infos = () if alert is None else alert.infos
        self._alerts += 1
        self._infos += len(infos)
        self._points += sum(len(ring) for info in infos for area in info.areas for ring in area.polygons)

    @property
    def is_full(self) -> bool:
        """Whether no more is read."""
        return self._alerts >= MAX_ALERTS or self._infos >= MAX_INFOS or self._points >= MAX_POINTS


def is_feed(root: Element) -> bool:
    """Whether the document is Atom or RSS."""
    return name_of(root) in ("feed", "rss", "RDF")


def parse_feed(root: Element, base: str = "") -> tuple[FeedEntry, ...]:
    """The entries in their order; `base` is the address that the feed came from, for links relative to it.

    A bad entry is one with `refused`; the others are read all the same. Raises Refused: `not_a_feed`.
    """
    if not is_feed(root):
        raise Refused("not_a_feed", name_of(root)[:80], "This is neither Atom nor RSS", "Send a feed, or CAP itself.")
    elements = list(_entries(root, base))
    entries: list[FeedEntry] = []
    load = _Load()
    for place, (element, inner) in enumerate(elements):
        if place >= MAX_ENTRIES or load.is_full:
            return *entries, _left_out(len(elements) - place)
        entries.append(_entry(element, inner, load))
    return tuple(entries)


def _left_out(count: int) -> FeedEntry:
    text = f"The last {count} entries are left out: more than {MAX_ENTRIES}, or too much in those before"
    return FeedEntry("", refused=(Refused("too_many_entries", "feed", text, "Publish fewer at a time."),))


def _entries(root: Element, base: str) -> Iterator[tuple[Element, str]]:
    """Atom's entries stand in the feed, RSS 2.0's items in its channel, RSS 1.0's beside it; with the base of links."""
    base = _base(root, base)
    for child in root:
        if name_of(child) in ("entry", "item"):
            yield child, base
        elif name_of(child) == "channel":
            inner = _base(child, base)
            yield from ((item, inner) for item in child if name_of(item) == "item")


def _base(element: Element, base: str) -> str:
    """What links inside an element are relative to (XML Base)."""
    try:
        return urljoin(base, (element.get(_XML_BASE) or "")[:_LONGEST_RELATIVE])
    except ValueError:  # a bracket that is no IPv6 address
        return base


def _entry(element: Element, base: str, load: _Load) -> FeedEntry:
    updated, doubt = _updated(element)
    held = _embedded(element, load)
    link, finding = ("", None) if held.alerts or held.refused else _link(element, base)
    name = _text(element, "id") or _text(element, "guid") or link or next((a.identifier for a in held.alerts), "")
    if not link and not held.alerts and not held.refused:
        reason = Refused("no_link", name[:200], "The entry neither holds an alert nor links to one", "Add a link.")
        held = held._replace(refused=(reason,), refused_raws=(write_xml(element),))
    return FeedEntry(
        id=name,
        title=_text(element, "title"),
        updated=updated,
        link=link,
        elements=tuple(_extensions(element)),
        findings=tuple(found for found in (doubt, finding) if found is not None),
        **held._asdict(),
    )


def _children(element: Element) -> Iterator[Element]:
    return islice(element, _MOST_CHILDREN)


def _text(element: Element, name: str) -> str:
    """The text of the feed's own child of that name."""
    own = namespace_of(element)
    return next(
        (text_of(child) for child in _children(element) if name_of(child) == name and namespace_of(child) == own),
        "",
    )


def _updated(element: Element) -> tuple[int | None, Finding | None]:
    times = {name_of(child): text_of(child) for child in _children(element) if name_of(child) in _TIMES}
    return parse_rfc822_moment("updated", next((times[name] for name in _TIMES if times.get(name)), ""))


def _extensions(element: Element) -> Iterator[tuple[str, str]]:
    """cap:* and gdacs:* children; a pair of valueName and value by its own name."""
    for child in _children(element):
        if not any(word in namespace_of(child) for word in (":cap:", "/cap/", "gdacs")) or name_of(child) == "alert":
            continue
        parts = [text_of(part) for part in child]
        yield from zip(parts[::2], parts[1::2], strict=False) if parts else [(name_of(child), text_of(child))]


def _embedded(element: Element, load: _Load) -> _Held:
    held = _Held()
    try:
        for alert in (*find_caps(element), *_escaped(element)):
            if load.is_full:
                raise Refused("too_many_alerts", "entry", "More alerts than are read of one feed", "Publish fewer.")
            held = _with(held, alert, load)
    except Refused as exc:
        return held._replace(refused=(*held.refused, exc), refused_raws=(*held.refused_raws, write_xml(element)))
    return held


def _with(held: _Held, element: Element, load: _Load) -> _Held:
    raw, alert = write_xml(element), None
    try:
        alert = parse_cap(element)
        return held._replace(alerts=(*held.alerts, alert), raws=(*held.raws, raw))
    except Refused as exc:
        return held._replace(refused=(*held.refused, exc), refused_raws=(*held.refused_raws, raw))
    finally:
        load.add(alert)


def _escaped(element: Element) -> Iterator[Element]:
    """Alerts that stand in an entry as escaped text. Raises Refused."""
    for child in _children(element):
        if name_of(child) in ("content", "description", "encoded") and len(child) == 0:
            text = text_of(child)
            if text.startswith("<") and _ALERT.search(text, 0, 2000):
                yield from find_caps(read_xml(_without_declaration(text).encode()))


def _without_declaration(text: str) -> str:
    """The text is decoded already: what it says about its encoding no longer holds."""
    return text.partition("?>")[2] if text.startswith("<?xml") else text


def _link(element: Element, base: str) -> tuple[str, Finding | None]:
    """The best link, absolute, of http or https; a finding where there was one of another kind."""
    written = [(rank, place, text) for place, (rank, text) in enumerate(islice(_links(element), _MOST_LINKS)) if text]
    finding = None
    base = _base(element, base)
    for _, _, text in sorted(written):
        address = _absolute(base, text)
        if address:
            return address, finding
        finding = Finding("bad_link", "link", f"{text[:200]!r} is no address of a web page", "doubtful")
    return "", finding


def _links(element: Element) -> Iterator[tuple[int, str]]:
    """Every address in an entry with its rank: 0 says that it is CAP, 3 is a last resort."""
    for child in _children(element):
        name, address = name_of(child), child.get("href") or child.get("url") or child.get("src") or ""
        if name == "cap" and "gdacs" in namespace_of(child):
            yield 0, text_of(child)
        elif name == "link" or (name in ("content", "enclosure") and address):
            yield _rank(name, child.get("type") or "", child.get("rel") or "alternate"), address or text_of(child)
        elif name == "guid" and child.get("isPermaLink", "true") == "true":
            yield 3, text_of(child)


def _rank(name: str, kind: str, relation: str) -> int:
    if CAP_TYPE in kind:
        return 0
    if name == "enclosure" or relation not in ("alternate", "related", "via"):
        return 1 if "xml" in kind else 3
    return 2 if "html" in kind else 1


def _absolute(base: str, text: str) -> str:
    """The address that a link means, "" where it is none that can be fetched."""
    text = text.strip()
    try:
        absolute = text.startswith(("http://", "https://"))
        address = text if absolute else urljoin(base, text[:_LONGEST_RELATIVE])
        parts = urlsplit(address[: _LONGEST_URL + 1])
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and len(address) <= _LONGEST_URL
    except ValueError:  # a bracket that is no IPv6 address
        return ""
    return address if sound and address.isprintable() and " " not in address else ""
