"""Composes the form of a site: its texts, what is wrong with which field, and what somebody else changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.site_words import Difference, say_changes
from cloud_gateway.sites.changes import Facts, compare_facts, digest_of
from cloud_gateway.sites.corners import Doubt
from cloud_gateway.sites.datum import Datum
from cloud_gateway.sites.forms import BOXES, EMPTY, write_form
from cloud_gateway.sites.store import Site
from edge_agent.web.words import _

#: What the form's script says.
SCRIPT_WORDS = {
    "wide": _("The map is %(km)s km wide"),
    "corners": _("%(count)s corners"),
    "unread": _("The map cannot read the outline; the message says why when you save."),
    "datum": _("The map shows WGS-84. What you type in GCJ-02 is brought to WGS-84 when you save."),
}


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a field, and what would be right."""

    field: str
    text: str
    remedy: str


@dataclass(frozen=True)
class Conflict:
    """Somebody else changed the site meanwhile: what is there now against what the form says."""

    by: str
    at: int | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class SiteForm:
    """The form. `code` is "" for a new site; `seen` says which facts it began with.

    `others` are other sites for the map: name, longitude, latitude.
    """

    code: str
    name: str
    texts: Mapping[str, str]
    wrong: tuple[Wrong, ...]
    conflict: Conflict | None
    seen: str
    may_insure: bool
    datums: tuple[str, ...]
    words: Mapping[str, str]
    others: tuple[tuple[str, float, float], ...]
    simulated: bool
    zone: str

    def wrong_with(self, field: str) -> Wrong | None:
        """What is wrong with one field."""
        return next((one for one in self.wrong if one.field == field), None)

    def is_on(self, box: str) -> bool:
        """Whether a box is ticked."""
        return self.texts.get(box) == "yes"


def compose_form(
    labels: BoardLabels,
    known: Facts | None,
    may_insure: bool,
    sites: Iterable[Site] = (),
    sent: Mapping[str, str] | None = None,
    doubts: Iterable[Doubt] = (),
    conflict: Conflict | None = None,
) -> SiteForm:
    """The form of `known`, or of a new site; `sites` are shown on the map, `sent` are the texts that came back."""
    began = EMPTY if known is None else write_form(known)
    texts = began if sent is None else began | dict.fromkeys(BOXES, "") | dict(sent)
    if not may_insure and known is not None:
        texts = texts | {name: began[name] for name in BOXES}
    return SiteForm(
        code="" if known is None else known.site.code,
        name="" if known is None else (_name(labels, known)),
        texts=texts,
        wrong=tuple(
            Wrong(one.field, labels.text(one.text, **dict(one.values)), labels.text(one.remedy)) for one in doubts
        ),
        conflict=conflict,
        seen=_seen(known, sent, conflict),
        may_insure=may_insure,
        datums=tuple(Datum),
        words={name: labels.text(message) for name, message in SCRIPT_WORDS.items()},
        others=tuple(
            (labels.site(one), one.longitude, one.latitude)
            for one in sites
            if known is None or one.code != known.site.code
        ),
        simulated=known is not None and known.site.simulated,
        zone="UTC" if known is None else known.site.zone,
    )


def compose_conflict(labels: BoardLabels, there: Facts, mine: Facts, by: str, at: int | None) -> Conflict:
    """What is stored now against what the form would store."""
    return Conflict(
        by or labels.text(_("an import")), at, say_changes(labels, compare_facts(there, mine), there.site.zone)
    )


def _seen(known: Facts | None, sent: Mapping[str, str] | None, conflict: Conflict | None) -> str:
    """Who saves again after being told of another's change has seen it; who only corrects a field has not."""
    if sent is not None and conflict is None:
        return sent.get("seen", "")
    return "" if known is None else digest_of(known)


def _name(labels: BoardLabels, facts: Facts) -> str:
    site = facts.site
    return (site.name_zh if labels.language == "zh-Hans" else site.name) or site.code
