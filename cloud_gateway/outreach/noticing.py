"""What a device on site shows of the dangers there: made of open hazard events and their official warnings; pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cloud_gateway.outreach.facts import Official
from cloud_gateway.outreach.texts import choose_info, one_line
from cloud_gateway.warnings.hazards import HAZARDS, OTHER
from cloud_gateway.warnings.model import Level
from edge_agent.wire.messages import NoticeEntry

MAX_ENTRIES = 16
MAX_NAME = 200
MAX_HEADLINE = 500
MAX_TEXT = 1500


class Danger(msgspec.Struct, frozen=True):
    """An open hazard event at the site of a device. `gauge` is our own alarm behind it, "" for none."""

    event: str
    hazard: str
    holds: Level
    level: Level
    opened_at: int
    gauge: str
    simulated: bool
    official: Official | None = None


def make_entries(dangers: Iterable[Danger]) -> list[NoticeEntry]:
    """What the device shows: what holds before what is to come, the gravest first, a bounded number."""
    ranked = sorted(dangers, key=lambda one: (-one.holds, -one.level, one.opened_at, one.event))
    return [make_entry(one) for one in ranked[:MAX_ENTRIES] if one.level > Level.NONE]


def make_entry(danger: Danger) -> NoticeEntry:
    """One danger; the issuer's words stand in it unchanged, in Chinese where there are Chinese ones."""
    hazard = HAZARDS.get(danger.hazard, HAZARDS[OTHER])
    entry = NoticeEntry(
        event=danger.event,
        hazard=danger.hazard,
        name=hazard.name_en,
        name_zh=hazard.name_zh,
        level=int(danger.holds or danger.level),
        since=danger.opened_at,
        holds=danger.holds > Level.NONE,
        simulated=danger.simulated,
    )
    return entry if danger.official is None else _relay(entry, danger.official)


def _relay(entry: NoticeEntry, official: Official) -> NoticeEntry:
    alert = official.alert
    info = choose_info(alert, "zh-Hans", entry.hazard)
    if info is None:
        issuer = one_line(alert.issuer or alert.sender, MAX_NAME)
        return msgspec.structs.replace(entry, official=True, issuer=issuer, sent=alert.sent)
    text = "\n".join(part for part in (info.description, info.instruction) if part.strip())
    headline = info.headline or info.event
    return msgspec.structs.replace(
        entry,
        official=True,
        color="" if info.color is None else info.color.value,
        issuer=one_line(info.sender_name or alert.issuer or alert.sender, MAX_NAME),
        sent=alert.sent,
        unconfirmed_since=official.unconfirmed_since,
        language=one_line(info.language, 35),
        headline=headline[:MAX_HEADLINE],
        text=text[:MAX_TEXT],
        cut=len(text) > MAX_TEXT or len(headline) > MAX_HEADLINE,
    )


def write_entries(entries: Iterable[NoticeEntry]) -> str:
    """As JSON, the same entries as the same text."""
    return msgspec.json.encode(list(entries), order="deterministic").decode()


def read_entries(text: str) -> list[NoticeEntry]:
    """From JSON. Raises msgspec.DecodeError."""
    return msgspec.json.decode(text, type=list[NoticeEntry])
