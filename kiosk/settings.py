"""The settings of a rating terminal: an agent's, and the section `rating`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_agent.settings import AgentSettings, ContactSensor, Pin, PulseSensor, Section
from edge_agent.wire.ratings import ServedBy

Span = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class EventKey(Section):
    """A key that a counter system or a ticket machine signs its events with."""

    id: Name = Field(description="The key's name, as the events give it.")
    file: Path = Field(description="File of the shared key, mode 0600: 32 bytes or more.")
    by: Literal[ServedBy.COUNTER_SYSTEM, ServedBy.TICKET] = Field(
        ServedBy.COUNTER_SYSTEM, description="What the holder of this key is."
    )


class KeySettings(Section):
    """When a press is a press, and when a key is in trouble."""

    hold_s: Span = Field(0.02, description="A press counts once the contact has held this long.")
    together_s: Span = Field(
        0.3,
        description="A key that goes down within this of another is the same hand and does not count; "
        "the first one counts only if it had held for hold_s by then.",
    )
    stuck_s: Span = Field(10, description="Down for so long means a stuck key.")
    recover_s: Span = Field(5, description="A key is sound again after so long without trouble.")
    chatter_edges: int = Field(50, ge=4, le=1000, description="More changes of a contact within a second are chatter.")
    mash_presses: int = Field(4, ge=2, le=100, description="So many presses within mash_s are mashing.")
    mash_s: Span = Field(2, description="The time in which presses are counted for mashing.")


class RatingSettings(Section):
    """The rating terminal of one counter."""

    counter: Name = Field(description="The counter's number, as the counter system names it.")
    scale: Literal[3, 5] = Field(3, description="Levels of a rating; results of the two are never added together.")
    button_pins: tuple[Pin, ...] = Field((), description="Pins of the keys, worst score first; none: screen only.")
    lamp_pins: tuple[Pin, ...] = Field((), description="Pins of the lamps in the keys, in the same order.")
    buzzer_pin: Pin | None = Field(None, description="Pin of the buzzer at the counter.")
    signal_pin: Pin | None = Field(None, description="Pin of the duty manager's signal; out of sight of the counter.")
    presence_pin: Pin | None = Field(None, description="Pin of the sensor that knows whether somebody stands there.")
    badge_reader: Path | None = Field(None, description="Serial device of the card reader: one line for each reading.")
    card_key_file: Path | None = Field(
        None, description="File of the key that clerks' cards are known by: `cards.key` of the identity's folder."
    )
    printer: Path | None = Field(None, description="Character device of the receipt printer (ESC/POS).")
    printer_dots: Literal[384, 576] = Field(384, description="Dots across its paper: 384 on 58 mm, 576 on 80 mm.")
    printer_head: str = Field("", max_length=64, description="First line of a printed receipt: the station's name.")
    printer_zone: str = Field("Asia/Shanghai", description="Time zone of a printed receipt's time (IANA).")
    event_key: tuple[EventKey, ...] = Field((), max_length=8)
    keys: KeySettings = KeySettings()
    window_s: Span = Field(30, description="A customer may rate for so long after the end of a service.")
    late_s: Span = Field(60, description="A press so long after the window is kept as late.")
    thanks_s: Span = Field(40, description="Receipt and further questions stay on the screen for so long.")
    signal_s: Span = Field(60, description="The duty manager's signal stays on for so long.")
    bad_upto: int = Field(1, ge=1, le=4, description="Scores up to this call the duty manager; 2 is usual for five.")
    card_s: Span = Field(5, description="A clerk's card is taken to lie there so long after each reading.")
    shift_s: float = Field(50_400, gt=0, le=86_400, description="A forgotten shift ends after this.")
    walk_up_s: Span = Field(60, description="Presence of so long without a service is taken for a walk-up customer.")
    gone_s: Span = Field(8, description="Nobody is there once the presence sensor has been quiet for so long.")
    tolerance_s: Span = Field(120, description="Events of services may be so much older or newer than this clock.")
    host: str = Field("127.0.0.1", description="Where the screen and the events of services are served.")
    port: int = Field(8085, ge=0, le=65535, description="TCP port of both; 0: a free one.")
    origin: str = Field(
        "https://weiran.example",
        pattern=r"^https?://[^/#?]+$",
        description="The public address that a receipt's QR code leads to.",
    )
    ask_more: bool = Field(True, description="Offer further questions after the rating.")

    @model_validator(mode="after")
    def _pins_fit(self) -> RatingSettings:
        for name, pins in (("button_pins", self.button_pins), ("lamp_pins", self.lamp_pins)):
            if pins and len(pins) != self.scale:
                raise ValueError(f"{name} names {len(pins)} pins; a scale of {self.scale} has {self.scale} keys")
        if self.bad_upto >= self.scale:
            raise ValueError(f"bad_upto {self.bad_upto} leaves no good score on a scale of {self.scale}")
        return self

    def pins(self) -> list[int]:
        """Every pin that the terminal uses."""
        single = (self.buzzer_pin, self.signal_pin, self.presence_pin)
        return [*self.button_pins, *self.lamp_pins, *(pin for pin in single if pin is not None)]


class KioskSettings(AgentSettings):
    """Everything a rating terminal needs to know: what any device does, and `rating`."""

    rating: RatingSettings

    @model_validator(mode="after")
    def _pins_are_free(self) -> KioskSettings:
        used = [s.pin for s in self.sensor if isinstance(s, PulseSensor | ContactSensor)]
        used += [p for p in (self.panel.siren_pin, self.panel.lamp_pin) if p is not None]
        used += self.rating.pins()
        twice = sorted({pin for pin in used if used.count(pin) > 1})
        if twice:
            raise ValueError(f"pin {twice[0]} is used twice; give each its own")
        return self
