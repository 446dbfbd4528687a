"""The course of services at a counter: the end of a service opens a window, one press answers it. Pure.

| phase    | a service begins              | a service ends                        | press     | time             |
|----------|-------------------------------|---------------------------------------|-----------|------------------|
| idle     | serving                       | open                                  | no-window |                  |
| serving  | the first: not-ended; serving | open; of another: the first not-ended | no-window |                  |
| open     | the first unanswered; serving | the same ticket: nothing; else open   | counts    | window_s: closed |
| answered | serving                       | the same ticket: nothing; else open   | repeat    | late_s: idle     |
| closed   | serving                       | the same ticket: nothing; else open   | late      | late_s: idle     |

A service without a ticket is none that is known: its end is that of the service that goes on, else of a new one.
A window opens whether or not a clerk has signed on, and the clerk cannot open one. Who signs off before the end of a
service has still served, unless another has taken over.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from edge_agent.rules import NS
from edge_agent.wire.ratings import NotInvited, ServedBy, Uncounted


class Phase(StrEnum):
    """Where the counter stands."""

    IDLE = "idle"
    SERVING = "serving"
    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Moment(NamedTuple):
    """One instant: `at` ms UTC for the record, `mono` ns for durations."""

    at: int
    mono: int


class Service(Struct, frozen=True):
    """One service at the counter, as it is remembered while it lasts. `opened` once its window is open."""

    window: str
    by: ServedBy
    ticket: str
    clerk: str
    waited_s: int | None
    began_at: int
    opened: bool = False


class Concluded(NamedTuple):
    """A service that is over, for the record; `at` ms UTC."""

    service: Service
    at: int
    answered: bool
    why_not: NotInvited

    @property
    def invited(self) -> bool:
        """Whether its window had opened."""
        return self.why_not is NotInvited.INVITED


PRESSED = {
    Phase.IDLE: Uncounted.NO_WINDOW,
    Phase.SERVING: Uncounted.NO_WINDOW,
    Phase.OPEN: Uncounted.NOT_AT_ALL,
    Phase.ANSWERED: Uncounted.REPEAT,
    Phase.CLOSED: Uncounted.LATE,
}
#: Phases in which the window of the last service is known.
KNOWN = frozenset({Phase.OPEN, Phase.ANSWERED, Phase.CLOSED})


class Windows:
    """The windows of one counter. What is over is given back by each call, for the record."""

    def __init__(self, window_s: float, late_s: float) -> None:
        self._window_ns, self._late_ns = round(window_s * NS), round(late_s * NS)
        self.phase = Phase.IDLE
        self.service: Service | None = None
        self.opened_mono = self._since = 0
        self._cut_off = ""

    @property
    def window(self) -> str:
        """The window that a press now belongs to; empty when there is none."""
        return self.service.window if self.service is not None and self.phase in KNOWN else ""

    def begin(self, service: Service, now: Moment) -> list[Concluded]:
        """A service begins."""
        over = self._give_up(now)
        self.service = service
        self._enter(Phase.SERVING, now.mono)
        return over

    def resume(self, service: Service, now: Moment) -> list[Concluded]:
        """Take up a service of an earlier life: its end may still come, but a window that was open is lost."""
        if service.opened:
            return [Concluded(service, now.at, False, NotInvited.INVITED)]
        self.service, self._cut_off = service, service.window
        self._enter(Phase.SERVING, now.mono)
        return []

    def end(self, service: Service, now: Moment, *, in_service: bool = True) -> list[Concluded]:
        """A service ends, and its window opens; `service` is what is known if its beginning was not heard of.

        Without `in_service` (the terminal cannot keep a rating) no window opens, and that is told.
        """
        known = self.service
        if known is not None and known.ticket == service.ticket != "" and self.phase in KNOWN:
            return []
        over: list[Concluded] = []
        if known is not None and self.phase is Phase.SERVING and known.ticket == service.ticket:
            waited = service.waited_s if service.waited_s is not None else known.waited_s
            service = replace(known, clerk=service.clerk or known.clerk, waited_s=waited)
        else:
            over = self._give_up(now)
        if not in_service:
            self.service = None
            self._enter(Phase.IDLE, now.mono)
            return [*over, Concluded(service, now.at, False, NotInvited.OUT_OF_SERVICE)]
        self.service, self.opened_mono = replace(service, opened=True), now.mono
        self._enter(Phase.OPEN, now.mono)
        return over

    def verdict(self, mono: int) -> Uncounted:
        """What a press now would be; a window whose time is over is closed even before `tick` says so."""
        over = self.phase is Phase.OPEN and mono - self.opened_mono >= self._window_ns
        return Uncounted.LATE if over else PRESSED[self.phase]

    def answer(self, now: Moment) -> Concluded:
        """The press that counts. Only where `verdict` allows it."""
        assert self.service is not None and self.phase is Phase.OPEN
        self._enter(Phase.ANSWERED, now.mono)
        return Concluded(self.service, now.at, True, NotInvited.INVITED)

    def tick(self, now: Moment) -> list[Concluded]:
        """Time has gone on."""
        due = self.due()
        if due is None or now.mono < due:
            return []
        if self.phase is Phase.OPEN:
            assert self.service is not None
            self._enter(Phase.CLOSED, now.mono)
            return [Concluded(self.service, now.at, False, NotInvited.INVITED)]
        self.service = None
        self._enter(Phase.IDLE, now.mono)
        return []

    def due(self) -> int | None:
        """When `tick` has something to do, mono ns."""
        if self.phase is Phase.OPEN:
            return self._since + self._window_ns
        return self._since + self._late_ns if self.phase in KNOWN else None

    def _enter(self, phase: Phase, mono: int) -> None:
        self.phase, self._since = phase, mono

    def _give_up(self, now: Moment) -> list[Concluded]:
        """What was going on is over."""
        if self.service is None or self.phase not in {Phase.SERVING, Phase.OPEN}:
            return []
        if self.service.opened:
            return [Concluded(self.service, now.at, False, NotInvited.INVITED)]
        cut_off = self.service.window == self._cut_off
        return [Concluded(self.service, now.at, False, NotInvited.RESTARTED if cut_off else NotInvited.NOT_ENDED)]
