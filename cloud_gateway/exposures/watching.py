"""Watches our own gauges: new readings of rain and of water levels raise and clear alarms here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures import store_alarms as store
from cloud_gateway.exposures.gauges import LONGEST_MS, WINDOWS, watch_rain
from cloud_gateway.exposures.settings import Gauges, Stage
from cloud_gateway.exposures.stages import Crossing, Meaning, Measured, stage_rule, watch_stage
from cloud_gateway.exposures.store_alarms import Gauge
from cloud_gateway.readings.series import NS_PER_MS, SeriesStore

#: A gauge that says nothing of how often it reports is taken to do so at least hourly.
USUAL_S = 3600.0
#: A dry gauge may be so much later than it should before that is a gap.
PATIENCE = 1.5
#: After a longer pause what came before is not looked at again.
MOST_MS = 7 * 86_400_000
PAGE = 20_000
RAIN_HAZARD = "rainstorm"


class Watching:
    """Remembers only which readings came since the last round; where each stream stands is in the database."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._received_at = 0

    async def watch(self, engine: AsyncEngine, series: SeriesStore, now: int) -> int:
        """Look at all new readings; gives how many alarms were raised or cleared. Raises StoreUnavailable."""
        async with reading(engine) as connection:
            fresh = await store.fresh_gauges(connection, self._received_at)
        count = 0
        for gauge in fresh:
            rules = self._rules(gauge)
            if rules:
                count += await self._look(engine, series, gauge, rules, now)
        self._received_at = max([self._received_at, *(gauge.received_at for gauge in fresh)])
        return count

    def _rules(self, gauge: Gauge) -> dict[str, Meaning]:
        """The alarms that a stream's readings may raise."""
        rain = self._is_rain(gauge)
        found = {w.rule: Meaning(RAIN_HAZARD, w.level, w.limit_mm) for w in WINDOWS if rain}
        return found | {stage_rule(s): Meaning(s.hazard, s.level, s.above) for s in self._stages(gauge)}

    def _is_rain(self, gauge: Gauge) -> bool:
        return gauge.unit == "mm" and any(fnmatchcase(gauge.stream, pattern) for pattern in self._gauges.rain)

    def _stages(self, gauge: Gauge) -> list[Stage]:
        fits = (s for s in self._gauges.stages if fnmatchcase(gauge.stream, s.stream))
        return [stage for stage in fits if fnmatchcase(gauge.device, stage.device)]

    async def _look(
        self, engine: AsyncEngine, series: SeriesStore, gauge: Gauge, rules: Mapping[str, Meaning], now: int
    ) -> int:
        since = max(gauge.at - LONGEST_MS if gauge.seen_at is None else gauge.seen_at, gauge.at - MOST_MS)
        readings = await _read(series, gauge, since - 2 * LONGEST_MS if self._is_rain(gauge) else since)
        async with transaction(engine) as connection:
            before = await store.open_rules(connection, gauge.device, gauge.stream)
            gone = [Crossing(rule, gauge.at, False, 0.0) for rule in before - rules.keys()]
            crossings = [*gone, *self._cross(gauge, readings, before, since)]
            nothing = Meaning("", 0, 0.0)
            pairs = [(crossing, rules.get(crossing.rule, nothing)) for crossing in crossings]
            await store.write_crossings(connection, gauge, pairs, now)
        return len(crossings)

    def _cross(self, gauge: Gauge, readings: Sequence[Measured], before: Iterable[str], since: int) -> list[Crossing]:
        known = set(before)
        longest_ms = round((gauge.interval_s or USUAL_S) * 1000 * PATIENCE)
        found = watch_rain(readings, longest_ms, known, since) if self._is_rain(gauge) else []
        for stage in self._stages(gauge):
            found += watch_stage(readings, stage, stage_rule(stage) in known, since)
        return sorted(found, key=lambda crossing: crossing.at)


async def _read(series: SeriesStore, gauge: Gauge, start: int) -> list[Measured]:
    """The numbers of a stream from `start` on up to the newest that is known."""
    found: list[Measured] = []
    first, last = start * NS_PER_MS, (gauge.at + 1) * NS_PER_MS
    while True:
        page = await series.samples(gauge.device, gauge.stream, first, last, PAGE)
        found += [Measured(s.at, float(s.value)) for s in page if _is_number(s.value)]
        if len(page) < PAGE:
            return found
        first = page[-1].time_ns + 1


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)
