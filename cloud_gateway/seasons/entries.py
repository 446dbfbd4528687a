"""Reads tables of long records and of seasonal outlooks, naming every field that is wrong."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from cloud_gateway.sites.entries import Mistake
from cloud_gateway.warnings.hazards import HAZARDS
from edge_agent.wire.topics import STREAM_NAME

BYTES_MOST = 16 << 20
ROWS_MOST = 200_000
TEXT_MOST = 4000
RECORD_FIELDS = ("site", "adcode", "quantity", "unit", "period", "value", "source", "stream")
OUTLOOK_FIELDS = (
    "site", "adcode", "issuer", "issued", "valid_from", "valid_to", "hazard", "below", "near", "above", "text",
)  # fmt: skip
#: What a record may be of, each with the one unit it is given in.
QUANTITIES = {
    "rain-1h": "mm", "rain-24h": "mm", "rain-3d": "mm", "water-level": "m", "tide-level": "m", "wave-height": "m",
    "wind-gust": "m/s", "snow-depth": "cm", "temperature-max": "Cel", "discharge": "m3/s",
}  # fmt: skip
_PERIOD = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
Value = TypeVar("Value")


class TableRefused(Exception):
    """The file cannot be read as such a table at all; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True)
class RecordEntry:
    """The highest value of a quantity at a place in a period; `place` is "site:CODE" or "adcode:CODE".

    `stream` names the site's own stream that measures the same from the same zero, "" for none.
    """

    row: int
    place: str
    quantity: str
    unit: str
    period: str
    value: float
    source: str
    stream: str


@dataclass(frozen=True)
class OutlookEntry:
    """A seasonal outlook as its issuer gave it; dates are local, the three chances percent or all None."""

    row: int
    place: str
    issuer: str
    issued: str
    valid_from: str
    valid_to: str
    hazard: str
    below: float | None
    near: float | None
    above: float | None
    text: str


@dataclass
class _Row:
    """The fields of one row, and what was found wrong with them so far."""

    number: int
    values: Mapping[str, str]
    mistakes: list[Mistake] = field(default_factory=list)

    def read(self, name: str, parse: Callable[[str], Value], otherwise: Value, remedy: str) -> Value:
        """The field; `otherwise`, and a mistake noted, when `parse` raises ValueError."""
        text = self.values.get(name, "").strip()
        try:
            return parse(text)
        except ValueError as exc:
            self.refuse(name, str(exc) or f"{text[:60]!r} cannot be used", remedy)
            return otherwise

    def refuse(self, name: str, text: str, remedy: str) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(self.number, name, text, remedy))


def read_records(raw: bytes) -> tuple[list[RecordEntry], list[Mistake]]:
    """The rows that can be taken and the mistakes of the others. Raises TableRefused."""
    return _read(raw, RECORD_FIELDS, ("quantity", "unit", "period", "value"), _record)


def read_outlooks(raw: bytes) -> tuple[list[OutlookEntry], list[Mistake]]:
    """The rows that can be taken and the mistakes of the others. Raises TableRefused."""
    return _read(raw, OUTLOOK_FIELDS, ("issuer", "issued", "valid_from", "valid_to", "hazard"), _outlook)


def _read(
    raw: bytes, known: tuple[str, ...], needed: tuple[str, ...], make: Callable[[_Row], Value]
) -> tuple[list[Value], list[Mistake]]:
    entries: list[Value] = []
    mistakes: list[Mistake] = []
    for row in _rows(raw, known, needed):
        entry = make(row)
        mistakes += row.mistakes
        if not row.mistakes:
            entries.append(entry)
    return entries, mistakes


