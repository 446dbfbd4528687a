"""Mistakes in a scenario's stations and counters, for `firmware_sim.checks`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from edge_agent.wire.messages import Role
from firmware_sim.day import list_visits
from firmware_sim.forms import Device, Story
from firmware_sim.hall import Desk
from kiosk.settings import RatingSettings


class Mistake(NamedTuple):
    """Where, what, and what to do."""

    field: str
    what: str
    remedy: str


def find_desk_mistakes(story: Story) -> list[Mistake]:
    """Every mistake in stations and counters whose form is right."""
    return [*_stations(story), *(mistake for device in story.device for mistake in _device(story, device))]


def _stations(story: Story) -> Iterator[Mistake]:
    for code in _doubled([station.code for station in story.station]):
        yield Mistake(f"station[{code}]", "stands there twice", "give each its own code")
    for number in _doubled([clerk.number for station in story.station for clerk in station.clerk]):
        yield Mistake(f"station.clerk[{number}]", "stands there twice", "give each clerk a number of their own")
    if story.usual_faults is not None and story.usual_faults not in story.faults:
        yield Mistake("usual_faults", f"there is no set {story.usual_faults!r}", "name a set of [[faults...]]")


def _device(story: Story, device: Device) -> Iterator[Mistake]:
    field, desk = f"device[{device.id}]", device.rating
    if (desk is not None) != (device.role is Role.RATING_TERMINAL):
        yield Mistake(f"{field}.role", "a `rating` and the role rating-terminal go together", "give both or neither")
    if desk is not None:
        yield from _desk(story, desk, f"{field}.rating")


def _desk(story: Story, desk: Desk, field: str) -> Iterator[Mistake]:
    clerks = {clerk.number for station in story.station if station.code == desk.station for clerk in station.clerk}
    if desk.station not in {station.code for station in story.station}:
        yield Mistake(f"{field}.station", f"there is no station {desk.station!r}", "name the code of a [[station]]")
    for number in sorted({card.clerk for card in desk.card} - clerks):
        yield Mistake(f"{field}.card", f"the station has no clerk {number!r}", "name a [[station.clerk]]")
    if not desk.button_pins:
        yield Mistake(f"{field}.button_pins", "there are no keys to press", "give a pin for each key")
    yield from _pins(desk, field)
    yield from _script(story, desk, field)


def _pins(desk: Desk, field: str) -> Iterator[Mistake]:
    for pin in _doubled([str(pin) for pin in desk.pins()]):
        yield Mistake(field, f"pin {pin} is used twice", "give each its own")
    try:
        RatingSettings.model_validate({key: getattr(desk, key) for key in RatingSettings.model_fields})
    except ValidationError as exc:
        yield Mistake(field, exc.errors()[0]["msg"], "mend it as docs/settings.md says")


def _script(story: Story, desk: Desk, field: str) -> Iterator[Mistake]:
    visits = list_visits(desk, story.seed)
    for ticket in _doubled([visit.ticket for visit in visits if visit.ticket]):
        yield Mistake(f"{field}.visit", f"the ticket {ticket!r} is given twice", "give each visit its own")
    rated = {hand.ticket for hand in desk.hand if hand.ticket}
    for ticket in sorted(rated - {visit.ticket for visit in visits}):
        yield Mistake(f"{field}.hand", f"nobody has the ticket {ticket!r}", "name the ticket of a visit")
    for ticket in sorted(rated & {visit.ticket for visit in visits if visit.score}):
        yield Mistake(f"{field}.hand", f"{ticket!r} is rated twice", "leave out the `score` of the visit")
    scores = [visit.score for visit in visits] + [hand.score for hand in desk.hand]
    if max(scores, default=0) > desk.scale:
        yield Mistake(field, f"a score is above the scale of {desk.scale}", "mend the `score`")
    instants = [visit.at_ms for visit in visits] + [visit.end_ms for visit in visits]
    instants += [hand.at_ms for hand in desk.hand] + [card.at_ms for card in desk.card]
    if instants and not story.start_ms <= min(instants) <= max(instants) <= story.end_ms:
        yield Mistake(field, "something happens outside of the story", "mend its `at`")


def _doubled(names: Sequence[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)
