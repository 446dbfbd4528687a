"""Values known beforehand: a tide table read from a CSV file."""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from edge_agent.hardware.board import HardwareError


class TableError(HardwareError):
    """The file is no table; the text names file, line, field and remedy."""


@dataclass(frozen=True)
class TideTable:
    """Times (ms UTC, rising) and values, linear between them."""

    at: tuple[int, ...]
    values: tuple[float, ...]

    @classmethod
    def load(cls, file: Path, column: str = "value") -> TideTable:
        """Read a CSV with the columns `at` (RFC 3339 with zone) and `column`. Raises TableError."""
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                rows = csv.DictReader(row for row in lines if not row.startswith("#"))
                pairs = [_pair(file, rows.line_num, row, column) for row in rows]
        except (OSError, UnicodeDecodeError, csv.Error) as exc:
            raise TableError(f"{file}: {exc}") from exc
        if not pairs:
            raise TableError(f"{file}: no rows; give at least one line at,{column}")
        for (earlier, _), (later, _) in pairwise(pairs):
            if later <= earlier:
                raise TableError(f"{file}: times must rise; sort the rows by at")
        return cls(tuple(at for at, _ in pairs), tuple(value for _, value in pairs))

    def value(self, at: int) -> float | None:
        """The value at a time, linear between rows; None outside the table."""
        if not self.at or not self.at[0] <= at <= self.at[-1]:
            return None
        right = bisect_right(self.at, at)
        if right == len(self.at):
            return self.values[-1]
        t0, t1 = self.at[right - 1], self.at[right]
        v0, v1 = self.values[right - 1], self.values[right]
        return v0 + (v1 - v0) * (at - t0) / (t1 - t0)


def _pair(file: Path, line: int, row: dict[str, str], column: str) -> tuple[int, float]:
    try:
        at = datetime.fromisoformat(row["at"])
        value = float(row[column])
    except KeyError as exc:
        raise TableError(f"{file}: no column {exc.args[0]!r}; the first line must name at and {column}") from exc
    except (TypeError, ValueError) as exc:
        raise TableError(
            f"{file} line {line}: {exc}; write at as 1989-09-20T04:00:00Z and {column} as a number"
        ) from exc
    if at.tzinfo is None or not math.isfinite(value):
        raise TableError(f"{file} line {line}: at needs a zone (Z) and {column} a finite number")
    return round(at.timestamp() * 1000), value
