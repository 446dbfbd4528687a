"""What our own gauge has measured, in words with value, unit and threshold; pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

from cloud_gateway.exposures.gauges import WINDOWS
from cloud_gateway.outreach.facts import Measurement

#: What streams of these names measure, in zh-Hans and in English; another is told by its own name.
QUANTITIES = (
    ("tide*", "潮位", "tide level"),
    ("river*", "河道水位", "river level"),
    ("drain*", "排水口水位", "water level in the drain"),
    ("stage*", "水位", "water level"),
    ("level*", "水位", "water level"),
    ("rain*", "雨量", "rain"),
    ("wind*", "风速", "wind speed"),
    ("smoke*", "烟雾", "smoke"),
    ("flame*", "火焰", "flame"),
    ("gas*", "可燃气体", "gas"),
    ("float*", "浮球开关", "float switch"),
)
#: SenML units (RFC 8428) that people read in another form.
UNITS = {"Cel": "°C", "%RH": "%"}
#: Units of what is only on or off.
SWITCHES = frozenset({"", "/"})
_HOURS = {window.rule: window.hours for window in WINDOWS}


def measurement_words(measured: Measurement, language: str) -> str:
    """Such as "tide level 3.41 m (threshold 3.2 m)"; `language` is zh-Hans or en."""
    is_chinese = language == "zh-Hans"
    name = _quantity(measured.stream, is_chinese)
    if measured.unit in SWITCHES:
        return f"{name}：已报警" if is_chinese else f"{name}: reported"
    value, limit = (_number(one, measured.unit) for one in (measured.value, measured.limit))
    hours = _HOURS.get(measured.rule)
    if is_chinese:
        within = "" if hours is None else f"{hours} 小时"
        return f"{within}{name} {'至少 ' if measured.incomplete else ''}{value}（阈值 {limit}）"
    within = "" if hours is None else f" in {hours} h"
    return f"{name} {'at least ' if measured.incomplete else ''}{value}{within} (threshold {limit})"


def _quantity(stream: str, is_chinese: bool) -> str:
    known = next(((zh, en) for pattern, zh, en in QUANTITIES if fnmatchcase(stream, pattern)), (stream, stream))
    return known[0] if is_chinese else known[1]


def _number(value: float, unit: str) -> str:
    return f"{round(value, 2):g} {UNITS.get(unit, unit)}"
