"""Stations as people enter them, by API or in a file: checked whole, every mistake by its field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cloud_gateway.stations.photos import check_photo
from edge_agent.wire.topics import DEVICE_ID

ZONES = available_timezones()
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Line = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Device = Annotated[str, Field(pattern=rf"^({DEVICE_ID.pattern})?$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{2,32}$")]


def _known_zone(name: str) -> str:
    if name not in ZONES:
        raise ValueError(f"{name!r} is no IANA time zone")
    return name


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CounterEntry(_Entry):
    """One window of a station."""

    number: Line = Field(description="As the counter system and the terminal name it.")
    name: Line = Field(description="Name, English.")
    name_zh: Line = Field(description="Name, Chinese.")
    device: Device = Field("", description="Id of the terminal that stands there; empty: none, or as it was.")


class ClerkEntry(_Entry):
    """A person behind the counters. What is not given stays as it was: card, photo and sign-in."""

    number: Line = Field(description="The number that customers see; unique in the whole company.")
    name: Line = Field(description="The name that customers see.")
    card: str | None = Field(None, max_length=200, description="What the reader reads of the card; kept as a digest.")
    photo: Annotated[str, AfterValidator(check_photo)] | None = Field(
        None, max_length=12_000, description="Base64 of a JPEG or PNG file of at most 9,000 bytes."
    )
    staff: str | None = Field(None, max_length=64, description="Name of the clerk's own sign-in.")
    gone: bool = Field(False, description="Serves no longer: there is no badge.")


class StationEntry(_Entry):
    """A service station with its counters and clerks. Who is not named any more stays on record."""

    code: Code = Field(description="Short name, unique; it stands in the evidence log.")
    name: Line = Field(description="Name, English.")
    name_zh: Line = Field(description="Name, Chinese.")
    zone: Annotated[str, AfterValidator(_known_zone)] = Field("Asia/Shanghai", description="IANA time zone.")
    opens: Clock = Field("08:30", description="HH:MM in the zone; what is pressed long before is looked at.")
    closes: Clock = Field("17:30", description="HH:MM in the zone.")
    duty_device: Device = Field("", description="Id of the duty manager's own device, which shows calls; empty: none.")
    counter: Sequence[CounterEntry] = Field(min_length=1, max_length=100)
    clerk: Sequence[ClerkEntry] = Field((), max_length=500)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for what, names in (
            ("counter", [one.number for one in self.counter]),
            ("clerk", [one.number for one in self.clerk]),
            ("device", [one.device for one in self.counter if one.device]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"the same {what} is named twice")
        if self.closes <= self.opens:
            raise ValueError("closes is not after opens")
        return self


class FileClerk(ClerkEntry):
    """A clerk in a file."""

    photo_file: Path | None = Field(None, description="JPEG or PNG file; a relative path counts from this file.")


class FileStation(StationEntry):
    """A station in a file."""

    clerk: Sequence[FileClerk] = Field((), max_length=500)


class StationFile(_Entry):
    """A file of stations."""

    station: Sequence[FileStation] = Field(min_length=1, max_length=1000)


def minute_of(clock: str) -> int:
    """HH:MM as a minute of the day."""
    return int(clock[:2]) * 60 + int(clock[3:])


def clock_of(minute: int) -> str:
    """A minute of the day as HH:MM."""
    return f"{minute // 60:02}:{minute % 60:02}"
