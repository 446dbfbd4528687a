"""The block that stands for a danger: an official warning in its issuer's colour, or our own gauge without. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloud_gateway.board.labels import COLORS, GRADES, REACHED, BoardLabels
from cloud_gateway.board.model import Event, Warned, Word
from cloud_gateway.exposures.official import color_of
from cloud_gateway.warnings.model import Alert, Level


@dataclass(frozen=True)
class Signal:
    """`tone` is the colour that the issuer gave, `grade-1` to `grade-4` of one without colours, or `own`."""

    tone: str
    hazard: str
    word: str


def official(labels: BoardLabels, hazard: str, level: Level, alerts: Iterable[Alert]) -> Signal:
    """The block of an official warning at a level."""
    color = color_of(level, alerts)
    if color is None:
        return Signal(f"grade-{int(level)}", labels.hazard(hazard), labels.text(GRADES[level]))
    return Signal(color.value, labels.hazard(hazard), labels.of(COLORS, color))


def own(labels: BoardLabels, hazard: str) -> Signal:
    """Of our own gauges: no signal colour, and never called a warning."""
    return Signal("own", labels.hazard(hazard), labels.text(REACHED))


def of_event(labels: BoardLabels, event: Event, alerts: Iterable[Alert]) -> Signal:
    """The block of an event at what it is shown at."""
    if event.warning is None:
        return own(labels, event.hazard)
    return official(labels, event.hazard, event.shown, alerts)


def of_warning(labels: BoardLabels, warned: Warned, words: Iterable[Word]) -> Signal:
    """The block of a warning; `words` are all its messages that are known here."""
    level = warned.level or max((step.level for step in warned.course.steps), default=Level.NONE)
    alerts = (warned.head.alert, *(word.alert for word in words))
    return official(labels, warned.hazard, level, alerts)
