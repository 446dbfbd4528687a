"""Composes the warning board: what is gravest first, the open events, the sources, and the map. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cloud_gateway.board.blocks import Signal, of_warning
from cloud_gateway.board.cards import Card, Desk, issuer_of, simulated_any, unconfirmed
from cloud_gateway.board.labels import STATES
from cloud_gateway.board.model import SourceState, Warned
from cloud_gateway.board.outlines import Ring, rings_of
from cloud_gateway.devices.condition import Tone
from cloud_gateway.outreach.texts import choose_info
from cloud_gateway.sites.store import Site
from cloud_gateway.warnings.freshness import Health, judge
from cloud_gateway.warnings.model import Level
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store_views import OPEN
from edge_agent.web.words import _, _n

HEALTHS = {
    Health.FRESH: (Tone.OK, _("fresh")),
    Health.WAITING: (Tone.OFF, _("not heard yet")),
    Health.FAILING: (Tone.LATE, _("failing")),
    Health.SILENT: (Tone.BAD, _("silent")),
}


@dataclass(frozen=True)
class WarningRow:
    """An official warning that stands; one that is `endless` a duty engineer may end."""

    id: str
    signal: Signal
    state: str
    issuer: str
    sent: int
    headline: str
    language: str
    ends: int | None
    unconfirmed_since: int | None
    exposed: int
    endless: bool
    simulated: bool


@dataclass(frozen=True)
class SourceRow:
    """A source of warnings."""

    name: str
    tone: Tone
    word: str
    kind: str
    answered_at: int | None
    answered_ago: int
    error: str
    simulated: bool


@dataclass(frozen=True)
class Headline:
    """The answer that the board opens with; `card` is the gravest open event."""

    tone: str
    title: str
    detail: str
    card: Card | None = None


@dataclass(frozen=True)
class MapArea:
    """What an issuer drew."""

    rings: list[Ring]
    tone: str
    hazard: str
    word: str


@dataclass(frozen=True)
class MapSite:
    """A site on the map; `tone` of its open events."""

    name: str
    latitude: float
    longitude: float
    tone: Tone
    line: str


@dataclass(frozen=True)
class Board:
    """Everything that the warning board shows."""

    headline: Headline
    open: tuple[Card, ...]
    more: int
    closed: tuple[Card, ...]
    warnings: tuple[WarningRow, ...]
    sources: tuple[SourceRow, ...]
    areas: tuple[MapArea, ...]
    sites: tuple[MapSite, ...]
    failing_channels: tuple[str, ...]
    simulated: bool
    now: int

    def map_model(self) -> dict[str, object]:
        """What the map's script needs, as plain JSON."""
        return {"areas": [asdict(a) for a in self.areas], "sites": [asdict(s) for s in self.sites]}


def compose_board(
    desk: Desk,
    standing: Sequence[Warned],
    sites: Sequence[Site],
    sources: Sequence[SourceRow],
    failing: Sequence[str],
    open_count: int,
) -> Board:
    """The board. The desk's events are the open ones that are shown, and the last closed ones."""
    opened = tuple(desk.card(event) for event in desk.case.events if event.closed_at is None)
    closed = tuple(desk.card(event) for event in desk.case.events if event.closed_at is not None)
    rows = tuple(row_of(desk, one) for one in standing)
    return Board(
        headline=_headline(desk, opened, closed, sources, open_count),
        open=opened,
        more=max(open_count - len(opened), 0),
        closed=closed,
        warnings=rows,
        sources=tuple(sources),
        areas=tuple(area for one in standing if (area := _area(desk, one)) is not None),
        sites=tuple(_site(desk, site, opened) for site in sites),
        failing_channels=tuple(failing),
        simulated=simulated_any((*opened, *closed)) or any(row.simulated for row in rows),
        now=desk.now,
    )


def judge_sources(desk: Desk, sources: Sequence[Source], states: Sequence[SourceState]) -> list[SourceRow]:
    """How each configured source does; those that are amiss first."""
    known = {state.name: state for state in states}
    rows = [_source(desk, source, known.get(source.name)) for source in sources]
    order = (Tone.BAD, Tone.LATE, Tone.OFF, Tone.OK)
    return sorted(rows, key=lambda row: (order.index(row.tone), row.name))


