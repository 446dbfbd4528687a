"""Benches' results: a table with the limit each figure has to keep, and its place in a page of the docs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One row: `value` against `limit`; a row without a limit is for reading only."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    spread: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def cells(self) -> tuple[str, str, str, str]:
        """Name, figure with unit, smallest and largest of the rounds, limit with verdict."""
        limit = ""
        if self.at_least is not None:
            limit = f"at least {_number(self.at_least)}"
        if self.at_most is not None:
            limit = f"at most {_number(self.at_most)}"
        verdict = "" if not limit else (" (kept)" if self.holds else " (MISSED)")
        spread = "" if self.spread is None else f"{_number(self.spread[0])} to {_number(self.spread[1])}"
        return self.name, f"{_number(self.value)} {self.unit}".strip(), spread, limit + verdict


@dataclass
class Table:
    """A titled list of figures."""

    title: str
    figures: list[Figure] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all limits are kept."""
        return all(figure.holds for figure in self.figures)

    def add(
        self,
        name: str,
        values: Sequence[float],
        unit: str,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Add the median of the rounds."""
        spread = (min(values), max(values)) if len(values) > 1 else None
        self.figures.append(Figure(name, statistics.median(values), unit, at_least, at_most, spread))

    def markdown(self) -> str:
        """The table as Markdown."""
        head = f"### {self.title}\n\n| what | median | smallest to largest | limit |\n|---|---|---|---|\n"
        return head + "\n".join(f"| {' | '.join(figure.cells())} |" for figure in self.figures)


def describe_machine() -> str:
    """What was measured, when, and on what; no names of machines or people."""
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M}Z on {os.cpu_count()} cores ({cpu}), Linux {platform.release()}, "
        f"Python {platform.python_version()}, paho-mqtt {version('paho-mqtt')}; "
        f"load before the end {load}. Medians of the rounds; quote the ratios, not the rates."
    )


def update_page(page: Path, which: str, text: str) -> None:
    """Replace the part of the page between the marks of this bench; adds the marks when they are missing."""
    begin, end = f"<!-- bench {which}: begin -->", f"<!-- bench {which}: end -->"
    old = page.read_text() if page.exists() else "# Performance\n"
    part = f"{begin}\n\n{text}\n\n{end}"
    if begin in old and end in old:
        before, rest = old.split(begin, 1)
        new = before + part + rest.split(end, 1)[1]
    else:
        new = f"{old.rstrip()}\n\n{part}\n"
    page.write_text(new)


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
