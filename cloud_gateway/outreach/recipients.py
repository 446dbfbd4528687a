"""Who is told, as it is entered by hand, by the API or from a CSV table, with every wrong field named."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_gateway.outreach.sheets import read_entry, read_table
from cloud_gateway.sites.entries import Mistake
from cloud_gateway.warnings.hazards import HAZARDS
from edge_agent.wire.topics import DEVICE_ID

ZONES = available_timezones()
Line = Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class RecipientEntry(BaseModel):
    """Somebody who is told."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(min_length=1, description="Name; with the role it tells one recipient from another.")
    role: Literal["risk-engineer", "customer", "branch", "rescue"] = Field(
        description="risk-engineer, customer, branch or rescue."
    )
    language: Literal["zh-Hans", "en"] = Field("zh-Hans", description="zh-Hans or en.")
    zone: str = Field("Asia/Shanghai", description="IANA time zone, such as Asia/Shanghai.")
    sites: list[Line] = Field(default=[], max_length=10_000, description="Codes of the sites; semicolons in a table.")
    mail: str = Field("", max_length=200, pattern=r"^([!-?A-~]+@[!-?A-~]+)?$", description="One mail address.")
    chat: str = Field("", max_length=500, pattern=r"^([a-z0-9]+://\S+)?$", description="An apprise address.")
    phone: str = Field("", pattern=r"^(\+?[0-9][0-9 ()-]{2,23})?$", description="Digits, spaces, hyphens, a leading +.")
    device: str = Field("", pattern=rf"^({DEVICE_ID.pattern})?$", description="Id of a device.")
    quiet_from: Clock | None = Field(None, description="HH:MM in the zone; goes together with quiet_to.")
    quiet_to: Clock | None = Field(None, description="HH:MM in the zone; goes together with quiet_from.")
    breaks_quiet: int = Field(4, ge=1, le=4, description="From this level on quiet hours do not count, 1 to 4.")
    least: int = Field(1, ge=1, le=4, description="Nothing below this level is told, 1 to 4.")
    hazards: list[str] = Field(default=[], max_length=50, description="Names of hazards; empty: all.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.zone not in ZONES:
            raise ValueError(f"zone: {self.zone!r} is no IANA time zone")
        if unknown := [name for name in self.hazards if name not in HAZARDS]:
            raise ValueError(f"hazards: {unknown[0]!r} is no hazard; there are {', '.join(HAZARDS)}")
        if (self.quiet_from is None) is not (self.quiet_to is None):
            raise ValueError("quiet_from: quiet hours need a beginning and an end")
        if not (self.mail or self.chat or self.phone or self.device):
            raise ValueError("mail: there is no way to them; give mail, chat, phone or device")
        return self


class Row(NamedTuple):
    """An entry and where it stood, from 1, without the header."""

    row: int
    entry: RecipientEntry


class People(NamedTuple):
    """What a table holds."""

    rows: tuple[Row, ...]
    mistakes: tuple[Mistake, ...]


def read_people(raw: bytes) -> People:
    """Recipients of a CSV table with named columns, in UTF-8 or GB 18030. Raises TableRefused."""
    rows: dict[tuple[str, str], Row] = {}
    mistakes: list[Mistake] = []
    for number, values in read_table(raw, tuple(RecipientEntry.model_fields), ("name", "role")):
        found = read_entry(RecipientEntry, number, values)
        if isinstance(found, list):
            mistakes += found
            continue
        known = rows.setdefault((found.name, found.role), Row(number, found))
        if known.row != number:
            text = f"{found.name!r} with this role is in row {known.row} too"
            mistakes.append(Mistake(number, "name", text, "Tell them apart by name, or give all sites in one row"))
    return People(tuple(rows.values()), tuple(mistakes))


def minutes_of(clock: str | None) -> int | None:
    """HH:MM as a minute of the day."""
    return None if clock is None else int(clock[:2]) * 60 + int(clock[3:])


def clock_of(minutes: int | None) -> str | None:
    """A minute of the day as HH:MM."""
    return None if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"
