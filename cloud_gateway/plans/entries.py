"""Plans as people enter them, by API or in a file: checked whole, every mistake by its field."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cloud_gateway.plans.model import OWNERS, Proof, Step
from cloud_gateway.warnings.hazards import HAZARDS
from cloud_gateway.warnings.model import LEVEL_OF_COLOR, Color, Level

DAY_S = 86_400
#: Days that a review date can mean.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
COLORS = {color.value: int(LEVEL_OF_COLOR[color]) for color in (Color.BLUE, Color.YELLOW, Color.ORANGE, Color.RED)}


def read_level(word: object) -> object:
    """The number of a signal colour; anything else as it is."""
    return COLORS.get(word.casefold(), word) if isinstance(word, str) else word


def _known_hazard(word: str) -> str:
    if word not in HAZARDS:
        raise ValueError(f"{word!r} is no hazard; known are {', '.join(HAZARDS)}")
    return word


LevelEntry = Annotated[
    int,
    BeforeValidator(read_level),
    Field(ge=1, le=4, description="1 blue, 2 yellow, 3 orange, 4 red; or the colour's English name."),
]
HazardName = Annotated[str, BeforeValidator(_known_hazard), Field(max_length=40)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepEntry(_Entry):
    """One step of a plan."""

    name: str = Field(pattern=r"^[a-z0-9-]{2,32}$", description="Short name, unique in the plan.")
    text: str = Field(min_length=1, max_length=500, description="What is to be done, English.")
    text_zh: str = Field(min_length=1, max_length=500, description="The same in Chinese.")
    owner: str = Field(min_length=2, max_length=36, description=f"Role ({', '.join(OWNERS)}) or id of a recipient.")
    level: LevelEntry
    deadline_s: int = Field(0, ge=0, le=30 * DAY_S, description="To be done so long after it was set off.")
    lead_s: int | None = Field(
        None, ge=0, le=30 * DAY_S, description="Preparation: also for what is to come, done so long before the onset."
    )
    outdoor: bool = Field(False, description="Somebody has to go out.")
    inspection: bool = Field(False, description="Somebody has to go and look.")
    safe_lead_s: int = Field(0, ge=0, le=30 * DAY_S, description="From so long before the onset on nobody goes out.")
    proof: Proof = Proof.NONE

    @model_validator(mode="after")
    def _has_time(self) -> Self:
        if not self.deadline_s and self.lead_s is None:
            raise ValueError("a step needs deadline_s or lead_s: by when is it to be done?")
        return self


class PlanEntry(_Entry):
    """A site's plan against a hazard."""

    site: str = Field(pattern=r"^[a-z0-9-]{2,32}$", description="Code of the site.")
    hazard: HazardName
    review_by: date = Field(
        ge=FIRST_DAY,
        le=LAST_DAY,
        description="The last day, at the site, on which the plan need not have been looked at.",
    )
    step: list[StepEntry] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [step.name for step in self.step]
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same name")
        return self

    def steps(self) -> tuple[Step, ...]:
        """The steps as plans keep them."""
        return tuple(Step(**(dict(step) | {"level": Level(step.level)})) for step in self.step)


class PlanFile(_Entry):
    """A file of plans."""

    plan: list[PlanEntry] = Field(min_length=1, max_length=10_000)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [(plan.site, plan.hazard) for plan in self.plan]
        if len(set(named)) < len(named):
            raise ValueError("a site has two plans against one hazard")
        return self


def review_end(day: date, zone: str) -> int:
    """When a plan is overdue that is to be looked at by `day`: the end of that day at the site, ms UTC."""
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return int(end.timestamp()) * 1000


def review_day(at: int, zone: str) -> date:
    """The day whose end `at` is."""
    return datetime.fromtimestamp(at / 1000 - 1, UTC).astimezone(ZoneInfo(zone)).date()
