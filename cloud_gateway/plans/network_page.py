"""Composes the page of the flood network: what is near a site, what was asked for, and who lends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_gateway.board.duty import dial
from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.devices.condition import Tone
from cloud_gateway.plans.labels import KINDS, MOVES, REQUEST_STATES
from cloud_gateway.plans.network import NEXT, Kind, Offer, RequestState, rank_offers
from cloud_gateway.plans.store_lending import Lending, OpenEvent
from cloud_gateway.plans.store_network import Partner
from cloud_gateway.sites.store import Site
from edge_agent.web.pages import number
from edge_agent.web.words import _


@dataclass(frozen=True)
class OfferRow:
    """What a partner has of one kind, and how far away it is."""

    resource: str
    partner: str
    phone: str
    number: str
    kind: str
    count: int
    available: int
    detail: str
    distance: str


@dataclass(frozen=True)
class WordRow:
    """One line of a request's log."""

    at: int
    by: str
    word: str
    note: str


@dataclass(frozen=True)
class RequestRow:
    """A request; `moves` are the states to which it may go, with what their buttons say."""

    id: str
    event: str
    tone: Tone
    state: str
    kind: str
    count: int
    partner: str
    phone: str
    number: str
    site: str
    zone: str
    words: tuple[WordRow, ...]
    moves: tuple[tuple[str, str], ...]
    simulated: bool


@dataclass(frozen=True)
class PartnerRow:
    """A partner and what it lends; `stale` says that nobody has tried its contacts since the season began."""

    id: str
    name: str
    phone: str
    number: str
    mail: str
    lends: str
    checked_at: int | None
    stale: bool


@dataclass(frozen=True)
class Choice:
    """What somebody looks for: near the site of this code, so many of a kind."""

    site: str = ""
    kind: Kind | None = None
    least: int = 1


@dataclass(frozen=True)
class NetworkFacts:
    """What the page is made of."""

    sites: Sequence[Site]
    events: Sequence[OpenEvent]
    offers: Sequence[Offer]
    lendings: Sequence[Lending]
    partners: Sequence[Partner]


@dataclass(frozen=True)
class NetworkPage:
    """Everything that the page shows. `events` are those of the chosen site: without one nothing is asked for."""

    choice: Choice
    place: str
    places: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, str], ...]
    offers: tuple[OfferRow, ...]
    requests: tuple[RequestRow, ...]
    partners: tuple[PartnerRow, ...]
    simulated: bool
    now: int


def compose_network(labels: BoardLabels, facts: NetworkFacts, choice: Choice, since: int, now: int) -> NetworkPage:
    """The page; contacts that nobody tried since (ms UTC) come first among the partners."""
    place = next((site for site in facts.sites if site.code == choice.site), None)
    here = [event for event in facts.events if event.code == choice.site]
    partners = [_partner(labels, partner, since) for partner in facts.partners]
    requests = tuple(_request(labels, one) for one in facts.lendings)
    return NetworkPage(
        choice=choice,
        place=labels.site(place) if place else "",
        places=_places(labels, facts),
        kinds=tuple((kind.value, labels.text(word)) for kind, word in KINDS.items()),
        events=tuple((event.id, labels.hazard(event.hazard)) for event in here),
        offers=_offers(labels, facts.offers, place, choice.least) if place else (),
        requests=requests,
        partners=tuple(sorted(partners, key=lambda one: (not one.stale, one.name))),
        simulated=_is_simulated(place, requests, here),
        now=now,
    )


def _is_simulated(place: Site | None, requests: Sequence[RequestRow], events: Sequence[OpenEvent]) -> bool:
    """Whether the page has to say SIMULATED."""
    shown = any(request.simulated for request in requests) or any(event.simulated for event in events)
    return shown or bool(place and place.simulated)


def _places(labels: BoardLabels, facts: NetworkFacts) -> tuple[tuple[str, str], ...]:
    """Sites to choose from, those with an open event first."""
    pressed = {event.code: event for event in reversed(facts.events)}
    order = sorted(facts.sites, key=lambda site: (site.code not in pressed, labels.site(site)))
    return tuple((site.code, _place(labels, site, pressed.get(site.code))) for site in order)


def _place(labels: BoardLabels, site: Site, event: OpenEvent | None) -> str:
    name = labels.site(site)
    return labels.text(_("%(site)s: %(hazard)s"), site=name, hazard=labels.hazard(event.hazard)) if event else name


def _offers(labels: BoardLabels, offers: Sequence[Offer], place: Site, least: int) -> tuple[OfferRow, ...]:
    return tuple(
        OfferRow(
            resource=reach.offer.resource,
            partner=reach.offer.name,
            phone=reach.offer.phone,
            number=dial(reach.offer.phone),
            kind=labels.text(KINDS[reach.offer.kind]),
            count=reach.offer.count,
            available=reach.offer.available,
            detail=reach.offer.detail,
            distance=f"{number(reach.distance_m / 1000)} km",
        )
        for reach in rank_offers(offers, place.latitude, place.longitude, least)
    )


def _request(labels: BoardLabels, one: Lending) -> RequestRow:
    tone, word = REQUEST_STATES[one.state]
    return RequestRow(
        id=one.id,
        event=one.event,
        tone=tone,
        state=labels.text(word),
        kind=labels.text(KINDS[one.kind]),
        count=one.count,
        partner=one.partner,
        phone=one.phone,
        number=dial(one.phone),
        site=labels.site(one.site),
        zone=one.site.zone,
        words=tuple(
            WordRow(said.at, said.by, labels.text(REQUEST_STATES[said.state][1]), said.note) for said in one.words
        ),
        moves=_moves(labels, one.state),
        simulated=one.site.simulated,
    )


def _moves(labels: BoardLabels, state: RequestState) -> tuple[tuple[str, str], ...]:
    return tuple((move.value, labels.text(word)) for move, word in MOVES.items() if move in NEXT[state])


def _partner(labels: BoardLabels, partner: Partner, since: int) -> PartnerRow:
    lends = (f"{labels.text(KINDS[kind])} {count}" for kind, count, _detail in partner.resources)
    return PartnerRow(
        id=partner.id,
        name=partner.name,
        phone=partner.phone,
        number=dial(partner.phone),
        mail=partner.mail,
        lends=labels.text(_(", ")).join(lends),
        checked_at=partner.checked_at,
        stale=partner.checked_at is None or partner.checked_at < since,
    )