def _source(desk: Desk, source: Source, state: SourceState | None) -> SourceRow:
    answered = state.answered_at if state else None
    silent = bool(state and state.silent_since is not None)
    tone, word = HEALTHS[judge(answered, state.failures if state else 0, silent=silent)]
    ago = 0 if answered is None else desk.now - answered
    error = state.error if state else ""
    return SourceRow(source.name, tone, desk.labels.text(word), source.kind, answered, ago, error, source.simulated)


def row_of(desk: Desk, warned: Warned) -> WarningRow:
    """A warning in a list."""
    info = choose_info(warned.head.alert, desk.labels.language, warned.hazard)
    touched = {one.site for one in desk.case.touched if one.warning == warned.id and one.until is None}
    return WarningRow(
        id=warned.id,
        signal=of_warning(desk.labels, warned, desk.words.get(warned.id, ())),
        state=desk.labels.text(STATES[warned.state]),
        issuer=issuer_of(warned.head.alert, desk.labels.language),
        sent=warned.head.alert.sent,
        headline=(info.headline or info.event) if info else "",
        language=info.language if info else "",
        ends=warned.ends,
        unconfirmed_since=unconfirmed(warned, desk.now),
        exposed=len(touched),
        endless=warned.state in OPEN and warned.course.ends is None,
        simulated=warned.simulated,
    )


def _area(desk: Desk, warned: Warned) -> MapArea | None:
    words = [word for word in desk.words.get(warned.id, ()) if word.alert.key in warned.course.standing]
    rings = [ring for alert in [word.alert for word in words] or [warned.head.alert] for ring in rings_of(alert)]
    signal = of_warning(desk.labels, warned, words)
    return MapArea(rings, signal.tone, signal.hazard, signal.word) if rings else None


def _site(desk: Desk, site: Site, opened: Sequence[Card]) -> MapSite:
    here = [card for card in opened if card.code == site.code]
    level = max((card.level for card in here), default=Level.NONE)
    tone = Tone.BAD if level >= Level.SEVERE else Tone.LATE if here else Tone.OK
    line = desk.labels.text(_(", ")).join(f"{card.signal.hazard} {card.signal.word}" for card in here[:2])
    return MapSite(desk.labels.site(site), site.latitude, site.longitude, tone, line)


def _headline(
    desk: Desk, opened: Sequence[Card], closed: Sequence[Card], sources: Sequence[SourceRow], count: int
) -> Headline:
    labels = desk.labels
    if opened:
        worst = opened[0]
        title = labels.text(
            _("%(hazard)s, %(word)s: %(site)s"), hazard=worst.signal.hazard, word=worst.signal.word, site=worst.site
        )
        return Headline(worst.signal.tone, title, _detail(desk, opened, count), worst)
    silent = [row.name for row in sources if row.tone is Tone.BAD]
    if silent:
        title = labels.text(_("Nothing is heard from %(sources)s"), sources=labels.text(_(", ")).join(silent))
        return Headline("bad", title, labels.text(_("No event is open, but a warning may be missed.")))
    if not sources and not closed:
        detail = labels.text(_("Name one in the settings under `sources`; warnings then come by themselves."))
        return Headline("off", labels.text(_("No source of official warnings is set up yet.")), detail)
    return Headline("ok", labels.text(_("No hazard event is open.")), _last(desk, closed))


def _last(desk: Desk, closed: Sequence[Card]) -> str:
    ended = max((card.closed_at for card in closed if card.closed_at is not None), default=None)
    if ended is None:
        return desk.labels.text(_("None has been opened yet."))
    return desk.labels.text(_("The last one ended %(age)s ago."), age=desk.labels.age(desk.now - ended))


def _detail(desk: Desk, opened: Sequence[Card], count: int) -> str:
    labels = desk.labels
    sites = len({card.code for card in opened})
    people = desk.people(event for event in desk.case.events if event.closed_at is None)
    parts = [
        labels.count(_n("%(count)s open event", "%(count)s open events"), count),
        labels.count(_n("%(count)s site exposed", "%(count)s sites exposed"), sites),
        labels.text(_("%(count)s answered"), count=people.answered),
    ]
    if people.unanswered and people.waiting_since is not None:
        age = labels.age(desk.now - people.waiting_since)
        parts.append(labels.text(_("%(count)s without an answer for %(age)s"), count=people.unanswered, age=age))
    return " · ".join(parts)
