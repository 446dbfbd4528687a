"""Makes bands for charts of the steps that official warnings took at a site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cloud_gateway.outreach.texts import hazard_words, level_words
from cloud_gateway.readings.series import WarningStep
from cloud_gateway.warnings.model import Color, Level
from edge_agent.web.paging import Time


@dataclass(frozen=True)
class Band:
    """A time in which an official warning stood over a site at one level, 1 to 4.

    `announced` says that it was yet to begin; `color` is the issuer's, "" where it gives none; `until` is null while it
    goes on. `label` and `label_zh` name hazard and level.
    """

    hazard: str
    level: int
    announced: bool
    color: str
    warning: str
    simulated: bool
    label: str
    label_zh: str
    since: Time
    until: Time | None


def make_bands(steps: Iterable[WarningStep]) -> list[Band]:
    """The bands of one site's steps, which are in time order; the earliest band first."""
    lanes: dict[tuple[str, bool], list[WarningStep]] = defaultdict(list)
    for step in steps:
        lanes[step.hazard, step.simulated].append(step)
    found = [band for lane in lanes.values() for band in _make_lane(lane)]
    return sorted(found, key=lambda band: (band.since, band.hazard, band.simulated))


def _make_lane(steps: Sequence[WarningStep]) -> list[Band]:
    """The bands of one hazard: steps that look the same are one."""
    found: list[Band] = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if not (step.level or step.coming):
            continue
        band = _make_band(step, after.at if after else None)
        if found and found[-1].until == band.since and _look(found[-1]) == _look(band):
            found[-1] = replace(found[-1], until=band.until)
        else:
            found.append(band)
    return found


def _make_band(step: WarningStep, until: int | None) -> Band:
    level, color = Level(step.level or step.coming), Color(step.color) if step.color else None
    return Band(
        hazard=step.hazard,
        level=int(level),
        announced=not step.level,
        color=step.color,
        warning=step.warning,
        simulated=step.simulated,
        label=f"{hazard_words(step.hazard, 'en')}, {level_words(level, color, 'en')} warning",
        label_zh=f"{hazard_words(step.hazard, 'zh-Hans')}{level_words(level, color, 'zh-Hans')}预警",
        since=step.at,
        until=until,
    )


def _look(band: Band) -> tuple[int, bool, str, str]:
    return band.level, band.announced, band.color, band.warning
