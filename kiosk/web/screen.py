"""What the screen shows, from where the counter stands. Pure."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from edge_agent.rules import NS
from edge_agent.wire.messages import ClerkBadge, CounterNotice
from edge_agent.wire.ratings import ShiftState
from kiosk.rating.counter import Counter
from kiosk.rating.given import Given, Kept
from kiosk.rating.printing import Slip
from kiosk.rating.receipts import write_secret
from kiosk.rating.windows import Phase


class View(StrEnum):
    """What the customer sees; `out`: out of service."""

    IDLE = "idle"
    SERVING = "serving"
    RATING = "rating"
    THANKS = "thanks"
    OUT = "out"


class Badge(Struct, frozen=True):
    """The clerk as customers see them. `stars` is null without a level; `ratings` stand behind it in `days`."""

    number: str
    name: str
    stars: int | None
    ratings: int
    days: int
    photo: bool


class Receipt(Struct, frozen=True):
    """What a customer may take home. `qr`: there is a code; `slip`: it on paper; the secret is the customer's alone."""

    state: Kept
    qr: bool
    secret: str
    slip: Slip = Slip.NONE


class Screen(Struct, frozen=True):
    """The whole screen. `left_s` until the view goes; `waited_s` and `served_s` of this service, null if unknown."""

    view: View
    window: str
    counter: str
    name: str
    name_zh: str
    badge: Badge | None
    on_break: bool
    linked: bool
    simulated: bool
    left_s: int
    waited_s: int | None
    receipt: Receipt | None
    more: bool


def compose_screen(
    counter: Counter,
    notice: CounterNotice | None,
    given: Given | None,
    mono: int,
    *,
    linked: bool,
    full: bool,
    simulated: bool,
    slip: Slip = Slip.NONE,
) -> Screen:
    """The screen of now."""
    view = View.OUT if full else _view(counter, given)
    shift = counter.shifts.shift
    receipt = _receipt(counter, given, slip) if view is View.THANKS else None
    service = counter.windows.service
    return Screen(
        view=view,
        window=counter.windows.window,
        counter=counter.rules.counter,
        name="" if notice is None else notice.name,
        name_zh="" if notice is None else notice.name_zh,
        badge=find_badge(notice, counter.shifts.clerk),
        on_break=shift is not None and shift.state is ShiftState.BREAK,
        linked=linked,
        simulated=simulated,
        left_s=_left_s(counter, view, mono),
        waited_s=service.waited_s if service is not None and view is View.RATING else None,
        receipt=receipt,
        more=view is View.THANKS and counter.thanks is not None and not counter.thanks.more,
    )


def find_badge(notice: CounterNotice | None, clerk: str) -> Badge | None:
    """The badge of who is at the counter; none for one whose training has lapsed, or who is not known here."""
    if notice is None or not clerk:
        return None
    found = next((one for one in notice.clerks if one.number == clerk and not one.lapsed), None)
    return None if found is None else _badge(found)


def _badge(clerk: ClerkBadge) -> Badge:
    return Badge(clerk.number, clerk.name, clerk.stars, clerk.ratings, clerk.days, bool(clerk.photo))


def _view(counter: Counter, given: Given | None) -> View:
    if counter.thanks is not None and given is not None:
        return View.THANKS
    return {Phase.SERVING: View.SERVING, Phase.OPEN: View.RATING}.get(counter.windows.phase, View.IDLE)


def _receipt(counter: Counter, given: Given | None, slip: Slip) -> Receipt | None:
    if counter.thanks is None or given is None:
        return None
    return Receipt(given.state, bool(given.link), write_secret(counter.thanks.secret), slip)


def _left_s(counter: Counter, view: View, mono: int) -> int:
    until = counter.windows.due() if view is View.RATING else None
    if view is View.THANKS and counter.thanks is not None:
        until = counter.thanks.until
    return 0 if until is None else max(0, -(-(until - mono) // NS))
