"""A SIMULATED counter: plays its day on a board, and is the counter system that posts signed events over real HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

import httpx
import msgspec

from edge_agent.hardware.clock import Clock
from edge_agent.storage.facts import Item
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.ratings import PRESS, PressBody, ServedBy
from edge_agent.wire.shared_keys import KEY_BYTES
from edge_agent.wire.topics import Lane
from firmware_sim.board import SimBoard
from firmware_sim.day import Act, Looked, Moved, Said, Showed, Stood, Waited
from firmware_sim.fingers import Touch, play, touch_edges
from firmware_sim.hall import COUNTED
from kiosk.rating.terminal import Terminal
from kiosk.rating.tickets import sign_event
from kiosk.settings import EventKey, RatingSettings
from kiosk.web.routes import SERVICES

logger = logging.getLogger(__name__)

KEY_NAME = "simulated-counter-system"
#: What a finger has moved reaches the terminal's decisions within so many passes of the event loop.
PASSES = 20
#: A terminal that cannot take an event now is asked again, real seconds; so often.
RETRY_S, TRIES = 0.5, 60
#: Clerks' cards are known once the gateway has said so; after this, real seconds, the day begins without.
NOTICE_LIMIT_S = 120.0
POLL_S = 0.02
#: A press that was seen is on disk within this, real seconds.
OUTCOME_LIMIT_S = 15.0
SIGNAL_SEEN = "SIMULATED: the duty manager's signal is on"


def make_event_key(file: Path) -> EventKey:
    """The shared key of a terminal and its SIMULATED counter system; made where there is none."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(KEY_BYTES))
    return EventKey(id=KEY_NAME, file=file, by=ServedBy.COUNTER_SYSTEM)


class SimDesk:
    """The world around one terminal, and an observer of its outbox: it hears what became of each press.

    `held` is true while something real goes on that the story must wait for.
    """

    def __init__(self, rules: RatingSettings, board: SimBoard, clock: Clock) -> None:
        """`rules` names one event key. Raises CredentialError."""
        self.terminal = Terminal(rules)
        self._rules, self._board, self._clock = rules, board, clock
        self._secret = rules.event_key[0].file.read_bytes().strip()
        self._serving = asyncio.Event()
        self._origin = ""
        self._acting = False
        self._outcomes: asyncio.Queue[str] = asyncio.Queue()
        self._pressing = asyncio.Lock()
        self.port = 0

    def serve_at(self, port: int) -> None:
        """The terminal's screen and its address for events are served at this port."""
        self.port, self._origin = port, f"http://{self._rules.host}:{port}"
        self._serving.set()

    def take_up(self, acts: Sequence[Act], now_ms: int) -> None:
        """The contacts are as what has happened before now has left them; before the terminal runs."""
        for act in acts:
            if act.at_ms < now_ms and isinstance(act.deed, Moved):
                self.move(*act.deed)
            elif act.at_ms < now_ms and isinstance(act.deed, Stood):
                self.stand(act.deed.here)

    @property
    def held(self) -> bool:
        """Whether a deed is being done, or what came of it is not on disk yet."""
        return self._acting or not (self.terminal.idle or self.terminal.full)

    async def served(self) -> None:
        """Return when the terminal works and takes events."""
        await self.terminal.ready.wait()
        await self._serving.wait()

    async def ready(self) -> None:
        """Return when the terminal works, is served and knows its clerks; without clerks after a while."""
        await self.served()
        try:
            async with asyncio.timeout(NOTICE_LIMIT_S):
                while not self.terminal.clerks():  # noqa: ASYNC110 - a notice wakes lights and pages alone
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            logger.warning("no clerks are known: cards will not be read", extra=self._named())

    async def play(self, acts: Iterable[Act]) -> None:
        """Do what is still to come, each deed at its time."""
        begun = self._clock.now()
        async with httpx.AsyncClient(timeout=30.0, trust_env=False) as client:
            for act in acts:
                if act.at_ms < begun:
                    continue  # another life of this device did it, or nobody
                await self._clock.sleep((act.at_ms - self._clock.now()) / 1000)
                self._acting = True
                await self._do(act, client)
                for _ in range(PASSES):
                    await asyncio.sleep(0)
                self._acting = False

    async def _do(self, act: Act, client: httpx.AsyncClient) -> None:
        match act.deed:
            case Said():
                await self.say(act.deed, client)
            case Moved(key, closed):
                self.move(key, closed)
            case Stood(here):
                self.stand(here)
            case Showed(line):
                self._board.show_card(line)
            case Looked():
                self._look()
            case Waited():
                pass

    async def press(self, score: int, touch: Touch = Touch.PRESS) -> list[str]:
        """Touch a key as a hand would; what became of each press that was seen: counted, or why not."""
        async with self._pressing:
            self._outcomes = asyncio.Queue()
            edges = touch_edges(touch, score - 1, self._rules.scale, secrets.token_hex(8))
            await play(self._board, self._rules.button_pins, edges, self._clock)
            heard: list[str] = []
            try:
                async with asyncio.timeout(OUTCOME_LIMIT_S):
                    heard.append(await self._outcomes.get())
                    while not self.terminal.idle:  # noqa: ASYNC110 - what else was seen is on its way to the disk
                        await asyncio.sleep(POLL_S)
            except TimeoutError:
                return heard
            while not self._outcomes.empty():
                heard.append(self._outcomes.get_nowait())
            return heard

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """The outbox has committed these."""
        for _, item in items:
            if item.kind == PRESS:
                self._outcomes.put_nowait(msgspec.json.decode(item.body, type=PressBody).reason.value or COUNTED)

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The gateway has said what it has: nothing to a hand."""

    def move(self, key: int, closed: bool) -> None:
        """Move the contact of a key."""
        self._board.set_contact(self._rules.button_pins[key], closed)

    def stand(self, here: bool) -> None:
        """Somebody comes before the presence sensor, or has left."""
        if self._rules.presence_pin is not None:
            self._board.set_contact(self._rules.presence_pin, here, pull_up=False)

    async def say(self, said: Said, client: httpx.AsyncClient) -> None:
        """Post an event, signed, with a number used once; a terminal that is busy, or not reached, is asked again."""
        body = self._event(said)
        headers = {"Weiran-Signature": sign_event(self._secret, body), "Content-Type": "application/json"}
        wrong = ""
        for _ in range(TRIES):
            try:
                answer = await client.post(self._origin + SERVICES, content=body, headers=headers)
            except httpx.ConnectError as exc:  # for whatever reason: the devices beside it go on
                wrong = f"an event was not taken: {exc!r}"
            else:
                wrong = f"an event was refused: {answer.status_code} {answer.text[:200]}" if answer.is_error else ""
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
            await asyncio.sleep(RETRY_S)
        if wrong:
            logger.error(wrong, extra=self._named())

    def _event(self, said: Said) -> bytes:
        facts = {"counter": self._rules.counter, "event": said.event, "ticket": said.ticket, "waited_s": said.waited_s}
        stamp = {"number": secrets.token_hex(16), "at": self._clock.now(), "key": KEY_NAME}
        return json.dumps(facts | stamp).encode()

    def _look(self) -> None:
        if self._rules.signal_pin is not None and self._board.is_on(self._rules.signal_pin):
            logger.info(SIGNAL_SEEN, extra=self._named())

    def _named(self) -> dict[str, str]:
        return {"device": self.terminal.device.settings.device}
