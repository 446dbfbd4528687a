"""The settings of our own gauges: what their alarms and readings speak of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from cloud_gateway.section import Section
from cloud_gateway.warnings.hazards import HAZARDS


def _known(hazard: str) -> str:
    if hazard not in HAZARDS:
        raise ValueError(f"{hazard!r} is no hazard; one of {', '.join(HAZARDS)}")
    return hazard


HazardKey = Annotated[str, AfterValidator(_known)]


class Speaks(Section):
    """Which hazard the alarms of a stream speak of; the first entry that fits counts, and no entry: of none."""

    stream: str = Field(min_length=1, max_length=64, description="Name of the stream, or a pattern: * ? [abc].")
    hazard: HazardKey = Field(description="Our name of the hazard: storm-surge, waterlogging, flood...")


class Stage(Section):
    """A height of water at which an alarm is raised here, on readings: a stage of a river, or of the tide."""

    device: str = Field(min_length=1, max_length=64, description="Device, or a pattern: * ? [abc].")
    stream: str = Field(min_length=1, max_length=64, description="Name of its stream, or a pattern.")
    hazard: HazardKey = Field(description="What the stage means: flood, storm-surge...")
    name: str = Field(pattern=r"^[a-z0-9-]{2,32}$", description="Short name of the stage: alert, warning, danger.")
    level: int = Field(ge=1, le=4, description="How grave it is: 1 as blue or Minor, 4 as red or Extreme.")
    above: float = Field(allow_inf_nan=False, description="Raised from this value on, in the stream's unit.")
    clear: float = Field(allow_inf_nan=False, description="Cleared at this value or less.")

    @model_validator(mode="after")
    def _in_order(self) -> Stage:
        if self.clear >= self.above:
            raise ValueError("clear must be less than above, or the alarm would flutter")
        return self


SPEAKS = (
    Speaks(stream="tide*", hazard="storm-surge"),
    Speaks(stream="stage*", hazard="flood"),
    Speaks(stream="river*", hazard="flood"),
    Speaks(stream="drain*", hazard="waterlogging"),
    Speaks(stream="rain*", hazard="rainstorm"),
    Speaks(stream="wind*", hazard="gale"),
    Speaks(stream="smoke*", hazard="fire"),
    Speaks(stream="flame*", hazard="fire"),
)


class Gauges(Section):
    """Our own gauges beside the official warnings."""

    speaks: tuple[Speaks, ...] = Field(
        SPEAKS,
        description="What alarms speak of; the default knows tide, stage, river, drain, rain, wind, smoke, flame.",
    )
    rain: tuple[str, ...] = Field(
        ("rain*",), description="Streams of rain gauges, mm in the interval that ends at each reading."
    )
    stages: tuple[Stage, ...] = ()
