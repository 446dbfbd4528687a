"""The flood network: who has pumps, sandbags and vehicles near a site, what is free of them, how a request goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pyproj import Geod


class Kind(StrEnum):
    """What a partner can lend."""

    PUMP = "pump"
    SANDBAGS = "sandbags"
    VEHICLE = "vehicle"
    GENERATOR = "generator"
    CREW = "crew"
    BOAT = "boat"


class RequestState(StrEnum):
    """How far a request has come."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ARRIVED = "arrived"
    RETURNED = "returned"


#: What may follow what. A partner may decline after all while nothing has arrived.
NEXT: Mapping[RequestState, frozenset[RequestState]] = {
    RequestState.ASKED: frozenset({RequestState.ACCEPTED, RequestState.DECLINED}),
    RequestState.ACCEPTED: frozenset({RequestState.ARRIVED, RequestState.DECLINED}),
    RequestState.ARRIVED: frozenset({RequestState.RETURNED}),
    RequestState.DECLINED: frozenset(),
    RequestState.RETURNED: frozenset(),
}
#: States in which a request holds what it asks for: nobody else can have it.
HOLDING = frozenset({RequestState.ASKED, RequestState.ACCEPTED, RequestState.ARRIVED})


class Offer(msgspec.Struct, frozen=True):
    """What a partner has of one kind; `held` is what requests hold of it. Positions are WGS-84 degrees."""

    resource: str
    partner: str
    name: str
    phone: str
    latitude: float
    longitude: float
    kind: Kind
    count: int
    held: int
    detail: str = ""

    @property
    def available(self) -> int:
        """What can be asked for now."""
        return max(0, self.count - self.held)


class Reach(msgspec.Struct, frozen=True):
    """An offer and its geodesic distance from a site."""

    offer: Offer
    distance_m: float


class CannotFollow(Exception):
    """A request cannot go from where it stands to that state."""


def follow(state: RequestState, new: RequestState) -> bool:
    """Whether a request moves; the state it has already changes nothing. Raises CannotFollow."""
    if new is state:
        return False
    if new not in NEXT[state]:
        raise CannotFollow(f"a request that is {state.value} cannot become {new.value}")
    return True


def rank_offers(offers: Iterable[Offer], latitude: float, longitude: float, least: int = 1) -> list[Reach]:
    """Offers with at least so many available, the nearest first."""
    enough = [offer for offer in offers if offer.available >= max(1, least)]
    reaches = [Reach(offer, distance_m(latitude, longitude, offer.latitude, offer.longitude)) for offer in enough]
    return sorted(reaches, key=lambda reach: (reach.distance_m, reach.offer.name, reach.offer.resource))


@cache
def _earth() -> Geod:
    from pyproj import Geod  # noqa: PLC0415 - its library takes 10 MB: only who ranks offers needs it

    return Geod(ellps="WGS84")


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The geodesic distance on WGS-84, metres."""
    return float(_earth().inv(longitude, latitude, other_longitude, other_latitude)[2])
