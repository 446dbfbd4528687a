"""One counter: keys, windows, shift and presence joined into what is put on record and what shines. Pure.

Nothing here reads a clock, a pin or a file: moments, edges and chance come in, facts and lights go out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

from edge_agent.wire import ratings as wire
from edge_agent.wire.messages import ClerkBadge
from edge_agent.wire.ratings import NotInvited, ServedBy, Source, Uncounted
from kiosk.rating.buttons import Keys, Press
from kiosk.rating.counting import judge
from kiosk.rating.presence import Presence, WalkUp
from kiosk.rating.shifts import Shift, Shifts, find_clerk
from kiosk.rating.signal import Timer, is_bad
from kiosk.rating.windows import Concluded, Moment, Phase, Service, Windows
from kiosk.settings import RatingSettings

BEEP_S = 0.12
WINDOW_BYTES = 16
#: Facts that belong to a window and are kept with the service's own end.
Body = wire.PressBody | wire.RatingBody | wire.RatingMoreBody | wire.ServiceBody | wire.ShiftBody


class Fact(NamedTuple):
    """Something for the record. `shift` is remembered with it where it is one."""

    kind: str
    body: Body
    shift: Shift | None = None


@dataclass
class Thanks:
    """A window that has just been answered. The secret lives here alone, and goes with it."""

    window: str
    count: str
    secret: bytes
    until: int
    more: bool = False


class Lights(NamedTuple):
    """What is on. The lamps are alike for every key: nobody sees from them what was pressed."""

    lamps: bool = False
    buzzer: bool = False
    signal: bool = False


class Heard(NamedTuple):
    """A begin or end of a service that was found to be right."""

    event: str
    by: ServedBy
    ticket: str
    waited_s: int | None


class More(Struct, frozen=True):
    """What a customer adds to a rating."""

    window: wire.WindowId
    reasons: tuple[wire.Code, ...] = ()
    settled: bool | None = None
    recommend: int | None = None


@dataclass
class Counter:
    """All that a counter is in the middle of. Each call gives back what goes on record, in order."""

    rules: RatingSettings
    draw: Callable[[int], bytes]
    shifts: Shifts
    thanks: Thanks | None = None
    keys: Keys = field(init=False)
    windows: Windows = field(init=False)
    presence: Presence = field(init=False)

    def __post_init__(self) -> None:
        r = self.rules
        self.keys = Keys(r.scale, r.keys)
        self.windows = Windows(r.window_s, r.late_s)
        self.presence = Presence(r.walk_up_s, r.gone_s, sensor=r.presence_pin is not None)
        self._buzzer, self._signal = Timer(BEEP_S), Timer(r.signal_s)
        self._closed: set[int] = set()

    # -- what comes in --------------------------------------------------------------------------------------

    def edge(self, button: int, active: bool, mono: int) -> None:
        """A contact has changed; `lights` may be others at once, and `turn` has the press when it has settled."""
        self.keys.edge(button, active, mono)
        (self._closed.add if active else self._closed.discard)(button)

    def touch(self, button: int, now: Moment) -> list[Fact]:
        """A press on the screen."""
        return self._press(self.keys.touch(button, now.mono), Source.SCREEN, now)

    def see(self, active: bool, now: Moment) -> None:
        """The presence sensor has changed."""
        self.presence.edge(active, now)
        if self.windows.phase is Phase.SERVING:
            self.presence.note_service()

    def card(self, key: bytes, line: str, clerks: Sequence[ClerkBadge], now: Moment) -> list[Fact] | None:
        """A line from the card reader; None for a card that is no clerk's here. `key` is that of cards."""
        clerk = find_clerk(key, line, clerks)
        return None if clerk is None else self._shift_facts(self.shifts.read(clerk, now.at, now.mono))

    def hear(self, heard: Heard, now: Moment, *, in_service: bool) -> list[Fact]:
        """A service begins or ends."""
        waited = heard.waited_s if heard.waited_s is not None else self._seen_waiting(heard, now)
        service = Service(self._new_window(), heard.by, heard.ticket, self.shifts.clerk, waited, now.at)
        self.presence.note_service()
        if heard.event == "begin":
            self.thanks = None
            return self._over(self.windows.begin(service, now))
        before = self.windows.window
        over = self.windows.end(service, now, in_service=in_service)
        if self.windows.phase is Phase.OPEN and self.windows.window != before:
            self.thanks = None
            self._buzzer.start(now.mono)
        return self._over(over)

    def add(self, more: More) -> list[Fact] | None:
        """More about the rating just given; None when it is not of this window, or was said before."""
        thanks = self.thanks
        if thanks is None or thanks.window != more.window or thanks.more:
            return None
        thanks.more = True
        body = wire.RatingMoreBody(thanks.window, thanks.count, list(more.reasons), more.settled, more.recommend)
        return [Fact(wire.RATING_MORE, body)]

    def resume(self, service: Service, now: Moment) -> list[Fact]:
        """A service was going on when an earlier life ended."""
        return self._over(self.windows.resume(service, now))

    def turn(self, now: Moment) -> list[Fact]:
        """Time has gone on: keys settle, windows close, people leave."""
        facts = [fact for press in self.keys.settle(now.mono) for fact in self._press(press, Source.PIN, now)]
        facts += self._over(self.windows.tick(now))
        facts += [self._walk_up(found) for found in self.presence.tick(now)]
        facts += self._shift_facts(self.shifts.tick(now.at, now.mono))
        if self.thanks is not None and now.mono >= self.thanks.until:
            self.thanks = None
        return facts

    # -- what goes out --------------------------------------------------------------------------------------

    def lights(self, mono: int) -> Lights:
        """What is on now: lamps invite, and go out at the first touch of any key; a stuck one is no touch."""
        touched = self._closed - {key for key, trouble in self.keys.troubles().items() if trouble is Uncounted.STUCK}
        inviting = self.windows.verdict(mono) is Uncounted.NOT_AT_ALL and not touched
        return Lights(inviting, self._buzzer.is_on(mono), self._signal.is_on(mono))

    def due(self, mono: int) -> int | None:
        """When `turn` or `lights` have something new, mono ns."""
        thanks = None if self.thanks is None else self.thanks.until
        machines = (self.keys.due(), self.windows.due(), self.presence.due(), self.shifts.due())
        waits = (*machines, thanks, self._buzzer.due(mono), self._signal.due(mono))
        return min((wait for wait in waits if wait is not None), default=None)

    # -- how it is judged -------------------------------------------------------------------------------------

    def _press(self, press: Press, source: Source, now: Moment) -> list[Fact]:
        card = self.shifts.card_present(now.mono)
        reason = judge(press.trouble, card, self.windows.verdict(now.mono))
        counted = reason is Uncounted.NOT_AT_ALL
        here, window = self.presence.here, self.windows.window
        body = wire.PressBody(self.rules.counter, press.button, source, counted, reason, window, here)
        pressed = Fact(wire.PRESS, body)
        return [*self._count(press.button, now), pressed] if counted else [pressed]

    def _count(self, score: int, now: Moment) -> list[Fact]:
        over = self.windows.answer(now)
        secret = self.draw(wire.SECRET_BYTES)
        until = now.mono + round(self.rules.thanks_s * 1e9)
        self.thanks = Thanks(over.service.window, wire.count_id(secret), secret, until, not self.rules.ask_more)
        self._buzzer.start(now.mono)
        if is_bad(score, self.rules.bad_upto):
            self._signal.start(now.mono)
        rating = wire.RatingBody(
            window=over.service.window,
            counter=self.rules.counter,
            clerk=over.service.clerk,
            scale=self.rules.scale,
            score=score,
            count=self.thanks.count,
            waited_s=over.service.waited_s,
            answered_ms=(now.mono - self.windows.opened_mono) // 1_000_000,
        )
        return [Fact(wire.RATING, rating), *self._over([over])]

    def _over(self, concluded: Sequence[Concluded]) -> list[Fact]:
        return [Fact(wire.SERVICE, self._service_body(over)) for over in concluded]

    def _service_body(self, over: Concluded) -> wire.ServiceBody:
        service = over.service
        return wire.ServiceBody(
            window=service.window,
            counter=self.rules.counter,
            clerk=service.clerk,
            by=service.by,
            ticket=service.ticket,
            waited_s=service.waited_s,
            opened_at=service.began_at,
            closed_at=over.at,
            invited=over.invited,
            answered=over.answered,
            why_not=over.why_not,
        )

    def _walk_up(self, found: WalkUp) -> Fact:
        service = Service(self._new_window(), ServedBy.WALK_UP, "", self.shifts.clerk, None, found.came_at)
        return Fact(wire.SERVICE, self._service_body(Concluded(service, found.left_at, False, NotInvited.NO_EVENT)))

    def _shift_facts(self, shifts: Sequence[Shift]) -> list[Fact]:
        counter = self.rules.counter
        return [Fact(wire.SHIFT, wire.ShiftBody(counter, s.clerk, s.state), s) for s in shifts]

    def _seen_waiting(self, heard: Heard, now: Moment) -> int | None:
        """Where no ticket says how long somebody waited, the presence sensor may."""
        return self.presence.waited_s(now) if heard.event == "begin" else None

    def _new_window(self) -> str:
        return self.draw(WINDOW_BYTES).hex()
