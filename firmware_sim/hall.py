"""The form of a SIMULATED service station in a scenario: counters, clerks with cards, customers, and hands on keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from edge_agent.settings import Positive, Section
from edge_agent.wire.ratings import Uncounted
from firmware_sim.fingers import Touch
from firmware_sim.instants import Instant
from kiosk.settings import RatingSettings

Number = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9-]+$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,32}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
#: What a press that counts is called beside the reasons of those that do not.
COUNTED = "counted"
OUTCOMES = frozenset({COUNTED, *(reason.value for reason in Uncounted if reason)})


class Clerk(Section):
    """A person behind the counters; every one is invented."""

    number: Number = Field(description="The number that customers see.")
    name: Words = Field(description="The name that customers see.")
    card: Number = Field(description="What a reader reads of the card.")


class Station(Section):
    """A service station; its counters are the devices that have a `rating`."""

    code: Code = Field(description="Short name, unique in the scenario.")
    name: Words = Field(description="Name on screens, English.")
    name_zh: Words = Field(description="Name on screens, Chinese.")
    zone: str = Field("Asia/Shanghai", min_length=1, description="IANA time zone.")
    opens: Clock = Field("08:30", description="HH:MM in the zone.")
    closes: Clock = Field("17:30", description="HH:MM in the zone.")
    clerk: tuple[Clerk, ...] = Field((), max_length=100)


class Visit(Section):
    """One customer at the counter. Without a ticket nobody tells the terminal: only the presence sensor knows."""

    at_ms: Instant = Field(alias="at", description="When the service begins.")
    ticket: str = Field("", max_length=32, description="Of the queue; empty for a walk-up.")
    serve_s: Positive = Field(90, description="How long the service takes.")
    waited_s: int | None = Field(None, ge=0, le=36_000, description="What the ticket says of the wait before.")
    ended: bool = Field(True, description="Whether the counter system says that it ended: only then is one invited.")
    score: int = Field(0, ge=0, le=5, description="The key that the customer presses; 0 presses none.")
    after_s: Positive = Field(4, description="How long after the end of the service.")

    @property
    def end_ms(self) -> int:
        """When the service ends, ms UTC."""
        return self.at_ms + round(self.serve_s * 1000)


class Flow(Section):
    """Ordinary customers one after the other, drawn by the scenario's seed."""

    begin_ms: Instant = Field(alias="begin", description="From when.")
    end_ms: Instant = Field(alias="end", description="Until when.")
    every_s: float = Field(ge=240, le=7200, description="Time from one to the next.")
    prefix: Number = Field(description="Their tickets: this and a number.")


class Hand(Section):
    """A touch that is no ordinary press, and what the story expects of it: an outcome for each press that is seen."""

    at_ms: Instant = Field(alias="at", description="When it begins.")
    score: int = Field(ge=1, le=5, description="The key it begins at.")
    touch: Touch = Field(Touch.PRESS, description="press, mash, palm, stuck or chatter.")
    free_s: float = Field(0, ge=0, le=3600, description="A stuck or loose key is set free after so long; 0: a press.")
    expect: tuple[str, ...] = Field(description="For each press in turn: counted, or the reason why not.")
    ticket: str = Field("", max_length=32, description="The service that it rates, when one of them counts.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Hand:
        if unknown := sorted(set(self.expect) - OUTCOMES):
            raise ValueError(f"{unknown[0]!r} is no outcome; use one of {', '.join(sorted(OUTCOMES))}")
        if (COUNTED in self.expect) != bool(self.ticket):
            raise ValueError("a touch that counts names the `ticket` that it rates, and no other does")
        if (self.touch in (Touch.STUCK, Touch.CHATTER)) != (self.free_s > 0):
            raise ValueError("`free_s` belongs to a stuck key and to chatter, and they need it")
        return self


class Card(Section):
    """A clerk holds the card to the reader."""

    at_ms: Instant = Field(alias="at", description="When.")
    clerk: Number = Field(description="Number of a [[station.clerk]].")


class Desk(RatingSettings):
    """A counter: the terminal's own settings, and what happens there. Its shared key is made when it starts."""

    station: Code = Field(description="Code of a [[station]].")
    card: tuple[Card, ...] = Field((), max_length=1000)
    flow: tuple[Flow, ...] = Field((), max_length=100)
    visit: tuple[Visit, ...] = Field((), max_length=10_000)
    hand: tuple[Hand, ...] = Field((), max_length=1000)
