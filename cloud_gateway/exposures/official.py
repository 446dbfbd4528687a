"""What official warnings alone say of a site and hazard: our own gauges have no part in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cloud_gateway.exposures.events import HazardEvent, Subject, Touch, advance
from cloud_gateway.warnings.model import LEVEL_OF_COLOR, Alert, Color, Level


class OfficialWord(NamedTuple):
    """The level in force, what is to come beyond it, and the warning (id) that counts; blank where none stands."""

    level: Level = Level.NONE
    coming: Level = Level.NONE
    warning: str | None = None

    @property
    def shown(self) -> Level:
        """The level whose colour stands for it: what is in force, else what is to come."""
        return self.level or self.coming


def official_word(subject: Subject, touches: Sequence[Touch], now: int) -> OfficialWord:
    """The word of the warnings over a site, as a hazard event without gauges judges it."""
    event, _ = advance(HazardEvent("", *subject), touches, (), now)
    return OfficialWord(event.holds, event.coming, event.warning) if event.level else OfficialWord()


def color_of(level: Level, alerts: Iterable[Alert]) -> Color | None:
    """The colour of that level in what an issuer published; None where it gave none: it is never made up."""
    colors = (info.color for alert in alerts for info in alert.infos if info.color is not None)
    return next((color for color in colors if LEVEL_OF_COLOR[color] is level), None)
