"""One file or answer of any known source, read: its messages, what of it was refused, and links to further ones.

Recognised by content, so that a source whose publisher changes the form is still read. One bad entry never stops the
rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from cloud_gateway.warnings.atcf import is_atcf, read_atcf
from cloud_gateway.warnings.cap import find_caps, parse_cap
from cloud_gateway.warnings.entries import MAX_BYTES, MAX_ENTRIES, read_json
from cloud_gateway.warnings.feeds import FeedEntry, is_feed, parse_feed
from cloud_gateway.warnings.model import Alert, Refused
from cloud_gateway.warnings.shapes import KINDS, recognise
from cloud_gateway.warnings.tracks import Track
from cloud_gateway.warnings.xml import Element, read_xml, write_xml

Entry = TypeVar("Entry")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class Reading(NamedTuple):
    """`raws` are the bytes of each alert, `refused_raws` those of each refusal, in the same order.

    `tracks` are the storms of a deck of positions and winds, which is no warning.
    """

    alerts: tuple[Alert, ...] = ()
    refused: tuple[Refused, ...] = ()
    entries: tuple[FeedEntry, ...] = ()
    raws: tuple[bytes, ...] = ()
    refused_raws: tuple[bytes, ...] = ()
    tracks: tuple[Track, ...] = ()


def read_alerts(raw: bytes, kind: str | None = None, base: str = "") -> Reading:
    """Everything in `raw`; never raises: a file refused as a whole is one refusal.

    `kind` (a source's) settles which JSON shape is looked for; XML is always read by what it is. `base` is the address
    that it came from, for links relative to it.
    """
    shape = kind if kind in KINDS else None
    try:
        if is_atcf(raw):
            return Reading(tracks=tuple(read_atcf(_bounded(raw).decode("ascii", "replace").splitlines())))
        return _read_xml(raw, base) if _is_xml(raw) else _read_json(raw, shape)
    except Refused as exc:
        return Reading(refused=(exc,), refused_raws=(raw,))


def _bounded(raw: bytes) -> bytes:
    if len(raw) > MAX_BYTES:
        raise Refused("too_large", "$", f"{len(raw)} bytes; {MAX_BYTES} are taken", "Split the file")
    return raw


def _is_xml(raw: bytes) -> bool:
    head = raw[:256]
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip()[:1] == b"<"


def _read_xml(raw: bytes, base: str) -> Reading:
    root = read_xml(raw)
    if is_feed(root):
        return _read_feed(root, base)
    caps = find_caps(root)
    if not caps:
        text = "XML that is neither CAP nor an index of it"
        raise Refused("not_a_warning", "$", text, "Send CAP, or an Atom or RSS index of CAP")
    return _gather([(raw if cap is root else write_xml(cap), cap) for cap in caps], parse_cap)


def _read_feed(root: Element, base: str) -> Reading:
    entries = parse_feed(root, base)
    return Reading(
        alerts=tuple(alert for entry in entries for alert in entry.alerts),
        refused=tuple(refusal for entry in entries for refusal in entry.refused),
        entries=tuple(entry for entry in entries if entry.link),
        raws=tuple(raw for entry in entries for raw in entry.raws),
        refused_raws=tuple(raw for entry in entries for raw in entry.refused_raws),
    )


def _read_json(raw: bytes, kind: str | None) -> Reading:
    shape, entries = recognise(read_json(raw), kind)
    read = _gather([(bytes(entry), bytes(entry)) for entry in entries[:MAX_ENTRIES]], shape.parse)
    if len(entries) <= MAX_ENTRIES:
        return read
    beyond = Refused("too_many_entries", "$", f"{len(entries)} entries; {MAX_ENTRIES} were read", "Split the file")
    return read._replace(refused=(*read.refused, beyond), refused_raws=(*read.refused_raws, raw))


def _gather(entries: Iterable[tuple[bytes, Entry]], parse: Callable[[Entry], Alert]) -> Reading:
    """Parse each entry, given with its bytes, by itself."""
    taken: list[tuple[Alert, bytes]] = []
    refused: list[tuple[Refused, bytes]] = []
    for raw, entry in entries:
        try:
            taken.append((parse(entry), raw))
        except Refused as exc:
            refused.append((exc, raw))
    return Reading(
        alerts=tuple(alert for alert, _ in taken),
        refused=tuple(reason for reason, _ in refused),
        raws=tuple(raw for _, raw in taken),
        refused_raws=tuple(raw for _, raw in refused),
    )
