"""From rain to tipping-bucket pulses, to run-off, to the water level in a yard's drain: a small MODEL.

Loss: the curve-number method (USDA NRCS, National Engineering Handbook, part 630, chapter 10) with the initial
abstraction at 0.2 of the storage. Routing: one linear reservoir (Chow, Maidment and Mays, Applied Hydrology,
1988, chapter 8). Outfall: an orifice under the head between drain and sea (Torricelli) behind a flap valve
that shuts when the sea stands higher. It shows plausible levels; it is not a design calculation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from pydantic import Field

from edge_agent.settings import Finite, Positive, Section
from firmware_sim.series import Series

MS_PER_H = 3_600_000
GRAVITY = 9.81
#: Discharge coefficient of a sharp-edged orifice.
DISCHARGE = 0.6
STEP_MS = 10_000
MAX_STEPS = 50_000


class Yard(Section):
    """A paved yard, the drain sump under it, and its outfall to the sea."""

    area_m2: Positive = Field(10_000, description="Area that drains to the sump.")
    curve_number: float = Field(95, gt=30, le=100, description="NRCS curve number; 98 is asphalt.")
    delay_s: Positive = Field(900, description="Storage constant of the yard's run-off.")
    sump_m2: Positive = Field(40, description="Plan area of sump and drains, up to the yard's level.")
    sump_depth_m: Positive = Field(1.5, description="From the sump's floor to the yard's level.")
    outfall_m2: float = Field(0.05, ge=0, le=100, description="Open area of the outfall.")
    floor_m: Finite = Field(0, description="The sump's floor on the sea gauge's datum.")
    sill_m: Finite = Field(100, description="The sea floods the yard above this, on the gauge's datum.")

    def level_of(self, volume_m3: float) -> float:
        """Depth above the sump's floor, m, of a stored volume: sump first, then the ponded yard."""
        full = self.sump_m2 * self.sump_depth_m
        if volume_m3 <= full:
            return volume_m3 / self.sump_m2
        return self.sump_depth_m + (volume_m3 - full) / self.area_m2

    def volume_of(self, level_m: float) -> float:
        """The stored volume, m3, at a depth: the inverse of `level_of`."""
        ponded = max(0.0, level_m - self.sump_depth_m)
        return min(level_m, self.sump_depth_m) * self.sump_m2 + ponded * self.area_m2


def excess_mm(rain_mm: float, curve_number: float) -> float:
    """Run-off depth after `rain_mm` of rain since the start, mm (NEH 630, equation 10-11)."""
    storage = 25_400 / curve_number - 254
    effective = rain_mm - 0.2 * storage
    return 0.0 if effective <= 0 else effective**2 / (effective + storage)


def _spells(rain: Series, start_ms: int, end_ms: int) -> Iterator[tuple[int, int, float]]:
    """The parts of start..end in which the intensity, mm/h, is constant; none before the first row."""
    edges = [*rain.at_ms, max(end_ms, rain.at_ms[-1])]
    for begin, end, intensity in zip(edges, edges[1:], rain.values, strict=False):
        begin, end = max(begin, start_ms), min(end, end_ms)  # noqa: PLW2901 - clipped to the story
        if begin < end:
            yield begin, end, intensity


def pulse_times(rain: Series, per_pulse_mm: float, start_ms: int, end_ms: int) -> list[int]:
    """When the bucket tips, ms UTC: each time another `per_pulse_mm` has fallen since the start."""
    times: list[int] = []
    fallen = 0.0
    for begin, end, intensity in _spells(rain, start_ms, end_ms):
        after = fallen + intensity * (end - begin) / MS_PER_H
        while (due := (len(times) + 1) * per_pulse_mm) <= after + 1e-9:
            times.append(begin + round((due - fallen) / intensity * MS_PER_H))
        fallen = after
    return times


def drain_level(yard: Yard, rain: Series, sea: Series | None, start_ms: int, end_ms: int) -> Series:
    """Water depth above the sump's floor, m, every step of start..end, from an empty and dry yard."""
    step_ms = max(STEP_MS, math.ceil((end_ms - start_ms) / MAX_STEPS))
    step_s, kept = step_ms / 1000, math.exp(-step_ms / 1000 / yard.delay_s)
    fallen = yielded = on_way = stored = 0.0
    times, levels = [start_ms], [0.0]
    for at in range(start_ms, end_ms, step_ms):
        fallen += _intensity(rain, at) * step_ms / MS_PER_H
        excess = excess_mm(fallen, yard.curve_number)
        on_way += (excess - yielded) / 1000 * yard.area_m2
        stored += on_way * (1 - kept)
        yielded, on_way = excess, on_way * kept
        stored = _drained(yard, stored, step_s, None if sea is None else sea.value_at(at))
        times.append(at + step_ms)
        levels.append(yard.level_of(stored))
    return Series(tuple(times), tuple(levels))


def _intensity(rain: Series, at_ms: int) -> float:
    return rain.step_at(at_ms) if at_ms >= rain.at_ms[0] else 0.0


def _drained(yard: Yard, stored_m3: float, step_s: float, sea_m: float | None) -> float:
    """What is stored after one step of outflow, with the sea over the sill added."""
    level, sea_over_floor = yard.level_of(stored_m3), -math.inf if sea_m is None else sea_m - yard.floor_m
    head = level - max(0.0, sea_over_floor)
    flow = DISCHARGE * yard.outfall_m2 * math.sqrt(2 * GRAVITY * head) if head > 0 else 0.0
    stored_m3 = max(0.0, stored_m3 - flow * step_s)
    if sea_m is not None and sea_m > yard.sill_m:
        stored_m3 = max(stored_m3, yard.volume_of(sea_over_floor))
    return stored_m3
