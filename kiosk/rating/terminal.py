"""The duty of a rating terminal: joins the counter's decisions to pins, cards, events, records and the screen."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from edge_agent.hardware.clock import Clock
from edge_agent.rules import NS
from edge_agent.storage.outbox import Item, OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import ClerkBadge, ClockQuality, LaneAck
from edge_agent.wire.ratings import ServedBy, ServiceBody, ShiftState
from edge_agent.wire.shared_keys import read_shared_key
from edge_agent.wire.topics import Lane
from kiosk.rating.counter import Counter, Fact, Heard, Lights, More
from kiosk.rating.given import Given
from kiosk.rating.journal import Journal
from kiosk.rating.panel import Panel
from kiosk.rating.printing import NotOffered, Printing, Slip
from kiosk.rating.receipts import write_secret
from kiosk.rating.shifts import Shift, Shifts
from kiosk.rating.slip import Paperwork, Place, compose_slips
from kiosk.rating.tickets import EventCode, Refused, SharedKey, Used, read_event, take_number
from kiosk.rating.windows import Moment, Phase, Service
from kiosk.settings import RatingSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")

MEMORY = "rating."
EVENTS, SHIFT, CONCLUDED = "events", "shift", "concluded"


class Events(Struct):
    """What is remembered of services over restarts: numbers used, and the service that was going on."""

    used: Used
    service: Service | None = None


class Unavailable(Exception):
    """The terminal has not begun, or cannot store anything now."""


class Terminal:
    """One rating terminal. `run` is the duty of its device; it is also an observer of the device's outbox.

    All methods belong to the loop's thread; the panel brings what other threads drive.
    """

    def __init__(self, rules: RatingSettings, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """Read the shared keys. Raises CredentialError."""
        self.rules = rules
        self._draw = draw
        self._keys: Mapping[str, SharedKey] = {k.id: SharedKey(read_shared_key(k.file), k.by) for k in rules.event_key}
        self._card_key = None if rules.card_key_file is None else read_shared_key(rules.card_key_file)
        self._used = Used()
        self._woken = asyncio.Event()
        self._changed = asyncio.Event()
        self._hearing = asyncio.Lock()
        self.ready = asyncio.Event()
        self.given: Given | None = None
        self.device: Device
        self.counter: Counter
        self._panel: Panel
        self._journal: Journal
        self.printing: Printing

    # -- life ---------------------------------------------------------------------------------------------------

    async def run(self, device: Device) -> None:
        """The duty. Raises StorageError when what is remembered cannot be read."""
        self.device = device
        memory = await device.outbox.recall(MEMORY)
        self.counter = Counter(self.rules, self._draw, self._restored_shifts(memory))
        self._journal = Journal(device)
        self._journal.on_full = self._show
        self._resume_service(memory)
        self._panel = Panel(device, self.rules)
        self.printing = Printing(device, self.rules, self._show)
        device.on_notice.append(self._show)
        self._panel.listen(self._on_key, self._on_presence, self._on_card)
        self.ready.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._journal.run(), name="ratings")
                group.create_task(self._keep_turning(), name="counter")
                group.create_task(self._panel.mind_reader(), name="card reader")
                group.create_task(self.printing.mind(), name="receipt printer")
        finally:
            self._panel.close()
            await self._journal.flush()

    def _restored_shifts(self, memory: Mapping[str, str]) -> Shifts:
        shift = _decoded(memory.get(SHIFT), Shift)
        if shift is not None and shift.state is ShiftState.OFF:
            shift = None
        return Shifts(self.rules.card_s, self.rules.shift_s, shift, self._begun(shift))

    def _begun(self, shift: Shift | None) -> int:
        """When the shift began, mono ns: the time without power counts, where a clock knows it."""
        clock = self.device.clock
        if shift is None or clock.quality() is ClockQuality.UNSET:
            return clock.mono()
        return clock.mono() - max(clock.now() - shift.since, 0) * 1_000_000

    def _resume_service(self, memory: Mapping[str, str]) -> None:
        """A service that a restart cut off goes on, or is told of, once."""
        events = _decoded(memory.get(EVENTS), Events)
        if events is None:
            return
        self._used = events.used
        if events.service is not None and events.service.window != memory.get(CONCLUDED):
            self._say(self.counter.resume(events.service, self._now()))

    async def _keep_turning(self) -> None:
        """Turn whenever something is due."""
        while True:
            self._turn()
            mono = self.device.clock.mono()
            due = self.counter.due(mono)
            await _pause(self.device.clock, None if due is None else (due - mono) / NS, self._woken)

    def _turn(self) -> None:
        self._say(self.counter.turn(self._now()))
        for score in range(1, self.rules.scale + 1):
            trouble = self.counter.keys.troubles().get(score)
            self.device.report(f"key {score} at the counter", None if trouble is None else KeyTrouble(trouble.value))
        self._show()

    # -- what comes in ------------------------------------------------------------------------------------------

    def _on_key(self, score: int, active: bool, mono: int) -> None:
        """An edge: the lamps answer at once, the press follows when the contact has settled."""
        self.counter.edge(score, active, mono)
        self._panel.show(self._lights())
        self._woken.set()

    def _on_presence(self, active: bool, mono: int) -> None:
        self.counter.see(active, Moment(self.device.clock.now(), mono))
        self._woken.set()

    def _on_card(self, line: str) -> None:
        named = {"device": self.device.settings.device}
        if self._card_key is None:
            logger.warning("a card cannot be read: name rating.card_key_file in the settings", extra=named)
            return
        facts = self.counter.card(self._card_key, line, self.clerks(), self._now())
        if facts is None:
            logger.warning("a card that is no clerk's here", extra=named)
            return
        self._say(facts)
        self._wake()

    def touch(self, score: int) -> None:
        """A press on the screen. Raises Unavailable."""
        self._check_ready()
        self._say(self.counter.touch(score, self._now()))
        self._wake()

    def add(self, more: More) -> bool:
        """What the customer adds to the rating just given; False when it is too late for that. Raises Unavailable."""
        self._check_ready()
        facts = self.counter.add(more)
        self._say(facts or [])
        self._wake()
        return facts is not None

    async def print_receipt(self, window: str) -> None:
        """Print the receipt of the rating just given. Raises Unavailable, NotOffered, HardwareError."""
        self._check_ready()
        thanks, given = self.counter.thanks, self.given
        if thanks is None or given is None or not given.link or window != thanks.window:
            raise NotOffered
        notice = None if self.device.notice is None else self.device.notice.counter
        names = ("", "") if notice is None else (notice.name, notice.name_zh)
        place = Place(self.rules.printer_head, self.rules.counter, *names)
        how = Paperwork(self.rules.printer_dots, self.rules.printer_zone, self.device.board.simulated)
        await self.printing.print(window, compose_slips(given.link, write_secret(thanks.secret), given.at, place, how))

    async def hear(self, body: bytes, signature: str) -> None:
        """An event of a service, as it came: its number is on disk before it does anything.

        Raises Refused, Unavailable.
        """
        self._check_ready()
        event = read_event(body, signature, self._keys)
        if event.counter != self.rules.counter:
            raise Refused(EventCode.UNKNOWN_COUNTER)
        async with self._hearing:
            clock = self.device.clock
            now_ms = None if clock.quality() is ClockQuality.UNSET else clock.now()
            used = take_number(self._used, event, now_ms, self.rules.tolerance_s)
            await self._remember(Events(used, self.counter.windows.service))
            self._used = used
            heard = Heard(event.event, self._keys[event.key].by, event.ticket, event.waited_s)
            self._say(self.counter.hear(heard, self._now(), in_service=not self._journal.full))
            self._wake()
            await self._remember(Events(used, self._going_on()))

    def _going_on(self) -> Service | None:
        windows = self.counter.windows
        return windows.service if windows.phase in {Phase.SERVING, Phase.OPEN} else None

    async def _remember(self, events: Events) -> None:
        try:
            await self.device.outbox.note(MEMORY + EVENTS, msgspec.json.encode(events).decode())
        except OutboxFull as exc:
            raise Unavailable(str(exc)) from exc

    def _check_ready(self) -> None:
        if not self.ready.is_set():
            raise Unavailable("the terminal is starting")

    # -- what goes out ------------------------------------------------------------------------------------------

    def _say(self, facts: Sequence[Fact]) -> None:
        if not facts:
            return
        thanks = self.counter.thanks
        if thanks is not None and (self.given is None or self.given.window != thanks.window):
            self.given = Given(thanks.window)
        self._journal.say([self._item(fact) for fact in facts], self._on_stored)

    def _item(self, fact: Fact) -> Item:
        item = self.device.record(fact.kind, fact.body)
        if fact.shift is not None:
            return item._replace(remember=(MEMORY + SHIFT, msgspec.json.encode(fact.shift).decode()))
        if isinstance(fact.body, ServiceBody) and fact.body.by is not ServedBy.WALK_UP:  # that was never going on
            return item._replace(remember=(MEMORY + CONCLUDED, fact.body.window))
        return item

    def _on_stored(self, facts: Sequence[tuple[int, Item]]) -> None:
        if self.given is not None:
            self.given.store(self.device, facts, self.rules.origin)
        self._show()

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """The outbox has committed these; the journal has been told already."""

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The gateway has said what it has."""
        if self.given is not None and epoch == self.device.outbox.epoch:
            self.given.acknowledge(lane, ack)
            self._show()

    def _wake(self) -> None:
        self._woken.set()
        self._show()

    def _show(self) -> None:
        """Switch the lights, and tell the pages to look."""
        if self.counter.thanks is None:
            self.given = None
        self._panel.show(self._lights())
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _lights(self) -> Lights:
        """The counter's; on the duty manager's own device the signal is on while somebody is called, too."""
        notice = self.device.notice
        lights = self.counter.lights(self.device.clock.mono())
        called = notice is not None and notice.counter is not None and bool(notice.counter.calls)
        return lights._replace(signal=lights.signal or called)

    # -- what the screen asks -----------------------------------------------------------------------------------

    def clerks(self) -> Sequence[ClerkBadge]:
        """Who may sign on here, as the gateway has said."""
        notice = self.device.notice
        return () if notice is None or notice.counter is None else notice.counter.clerks

    @property
    def slip(self) -> Slip:
        """Whether the receipt of the rating just given can be printed, and what has become of that."""
        given = self.given
        return Slip.NONE if given is None or not given.link else self.printing.slip(given.window)

    @property
    def full(self) -> bool:
        """Whether nothing can be stored now: the terminal is out of service."""
        return self._journal.full

    @property
    def idle(self) -> bool:
        """Whether all that was said is on disk."""
        return self._journal.idle

    async def change(self, limit_s: float) -> None:
        """Return when the screen may have something new, or after so many real seconds."""
        changed = self._changed
        try:
            async with asyncio.timeout(limit_s):
                await changed.wait()
        except TimeoutError:
            return

    def _now(self) -> Moment:
        return Moment(self.device.clock.now(), self.device.clock.mono())


class KeyTrouble(Exception):
    """A key at the counter cannot be believed now."""


async def _pause(clock: Clock, seconds: float | None, event: asyncio.Event) -> None:
    """Until the event, or for so long of the device's time."""
    waits: list[asyncio.Task[object]] = [asyncio.create_task(_wait(event))]
    if seconds is not None:
        waits.append(asyncio.create_task(_sleep(clock, seconds)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    event.clear()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _sleep(clock: Clock, seconds: float) -> None:
    await clock.sleep(max(seconds, 0.0))


def _decoded(text: str | None, kind: type[T]) -> T | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        logger.warning("what was remembered of the counter cannot be read")
        return None