def _rows(raw: bytes, known: tuple[str, ...], needed: tuple[str, ...]) -> list[_Row]:
    if len(raw) > BYTES_MOST:
        raise TableRefused(f"it is larger than {BYTES_MOST >> 20} MB", "Divide it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise TableRefused("it is not UTF-8", "Save it as CSV in UTF-8") from exc
    table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    names = [name.strip() for name in table.fieldnames or ()]
    wrong = [f"unknown column {n[:60]!r}" for n in names if n not in known]
    wrong += [f"no column {n!r}" for n in needed if n not in names]
    if wrong or len(set(names)) < len(names):
        raise TableRefused(", ".join(wrong) or "a column is there twice", f"Columns are: {', '.join(known)}")
    table.fieldnames = names
    try:
        rows = [_Row(n, {str(k): v or "" for k, v in one.items() if k}) for n, one in enumerate(table, 1)]
    except csv.Error as exc:
        raise TableRefused(f"line {table.line_num}: {exc}", "Save the table as CSV with commas") from exc
    if len(rows) > ROWS_MOST:
        raise TableRefused(f"it has more than {ROWS_MOST} rows", "Divide it")
    return rows


def _record(row: _Row) -> RecordEntry:
    quantity = row.read("quantity", _quantity, "", f"Use one of: {', '.join(QUANTITIES)}")
    unit = row.values.get("unit", "").strip()
    if quantity and unit != QUANTITIES[quantity]:
        row.refuse("unit", f"{unit[:20]!r} is not the unit of {quantity}", f"Give it in {QUANTITIES[quantity]}")
    return RecordEntry(
        row=row.number,
        place=_place(row),
        quantity=quantity,
        unit=unit,
        period=row.read("period", _period, "", "Write a year, a month or a day: 1998, 1998-07 or 1998-07-21"),
        value=row.read("value", _number, 0.0, "Give a number"),
        source=row.read("source", _text, "", f"Keep it under {TEXT_MOST} characters"),
        stream=row.read("stream", _stream, "", "Give the name of a stream of the site, such as drain_level"),
    )


def _outlook(row: _Row) -> OutlookEntry:
    day = "Write a day: 2026-04-01"
    issued, first, last = (row.read(name, _day, "", day) for name in ("issued", "valid_from", "valid_to"))
    if first and last and last < first:
        row.refuse("valid_to", "it ends before it begins", "Give the last day of the season")
    below, near, above = (row.read(n, _chance, None, "Give percent, 0 to 100") for n in ("below", "near", "above"))
    given = [one for one in (below, near, above) if one is not None]
    text = row.read("text", _text, "", f"Keep it under {TEXT_MOST} characters")
    if given and (len(given) < 3 or abs(math.fsum(given) - 100) > 1.5):
        row.refuse("above", "the three chances are not all there or do not make 100 %", "Give all three, or none")
    if not given and not text:
        row.refuse("text", "the outlook says nothing", "Give the issuer's text, or the three chances")
    issuer = row.read("issuer", _name, "", "Name the service that issued it")
    hazard = row.read("hazard", _hazard, "", "Use a hazard's key, such as rainstorm, flood or typhoon")
    return OutlookEntry(row.number, _place(row), issuer, issued, first, last, hazard, below, near, above, text)


def _place(row: _Row) -> str:
    site, adcode = (row.values.get(name, "").strip() for name in ("site", "adcode"))
    if bool(site) == bool(adcode):
        row.refuse("site", "a row is about one site or one adcode", "Fill one of the columns site and adcode")
    elif adcode and not re.fullmatch(r"\d{6}", adcode):
        row.refuse("adcode", f"{adcode[:20]!r} is no division code", "Give 6 digits")
    elif site and not re.fullmatch(r"[a-z0-9-]{2,32}", site):
        row.refuse("site", f"{site[:40]!r} is no site's code", "Give the code of a site that is entered")
    return f"site:{site}" if site else f"adcode:{adcode}"


def _quantity(text: str) -> str:
    if text not in QUANTITIES:
        raise ValueError(f"{text[:40]!r} is no quantity that is known here")
    return text


def _period(text: str) -> str:
    if not _PERIOD.fullmatch(text):
        raise ValueError
    date.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) < 10 else text)
    return text


def _day(text: str) -> str:
    if len(text) != 10:
        raise ValueError
    return date.fromisoformat(text).isoformat()


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _chance(text: str) -> float | None:
    value = _number(text) if text else None
    if value is not None and not 0 <= value <= 100:
        raise ValueError
    return value


def _text(text: str) -> str:
    if len(text) > TEXT_MOST:
        raise ValueError(f"it has {len(text)} characters")
    return text


def _name(text: str) -> str:
    if not 0 < len(text) <= 200:
        raise ValueError("no name")
    return text


def _stream(text: str) -> str:
    if text and not STREAM_NAME.fullmatch(text):
        raise ValueError
    return text


def _hazard(text: str) -> str:
    if text not in HAZARDS:
        raise ValueError
    return text
