"""The form of a story's modelled warnings: who issues what, for where, when; always marked SIMULATED / 模拟."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from edge_agent.settings import Section
from firmware_sim.instants import Instant

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Prose = Annotated[str, StringConstraints(max_length=4000)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,40}$")]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Corner = tuple[Latitude, Longitude]
MAX_WARNINGS = 1000


class Issuer(Section):
    """An office of a weather service, as the story models it."""

    id: Id = Field(description="Unique in the scenario; part of the sender.")
    name: Words = Field(description="English name; the feed adds SIMULATED.")
    name_zh: Words = Field(description="Chinese name; the feed adds 模拟.")
    adcode: str = Field("", pattern=r"^([0-9]{6})?$", description="Division code of a Chinese office.")


class Zone(Section):
    """An area that warnings are issued for: an outline, a circle, codes, or several of these."""

    id: Id = Field(description="Unique in the scenario.")
    name: Words = Field(description="As the warning's area description.")
    name_zh: str = Field("", max_length=500, description="The same, Chinese; empty: the English one.")
    polygon: tuple[Corner, ...] = Field((), max_length=1000, description="Corners [latitude, longitude], not closed.")
    circle: tuple[Latitude, Longitude, float] | None = Field(None, description="[latitude, longitude, radius in km].")
    codes: dict[Key, tuple[Key, ...]] = Field({}, description="Codes by scheme: SAME, UGC, adcode...")

    @model_validator(mode="after")
    def _somewhere(self) -> Zone:
        if not (self.polygon or self.circle or self.codes):
            raise ValueError("needs a `polygon`, a `circle` or `codes`, or it is nowhere")
        if 0 < len(self.polygon) < 3:
            raise ValueError("a `polygon` needs three corners at least")
        return self


class Bulletin(Section):
    """One message of a modelled office."""

    id: Id = Field(description="Unique in the scenario; part of the identifier.")
    at_ms: Instant = Field(alias="at", description="Sent and published at this story time.")
    issuer: Id = Field(description="Id of an [[issuer]].")
    type: Literal["alert", "update", "cancel"] = Field("alert", description="What it does.")
    status: Literal["actual", "exercise", "test"] = Field("actual", description="A test must reach nobody.")
    replaces: tuple[Id, ...] = Field((), max_length=50, description="Earlier messages that it replaces or cancels.")
    event: Words = Field(description="Name of the event, English.")
    event_zh: Words = Field(description="The same, Chinese.")
    kind: str = Field("", max_length=40, description="Code of the kind: 11B01... in the Chinese shape.")
    color: Literal["", "blue", "yellow", "orange", "red"] = Field("", description="Colour of a Chinese signal.")
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] = "Unknown"
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"] = "Unknown"
    certainty: Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"] = "Unknown"
    onset_ms: Instant | None = Field(None, alias="onset", description="When the hazard is to begin.")
    expires_ms: Instant | None = Field(None, alias="expires", description="Until when the message holds.")
    ends_ms: Instant | None = Field(None, alias="ends", description="When the hazard is to end.")
    parameters: dict[Key, Words] = Field({}, description="Further parameters, such as VTEC.")
    zones: tuple[Id, ...] = Field((), max_length=100, description="Ids of [[zone]].")
    text: Prose = Field("", description="What it says, English; written for the story.")
    text_zh: Prose = Field("", description="The same, Chinese.")
    advice: Prose = Field("", description="What to do, English.")
    advice_zh: Prose = Field("", description="The same, Chinese.")
