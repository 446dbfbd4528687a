"""China's warning signals (预警信号): the colours of each hazard, what they mean, how long they are shown as fresh.

Dated data. Source of SIGNALS: China Meteorological Administration, Order No. 16 of 12 June 2007, in force the same
day; haze by the administration's edition of 2013. Provinces add colours of their own: VARIANTS, by the first two digits
of the division code. A pair that neither knows is marked, never refused: the issuer's word stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from cloud_gateway.warnings.model import Color, Finding, Severity


class Signal(NamedTuple):
    """What one colour of one hazard announces, and within how many hours."""

    window_h: int
    threshold: str


SIGNALS_VERSION = "CMA Order No. 16, 2007-06-12"
_BLUE, _YELLOW, _ORANGE, _RED = Color.BLUE, Color.YELLOW, Color.ORANGE, Color.RED

SIGNALS: Mapping[tuple[str, Color], Signal] = MappingProxyType(
    {
        ("typhoon", _BLUE): Signal(24, "mean wind Beaufort 6 or gusts 8"),
        ("typhoon", _YELLOW): Signal(24, "mean wind Beaufort 8 or gusts 10"),
        ("typhoon", _ORANGE): Signal(12, "mean wind Beaufort 10 or gusts 12"),
        ("typhoon", _RED): Signal(6, "mean wind Beaufort 12 or gusts 14"),
        ("rainstorm", _BLUE): Signal(12, "50 mm in 12 h"),
        ("rainstorm", _YELLOW): Signal(6, "50 mm in 6 h"),
        ("rainstorm", _ORANGE): Signal(3, "50 mm in 3 h"),
        ("rainstorm", _RED): Signal(3, "100 mm in 3 h"),
        ("snowstorm", _BLUE): Signal(12, "4 mm of melted snow in 12 h"),
        ("snowstorm", _YELLOW): Signal(12, "6 mm of melted snow in 12 h"),
        ("snowstorm", _ORANGE): Signal(6, "10 mm of melted snow in 6 h"),
        ("snowstorm", _RED): Signal(6, "15 mm of melted snow in 6 h"),
        ("cold-wave", _BLUE): Signal(48, "8 degrees colder, at most 4 C, mean wind Beaufort 5"),
        ("cold-wave", _YELLOW): Signal(24, "10 degrees colder, at most 4 C, mean wind Beaufort 6"),
        ("cold-wave", _ORANGE): Signal(24, "12 degrees colder, at most 0 C, mean wind Beaufort 6"),
        ("cold-wave", _RED): Signal(24, "16 degrees colder, at most 0 C, mean wind Beaufort 6"),
        ("gale", _BLUE): Signal(24, "mean wind Beaufort 6 or gusts 7"),
        ("gale", _YELLOW): Signal(12, "mean wind Beaufort 8 or gusts 9"),
        ("gale", _ORANGE): Signal(6, "mean wind Beaufort 10 or gusts 11"),
        ("gale", _RED): Signal(6, "mean wind Beaufort 12 or gusts 13"),
        ("sandstorm", _YELLOW): Signal(12, "visibility below 1000 m"),
        ("sandstorm", _ORANGE): Signal(6, "visibility below 500 m"),
        ("sandstorm", _RED): Signal(6, "visibility below 50 m"),
        ("heat", _YELLOW): Signal(72, "35 C on three days running"),
        ("heat", _ORANGE): Signal(24, "37 C"),
        ("heat", _RED): Signal(24, "40 C"),
        ("drought", _ORANGE): Signal(168, "drought index severe, or 40 % of crops suffer"),
        ("drought", _RED): Signal(168, "drought index extreme, or 60 % of crops suffer"),
        ("lightning", _YELLOW): Signal(6, "lightning possible"),
        ("lightning", _ORANGE): Signal(2, "lightning very likely, or it goes on"),
        ("lightning", _RED): Signal(2, "strong lightning nearly certain, or it goes on"),
        ("hail", _ORANGE): Signal(6, "hail possible"),
        ("hail", _RED): Signal(2, "heavy hail very likely"),
        ("frost", _BLUE): Signal(48, "ground below 0 C"),
        ("frost", _YELLOW): Signal(24, "ground below -3 C"),
        ("frost", _ORANGE): Signal(24, "ground below -5 C"),
        ("fog", _YELLOW): Signal(12, "visibility below 500 m"),
        ("fog", _ORANGE): Signal(6, "visibility below 200 m"),
        ("fog", _RED): Signal(2, "visibility below 50 m"),
        ("haze", _YELLOW): Signal(24, "visibility below 3000 m, or fine dust above 115"),
        ("haze", _ORANGE): Signal(24, "visibility below 2000 m, or fine dust above 150"),
        ("haze", _RED): Signal(24, "visibility below 1000 m, or fine dust above 250"),
        ("ice", _YELLOW): Signal(12, "road below 0 C with precipitation"),
        ("ice", _ORANGE): Signal(6, "road below 0 C with precipitation"),
        ("ice", _RED): Signal(2, "road below 0 C with precipitation"),
    }
)
_LISTED = frozenset(hazard for hazard, _ in SIGNALS)

#: Pairs outside the national table that a province issues: Beijing (11) blue lightning, Guangdong (44) white typhoon.
VARIANTS: Mapping[str, frozenset[tuple[str, Color]]] = MappingProxyType(
    {
        "11": frozenset({("lightning", Color.BLUE)}),
        "44": frozenset({("typhoon", Color.WHITE)}),
    }
)

#: Where practice shows a signal longer than the window it announces, in hours; for display only.
_SHOWN_H: Mapping[str, int] = MappingProxyType(
    {"gale": 24, "lightning": 6, "thunderstorm": 6, "haze": 24, "heat": 24, "ice": 12, "hail": 6}
)
_USUAL_H = 24

SEVERITY_OF_COLOR: Mapping[Color, Severity] = MappingProxyType(
    {
        Color.WHITE: Severity.MINOR,
        Color.BLUE: Severity.MINOR,
        Color.YELLOW: Severity.MODERATE,
        Color.AMBER: Severity.MODERATE,
        Color.ORANGE: Severity.SEVERE,
        Color.RED: Severity.EXTREME,
        Color.BLACK: Severity.EXTREME,
    }
)
_CHINESE = {"白": Color.WHITE, "蓝": _BLUE, "黄": _YELLOW, "橙": _ORANGE, "红": _RED, "绿": Color.GREEN}


def read_color(word: str | None) -> Color | None:
    """The colour that a word names, in English or Chinese (`Blue`, `蓝色`, `蓝`); None for another."""
    text = (word or "").strip().casefold()
    chinese = _CHINESE.get(text.removesuffix("色"))
    return chinese or next((color for color in Color if color.value == text), None)


def shown_h(hazard: str, color: Color | None) -> int:
    """For how many hours after it was sent a signal without an end is shown as fresh; afterwards "not confirmed since".

    For display only: a signal stands until it is lifted or replaced.
    """
    if hazard in _SHOWN_H or color is None:
        return _SHOWN_H.get(hazard, _USUAL_H)
    signal = SIGNALS.get((hazard, color))
    return _USUAL_H if signal is None else signal.window_h


def find_impossible(hazard: str, color: Color | None, adcode: str = "") -> tuple[Finding, ...]:
    """A finding where no rule known here gives that hazard that colour; `adcode` is the issuer's division."""
    if color is None or color is Color.GREEN or hazard not in _LISTED or (hazard, color) in SIGNALS:
        return ()
    if (hazard, color) in VARIANTS.get(adcode[:2], frozenset()):
        return ()
    text = f"no {color} signal is defined for {hazard} ({SIGNALS_VERSION}); the issuer's word is shown unchanged"
    return (Finding("impossible_signal", "color", text, "doubtful"),)
