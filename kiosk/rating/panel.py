"""The pins of a terminal: keys, lamps, buzzer, the duty manager's signal, presence and the card reader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from edge_agent.hardware.board import DigitalInput, HardwareError, LineReader, Output
from edge_agent.tasks.device import Device
from kiosk.rating.counter import Lights
from kiosk.settings import RatingSettings

Edge = Callable[[int, bool, int], None]
PRESENCE, READER = "presence sensor", "card reader"
#: A card reader that has gone is looked for again after this, real seconds.
REOPEN_S = 5.0


class Panel:
    """What of a terminal's pins can be used; what cannot is named among the device's troubles, and the rest works."""

    def __init__(self, device: Device, rules: RatingSettings) -> None:
        self._device, self._rules = device, rules
        self._lamps = [out for pin in rules.lamp_pins if (out := self._output(pin, "lamp")) is not None]
        self._buzzer = self._output(rules.buzzer_pin, "buzzer")
        self._signal = self._output(rules.signal_pin, "duty signal")
        self._shown = Lights()
        self._inputs: list[DigitalInput] = []
        self._reader: LineReader | None = None
        self._on_line: Callable[[str], None] = lambda line: None

    def listen(self, on_key: Edge, on_presence: Callable[[bool, int], None], on_line: Callable[[str], None]) -> None:
        """From now on tell of keys (score, active, mono), presence and cards; always in the loop's thread."""
        for score, pin in enumerate(self._rules.button_pins, start=1):
            self._listen(pin, f"key {score}", True, partial(on_key, score))
        if self._rules.presence_pin is not None:
            self._listen(self._rules.presence_pin, PRESENCE, False, on_presence)
        self._on_line = on_line
        self._open_reader()

    def show(self, lights: Lights) -> None:
        """Switch what has changed, at once."""
        before, self._shown = self._shown, lights
        if lights.lamps != before.lamps:
            for lamp in self._lamps:
                self._switch(lamp, lights.lamps, "lamp")
        if lights.buzzer != before.buzzer and self._buzzer is not None:
            self._switch(self._buzzer, lights.buzzer, "buzzer")
        if lights.signal != before.signal and self._signal is not None:
            self._switch(self._signal, lights.signal, "duty signal")

    async def mind_reader(self) -> None:
        """The duty that opens the card reader again when it has gone, or was not there."""
        while self._rules.badge_reader is not None:
            await asyncio.sleep(REOPEN_S)
            if self._reader is not None and self._reader.lost is not None:
                self._device.report(READER, self._reader.lost)
                self._reader = None
            if self._reader is None:
                self._open_reader()

    def close(self) -> None:
        """Let go of what is not a pin: the board releases those."""
        if self._reader is not None:
            self._reader.close()

    def _listen(self, pin: int, part: str, pull_up: bool, tell: Callable[[bool, int], None]) -> None:
        loop, clock = asyncio.get_running_loop(), self._device.clock
        with self._told(part):
            contact = self._device.board.digital(pin, pull_up=pull_up)
            contact.on_change(lambda active: _call(loop, tell, active, clock.mono()))
            self._inputs.append(contact)
            if contact.active:  # stuck since before the start, or somebody is there already
                tell(True, clock.mono())

    def _open_reader(self) -> None:
        if self._rules.badge_reader is None:
            return
        loop = asyncio.get_running_loop()
        with self._told(READER):
            self._reader = self._device.board.reader(self._rules.badge_reader)
            self._reader.on_line(lambda line: _call(loop, self._on_line, line))
            self._device.report(READER, None)

    def _output(self, pin: int | None, part: str) -> Output | None:
        if pin is None:
            return None
        with self._told(part):
            return self._device.board.output(pin)
        return None

    def _switch(self, output: Output, on: bool, part: str) -> None:
        with self._told(part):
            output.set(on)

    @contextmanager
    def _told(self, part: str) -> Iterator[None]:
        """A part that fails is named, and must not keep a rating from being recorded."""
        try:
            yield
        except HardwareError as exc:
            self._device.report(part, exc)


def _call(loop: asyncio.AbstractEventLoop, tell: Callable[..., None], *facts: object) -> None:
    """Enter the loop from whichever thread the pin is driven by; a loop that has ended hears nothing."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(tell, *facts)
