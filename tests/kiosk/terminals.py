"""A terminal on a SIMULATED board in scenario time, with a real outbox: what goes in, and what has come of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import TypeVar

import msgspec
from msgspec import Struct

from edge_agent import app
from edge_agent.tasks.device import Device
from edge_agent.wire import ratings as wire
from edge_agent.wire.messages import ClerkBadge, CounterNotice, LaneAck, Notice
from edge_agent.wire.ratings import card_digest
from edge_agent.wire.topics import Lane
from firmware_sim.board import SimBoard
from firmware_sim.clock import ScenarioClock
from kiosk.rating.given import Kept
from kiosk.rating.terminal import Terminal
from kiosk.rating.tickets import sign_event
from kiosk.settings import KioskSettings
from kiosk.web.routes import screen_of
from kiosk.web.screen import Screen
from tests.waiting import until

START = 1_800_000_000_000
KEYS, LAMPS, BUZZER, SIGNAL, PRESENCE = (5, 6, 13), (20, 21, 26), 12, 17, 27
CARD = "04A1B2"
SECRET, CARD_KEY = b"s" * 40, b"c" * 40
LIMIT_S = 40.0
KINDS: dict[str, type[Struct]] = {
    wire.PRESS: wire.PressBody,
    wire.RATING: wire.RatingBody,
    wire.RATING_MORE: wire.RatingMoreBody,
    wire.SERVICE: wire.ServiceBody,
    wire.SHIFT: wire.ShiftBody,
}
CLERKS = [
    ClerkBadge("3107", "Li Min", card_digest(CARD_KEY, CARD), 4, 412),
    ClerkBadge("3108", "Wang Fang", card_digest(CARD_KEY, "04FFEE"), 5, 90, lapsed=True),
]
NOTICE = Notice(1, [], START, counter=CounterNotice("Counter 2", "2 号柜台", CLERKS))
Body = TypeVar("Body", bound=Struct)


def make_settings(folder: Path, identity: Path | None = None, **rating: object) -> KioskSettings:
    """A terminal of three keys that speaks to nobody."""
    key, cards = folder / "queue.key", folder / "cards.key"
    for file, secret in ((key, SECRET), (cards, CARD_KEY)):
        file.write_bytes(secret)
        file.chmod(0o600)
    given: dict[str, object] = {
        "counter": "2",
        "button_pins": KEYS,
        "lamp_pins": LAMPS,
        "buzzer_pin": BUZZER,
        "signal_pin": SIGNAL,
        "presence_pin": PRESENCE,
        "badge_reader": "reader",
        "card_key_file": cards,
        "event_key": [{"id": "queue", "file": key}],
        "port": 0,
    }
    return KioskSettings.model_validate(
        {
            "device": "desk-01",
            "role": "rating-terminal",
            "state_dir": folder,
            "broker": {"port": 1},
            "identity": {"folder": identity},
            "outbox": {"max_mb": 4},
            "rating": given | rating,
        }
    )


@dataclass
class Rig:
    """A terminal while it runs, and the hands around it."""

    terminal: Terminal
    board: SimBoard
    clock: ScenarioClock
    device: Device
    _events: int = field(default=0)

    async def pass_time(self, seconds: float) -> None:
        """Scenario time goes on."""
        await self.clock.run(self.clock.now() + round(seconds * 1000))

    async def press(self, score: int, held_s: float = 0.1) -> None:
        """A finger on a key, and off it."""
        self.board.set_contact(KEYS[score - 1], True)
        await asyncio.sleep(0)
        await self.pass_time(held_s)
        self.board.set_contact(KEYS[score - 1], False)
        await self.pass_time(0.1)

    async def card(self, line: str = CARD) -> None:
        """A card is held to the reader."""
        self.board.show_card(line)
        await self.pass_time(0.01)

    def event(self, what: str, ticket: str, **other: object) -> tuple[bytes, str]:
        """A signed event of the counter system: body and signature."""
        self._events += 1
        given = {"counter": "2", "event": what, "ticket": ticket, "at": self.clock.now(), "key": "queue"}
        number = {"number": f"{self.device.outbox.boot}-{self._events}"}
        body = json.dumps(given | number | other).encode()
        return body, sign_event(SECRET, body)

    async def serve(self, ticket: str = "A1", **other: object) -> None:
        """A service from its begin to its end: the window is open."""
        await self.terminal.hear(*self.event("begin", ticket, **other))
        await self.pass_time(60)
        await self.terminal.hear(*self.event("end", ticket))
        await self.pass_time(0.5)

    async def records(self, *kinds: str) -> list[Struct]:
        """What stands on the disk, in order; of these kinds alone if any are named."""
        await until(lambda: self.terminal.idle)
        rows = await self.device.outbox.pending(Lane.RECORD, 0, 500)
        return [msgspec.json.decode(row.body, type=KINDS[row.kind]) for row in rows if not kinds or row.kind in kinds]

    async def bodies(self, kind: type[Body]) -> list[Body]:
        """The bodies of one kind."""
        return [body for body in await self.records() if isinstance(body, kind)]

    async def acknowledge(self, upto: int) -> None:
        """The gateway has stored all records up to this one."""
        self.device.outbox.mark_sent(Lane.RECORD, upto)
        self.device.outbox.acknowledge(Lane.RECORD, LaneAck(upto))
        await until(lambda: self.device.outbox.lanes[Lane.RECORD].rows == 0)

    def kept(self) -> Kept | None:
        """Where the rating just given is; None when there is none."""
        return None if self.terminal.given is None else self.terminal.given.state

    @property
    def screen(self) -> Screen:
        """What the screen shows."""
        return screen_of(self.terminal)

    @property
    def lamps(self) -> list[bool]:
        """Which lamps are on."""
        return [self.board.is_on(pin) for pin in LAMPS]


@asynccontextmanager
async def running_terminal(settings: KioskSettings, board: SimBoard, clock: ScenarioClock) -> AsyncIterator[Rig]:
    """A terminal while it runs; stopped in order at the end."""
    terminal = Terminal(settings.rating)
    task = asyncio.create_task(app.run(settings, board, clock, (terminal.run,), observer=terminal))
    waiting = asyncio.create_task(terminal.ready.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED, timeout=LIMIT_S)
    if task.done():
        task.result()
    terminal.device.notice = NOTICE
    try:
        yield Rig(terminal, board, clock, terminal.device)
    finally:
        terminal.device.stopping.set()
        await task


def cut_off(settings: KioskSettings, folder: Path) -> KioskSettings:
    """The disk as a power cut would leave it now, for another life in `folder`."""
    folder.mkdir()
    for file in settings.state_dir.glob("outbox.db*"):
        copyfile(file, folder / file.name)
    return settings.model_copy(update={"state_dir": folder})
