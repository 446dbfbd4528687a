"""Reads what terminals said: rows of presses, ratings, services and shifts from stored records. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from cloud_gateway.ratings.days import end_of_day, local_day
from cloud_gateway.ratings.model import AT_COUNTER, NewRating
from cloud_gateway.stations.store import Stand
from edge_agent.wire.ratings import (
    PRESS,
    RATING,
    RATING_MORE,
    SERVICE,
    SHIFT,
    NotInvited,
    PressBody,
    RatingBody,
    RatingMoreBody,
    ServiceBody,
    ShiftBody,
)

Body: TypeAlias = PressBody | RatingBody | RatingMoreBody | ServiceBody | ShiftBody
Row: TypeAlias = dict[str, object]
DECODERS: Mapping[str, msgspec.json.Decoder[Body]] = {
    PRESS: msgspec.json.Decoder(PressBody),
    RATING: msgspec.json.Decoder(RatingBody),
    RATING_MORE: msgspec.json.Decoder(RatingMoreBody),
    SERVICE: msgspec.json.Decoder(ServiceBody),
    SHIFT: msgspec.json.Decoder(ShiftBody),
}


class Said(NamedTuple):
    """A stored record of a terminal; `at` ms UTC, corrected where the device's clock was not set."""

    device: str
    epoch: str
    seq: int
    kind: str
    at: int
    body: bytes


class Place(NamedTuple):
    """Where a terminal stood; `station` is empty while nobody has entered it."""

    station: str
    zone: str


class Unreadable(ValueError):
    """A record whose body is not what its kind says: it stays evidence, and does not count."""


class Stands:
    """Where which terminal stood when. `zone` holds for terminals that nobody has entered."""

    def __init__(self, stands: Sequence[Stand], zone: str) -> None:
        self._of: dict[str, list[Stand]] = defaultdict(list)
        for stand in stands:
            self._of[stand.device].append(stand)
        self._zone = zone

    def find(self, device: str, at: int) -> Place:
        """The place of a terminal at a time, ms UTC."""
        for stand in self._of.get(device, ()):
            if stand.since <= at and (stand.until is None or at < stand.until):
                return Place(stand.station, stand.zone)
        return Place("", self._zone)


def decode(said: Said) -> Body:
    """What a record says. Raises Unreadable."""
    try:
        body = DECODERS[said.kind].decode(said.body)
    except msgspec.DecodeError as exc:
        raise Unreadable(str(exc)) from exc
    if isinstance(body, RatingBody) and body.score > body.scale:
        raise Unreadable(f"a score of {body.score} on a scale of {body.scale}")
    if isinstance(body, ServiceBody) and not _makes_sense(body):
        raise Unreadable(f"a service with invited={body.invited}, answered={body.answered}, why_not={body.why_not!r}")
    return body


def _makes_sense(body: ServiceBody) -> bool:
    """Whether there is a reason if, and only if, nobody was invited; and only who was invited has answered."""
    invited = body.why_not is NotInvited.INVITED
    return body.invited is invited and (invited or not body.answered)


def new_rating(said: Said, body: RatingBody, place: Place) -> NewRating:
    """The rating that is to be counted."""
    return NewRating(
        count=body.count,
        channel="counter",
        stage=AT_COUNTER,
        scale=body.scale,
        score=body.score,
        at=said.at,
        station=place.station,
        counter=body.counter,
        clerk=body.clerk,
        wait_s=body.waited_s,
        answered_ms=body.answered_ms,
        device=said.device,
        window=body.window,
    )


def service_row(said: Said, body: ServiceBody, place: Place, now: int) -> Row:
    """A row of table `service`. It is over when its record is made, whose time is the corrected one."""
    names = ("window", "counter", "clerk", "waited_s", "invited", "answered")
    row: Row = {name: getattr(body, name) for name in names}
    row |= {"opened_at": said.at - max(body.closed_at - body.opened_at, 0), "closed_at": said.at}
    row |= {"device": said.device, "station": place.station, "by": body.by.value, "why_not": body.why_not.value}
    return row | {"day": local_day(said.at, place.zone), "due_at": end_of_day(now, place.zone)}


def press_row(said: Said, body: PressBody, place: Place) -> Row:
    """A row of table `press`."""
    row = _identity(said, place) | {"counter": body.counter, "button": body.button, "source": body.source.value}
    return row | {"counted": body.counted, "reason": body.reason.value, "present": body.present}


def shift_row(said: Said, body: ShiftBody, place: Place) -> Row:
    """A row of table `shift`."""
    return _identity(said, place) | {"counter": body.counter, "clerk": body.clerk, "state": body.state.value}


def more_row(body: RatingMoreBody) -> Row:
    """A row of table `rating_more`."""
    reasons = msgspec.json.encode(body.reasons).decode()
    return {"count": body.count, "reasons": reasons, "settled": body.settled, "recommend": body.recommend}


def _identity(said: Said, place: Place) -> Row:
    return {"device": said.device, "epoch": said.epoch, "seq": said.seq, "at": said.at, "station": place.station}
