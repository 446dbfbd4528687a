"""Values over time from CSV files: read with every mistake named by its line, and interpolated."""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MAX_ROWS = 1_000_000
MAX_FILE_BYTES = 64_000_000
MAX_VALUE = 1e12


class SeriesError(Exception):
    """A CSV file cannot be used; `line` is 0 when no single line is to blame, `remedy` says what to do."""

    def __init__(self, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Series:
    """Values at rising times, ms UTC. Outside its times a series keeps its first and last value."""

    at_ms: tuple[int, ...]
    values: tuple[float, ...]

    def value_at(self, at_ms: int) -> float:
        """The value on the straight line between the two rows around `at_ms`; at a row, that row's."""
        i = bisect_right(self.at_ms, at_ms)
        if i == 0 or i == len(self.at_ms):
            return self.values[max(0, i - 1)]
        t0, t1 = self.at_ms[i - 1], self.at_ms[i]
        v0, v1 = self.values[i - 1], self.values[i]
        return v0 + (v1 - v0) * ((at_ms - t0) / (t1 - t0))

    def step_at(self, at_ms: int) -> float:
        """The value of the last row at or before `at_ms`."""
        return self.values[max(0, bisect_right(self.at_ms, at_ms) - 1)]


def read_series(path: Path, column: str) -> Series:
    """Read the columns `at` (RFC 3339) and `column` of a CSV file. Raises SeriesError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SeriesError(0, f"is larger than {MAX_FILE_BYTES} bytes", "thin the series, or split the story")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(_rows(_lines(stream), column))
    except UnicodeDecodeError as exc:
        raise SeriesError(0, "is not text in UTF-8", "save the file as CSV in UTF-8") from exc
    except csv.Error as exc:
        raise SeriesError(0, f"is not CSV: {exc}", "save the file as CSV with commas") from exc
    except OSError as exc:
        raise SeriesError(0, f"cannot be read: {exc.strerror}", "put the file beside the scenario") from exc
    if not rows:
        raise SeriesError(0, "has no rows", "add rows below the header")
    return Series(tuple(at for at, _ in rows), tuple(value for _, value in rows))


def _lines(stream: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line and its number, without blank lines and comments (from #)."""
    for number, text in enumerate(stream, start=1):
        if number > MAX_ROWS:
            raise SeriesError(number, f"there are more than {MAX_ROWS} lines", "thin the series")
        if text.strip() and not text.startswith("#"):
            yield number, next(csv.reader([text], strict=True))


def _rows(lines: Iterator[tuple[int, list[str]]], column: str) -> Iterator[tuple[int, float]]:
    first, header = next(lines, (1, []))
    places = [_place(header, "at", first), _place(header, column, first)]
    before: int | None = None
    for line, row in lines:
        if len(row) != len(header):
            raise SeriesError(line, f"has {len(row)} fields, the header {len(header)}", "mend the line")
        at, value = parse_time(row[places[0]], line), _number(row[places[1]], column, line)
        if before is not None and at <= before:
            raise SeriesError(line, "is not later than the line before it", "sort the rows by time, each once")
        before = at
        yield at, value


def _place(header: list[str], column: str, line: int) -> int:
    header = [name.strip() for name in header]
    if header.count(column) != 1:
        raise SeriesError(
            line,
            f"there is no single column {column!r}; the header has: {', '.join(header) or 'nothing'}",
            "name one of the header's columns",
        )
    return header.index(column)


def parse_time(text: str, line: int = 0) -> int:
    """An RFC 3339 time with Z or offset as ms UTC. Raises SeriesError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise SeriesError(line, f"{text[:40]!r} is not a time", "write times as 1989-09-20T04:00:00Z")
    return to_ms(moment)


def to_ms(moment: datetime) -> int:
    """An aware datetime as ms UTC, exactly."""
    past = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (past.days * 86_400 + past.seconds) * 1000 + past.microseconds // 1000


def _number(text: str, column: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > MAX_VALUE:
        raise SeriesError(line, f"{column}: {text[:40]!r} is not a usable number", "give a plain finite number")
    return value
