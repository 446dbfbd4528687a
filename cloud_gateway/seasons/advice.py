"""What a site's long record says before a season: extremes, return levels, and how often its own thresholds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloud_gateway.devices.store import Rule
from cloud_gateway.seasons.extremes import MonthExtreme, Value, annual_maxima, monthly_extremes
from cloud_gateway.seasons.returns import REACH, Estimate, Gumbel, ReturnLevel, estimate
from cloud_gateway.seasons.store import Record


@dataclass(frozen=True)
class Threshold:
    """A threshold of the site's own, and how often in years it is exceeded on average.

    `years` is None where that is rarer than `rarer_than`: the record is too short to tell.
    """

    rule: Rule
    years: float | None
    rarer_than: float


@dataclass(frozen=True)
class RecordAdvice:
    """One quantity's record. `years` are the whole ones; without `levels` there are too few of them.

    `fits` is False where the maxima are unlike those that the method is made for.
    """

    place: str
    quantity: str
    unit: str
    source: str
    years: tuple[int, ...]
    highest: Value
    months: tuple[MonthExtreme, ...]
    levels: tuple[ReturnLevel, ...]
    fits: bool
    thresholds: tuple[Threshold, ...]


def places_of(code: str, geocodes: Iterable[tuple[str, str]]) -> list[str]:
    """Where records for a site may be: its own, then those of its division and of the larger ones around it."""
    codes = [number[:6] for scheme, number in geocodes if scheme == "adcode" and len(number) >= 6]
    parents = [one for number in codes for one in (number, f"{number[:4]}00", f"{number[:2]}0000")]
    return [f"site:{code}", *dict.fromkeys(f"adcode:{one}" for one in parents)]


def advise(record: Record, rules: Sequence[Rule]) -> RecordAdvice:
    """What a record says; `rules` are those of the site's devices."""
    maxima = annual_maxima(record.values)
    found = estimate(list(maxima.values()))
    return RecordAdvice(
        place=record.place,
        quantity=record.quantity,
        unit=record.unit,
        source=record.source,
        years=tuple(maxima),
        highest=min(record.values, key=lambda one: (-one.value, one.period)),
        months=tuple(monthly_extremes(record.values)),
        levels=found.levels if found else (),
        fits=found.fits if found else True,
        thresholds=_thresholds(record, rules, found) if found else (),
    )


def _thresholds(record: Record, rules: Sequence[Rule], found: Estimate) -> tuple[Threshold, ...]:
    """Only of the stream that the record says it shares the zero with: levels of two zeros cannot be compared."""
    reach = REACH * found.size
    own = [rule for rule in rules if record.stream and rule.stream == record.stream and rule.type == "threshold"]
    fitting = sorted((rule for rule in own if rule.unit == record.unit), key=lambda rule: (rule.limit, rule.device))
    return tuple(Threshold(rule, _within(found.gumbel, rule.limit, reach), reach) for rule in fitting)


def _within(gumbel: Gumbel, limit: float, reach: float) -> float | None:
    years = gumbel.years(limit)
    return years if years <= reach else None
