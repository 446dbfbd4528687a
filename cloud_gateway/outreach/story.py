"""A story to simulate: sites, people, turns of duty, changes of hazard events and answers, from a TOML file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.recipients import RecipientEntry
from cloud_gateway.section import Section
from cloud_gateway.warnings.hazards import HAZARDS
from edge_agent.web.times import parse_time


def _read_time(value: object) -> int:
    text = value.isoformat() if isinstance(value, datetime) else value
    if not isinstance(text, str):
        raise ValueError("a time is needed: 2026-07-20T08:00:00+08:00")  # pydantic wants ValueError
    return parse_time(text)


Time = Annotated[int, BeforeValidator(_read_time)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{2,32}$")]


class StorySite(Section):
    """A site; one that only a change names needs no entry."""

    code: Code = Field(description="Short name, unique.")
    zone: str = Field("Asia/Shanghai", description="IANA time zone.")
    priority: float = Field(0.0, allow_inf_nan=False, description="Larger ones are told first.")


class StoryTurn(Section):
    """Somebody on duty."""

    name: str = Field(description="Name of a recipient.")
    since: Time = Field(description="RFC 3339.")
    until: Time = Field(description="RFC 3339; the first moment after it.")
    rank: int = Field(1, ge=1, le=100, description="1 is called first.")


class StoryChange(Section):
    """The event of one hazard at these sites changes."""

    at: Time = Field(description="RFC 3339.")
    hazard: str = Field(description="Our name of the hazard.")
    change: Change = Field(description="advice, raised, upgraded, downgraded, cleared, confirmed.")
    level: int = Field(0, ge=0, le=4, description="From then on; 1 as blue or Minor, 4 as red or Extreme.")
    sites: tuple[Code, ...] = Field(min_length=1, description="Codes.")
    onset: Time | None = Field(None, description="When it is to begin; not given: at once.")
    simulated: bool = Field(False, description="Marked SIMULATED, and told to no customer.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.hazard not in HAZARDS:
            raise ValueError(f"{self.hazard!r} is no hazard; there are {', '.join(HAZARDS)}")
        if (self.change is Change.CLEARED) is not (self.level == 0):
            raise ValueError("level 0 goes with cleared and with nothing else")
        return self


class StoryAnswer(Section):
    """Somebody answers the newest message that reached them and asked for an answer, or the newest at all."""

    at: Time = Field(description="RFC 3339.")
    name: str = Field(description="Name of a recipient.")
    choice: Choice = Field(description="acting, unsafe, need-help, not-mine.")


class Story(Section):
    """What is played. Recipients have the columns of `weiran outreach people import`."""

    site: tuple[StorySite, ...] = ()
    recipient: tuple[RecipientEntry, ...] = ()
    duty: tuple[StoryTurn, ...] = ()
    change: tuple[StoryChange, ...] = Field(min_length=1, description="In any order; told by their times.")
    answer: tuple[StoryAnswer, ...] = ()
