"""The duty calendar: who is called first, second and third, from when to when; a CSV table beside the recipients."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_gateway.outreach.recipients import Line
from cloud_gateway.outreach.sheets import read_entry, read_table
from cloud_gateway.sites.entries import Mistake
from edge_agent.web.times import EPOCH, MILLISECOND


class DutyEntry(BaseModel):
    """One turn of one recipient."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(min_length=1, description="Name of a recipient.")
    role: str = Field("risk-engineer", description="Role of that recipient.")
    since: str = Field(description="RFC 3339, or YYYY-MM-DD HH:MM in the zone of [outreach].")
    until: str = Field(description="As `since`; the first moment after the turn.")
    rank: int = Field(1, ge=1, le=20, description="1 is called first.")

    @model_validator(mode="after")
    def _times(self) -> Self:
        for name in ("since", "until"):
            try:
                datetime.fromisoformat(getattr(self, name))
            except ValueError as exc:
                raise ValueError(f"{name}: {str(getattr(self, name))[:40]!r} is no time") from exc
        return self


class Turn(NamedTuple):
    """A turn with its times in ms UTC; `row` is where it stood."""

    row: int
    name: str
    role: str
    since: int
    until: int
    rank: int


class Calendar(NamedTuple):
    """What a table holds."""

    turns: tuple[Turn, ...]
    mistakes: tuple[Mistake, ...]


def read_calendar(raw: bytes, zone: str) -> Calendar:
    """Turns of a CSV table; times without an offset are wall times of `zone`. Raises TableRefused."""
    turns: list[Turn] = []
    mistakes: list[Mistake] = []
    for number, values in read_table(raw, tuple(DutyEntry.model_fields), ("name", "since", "until")):
        found = read_entry(DutyEntry, number, values)
        if isinstance(found, list):
            mistakes += found
            continue
        turn = make_turn(number, found, zone)
        if turn.until <= turn.since:
            mistakes.append(Mistake(number, "until", "the turn ends before it begins", "Give a later time"))
        else:
            turns.append(turn)
    return Calendar(tuple(turns), tuple(mistakes))


def make_turn(row: int, entry: DutyEntry, zone: str) -> Turn:
    """The entry with its times on one scale."""
    return Turn(row, entry.name, entry.role, _moment(entry.since, zone), _moment(entry.until, zone), entry.rank)


def _moment(text: str, zone: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return (moment - EPOCH) // MILLISECOND
