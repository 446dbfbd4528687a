"""What the sensors of a scenario would truly sense at any time, from its files and its physical models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from firmware_sim.contacts import Changes, float_switch, pulses, spans
from firmware_sim.faults import Measure
from firmware_sim.folder import find_file
from firmware_sim.forms import (
    AnySource,
    Catchment,
    Column,
    FloatSource,
    LevelSource,
    RainSource,
    ScheduleSource,
    SeriesSource,
    Story,
)
from firmware_sim.hydrology import drain_level, pulse_times
from firmware_sim.series import Series, SeriesError, read_series

Result = TypeVar("Result")


class Nature:
    """The scenario's world without its devices: each file is read, each model run, once and when asked for."""

    def __init__(self, story: Story, folders: tuple[Path, ...]) -> None:
        self._story = story
        self._folders = folders
        self._series: dict[tuple[str, str], Series] = {}
        self._levels: dict[str, Series] = {}
        self._catchments = {c.name: c for c in story.catchment}

    def series(self, column: Column) -> Series:
        """The figures of a column. Raises SeriesError."""
        return _once(self._series, (column.file, column.column), lambda: self._read(column))

    def level(self, catchment: str) -> Series:
        """The depth in a catchment's drain, m. Raises SeriesError, or KeyError for an unknown catchment."""
        return _once(self._levels, catchment, lambda: self._run(self._catchments[catchment]))

    def measure(self, source: AnySource) -> Measure:
        """What an analogue sensor on `source` measures, in its unit. Raises SeriesError, KeyError, TypeError."""
        match source:
            case SeriesSource():
                return self.series(source).value_at
            case LevelSource():
                return self.level(source.catchment).value_at
        raise TypeError(f"an analogue sensor cannot sense {source.source!r}")

    def changes(self, source: AnySource, per_pulse: float | None = None) -> Changes:
        """How a contact on `source` moves; a tipping bucket's with `per_pulse` mm a tip. Raises as `measure`."""
        match source:
            case ScheduleSource():
                return spans((span.begin_ms, span.end_ms) for span in source.active)
            case FloatSource():
                return float_switch(self.level(source.catchment), source.closes_m, source.opens_m)
            case RainSource() if per_pulse is not None:
                rain = self.series(self._catchments[source.catchment].rain)
                return pulses(pulse_times(rain, per_pulse, self._story.start_ms, self._story.end_ms))
        raise TypeError(f"a contact cannot sense {source.source!r}")

    def _read(self, column: Column) -> Series:
        path = find_file(self._folders, column.file)
        if path is None:
            raise SeriesError(0, "is not in the scenario's folder", "put the file there and name it without a path")
        return read_series(path, column.column)

    def _run(self, catchment: Catchment) -> Series:
        sea = None if catchment.sea is None else self.series(catchment.sea)
        rain = self.series(catchment.rain)
        return drain_level(catchment, rain, sea, self._story.start_ms, self._story.end_ms)


Key = TypeVar("Key")


def _once(kept: dict[Key, Result], key: Key, make: Callable[[], Result]) -> Result:
    if key not in kept:
        kept[key] = make()
    return kept[key]
