"""Tables that people fill in, as CSV: columns by name, each row a model, and every wrong field named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from cloud_gateway.sites.entries import Mistake

BYTES_MOST = 20 * 1024 * 1024
ROWS_MOST = 100_000
#: Columns whose cell is a list, parted by semicolons.
LISTS = frozenset({"sites", "hazards"})
Entry = TypeVar("Entry", bound=BaseModel)


class TableRefused(Exception):
    """The file as a whole cannot be read; `remedy` says what would help."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


def read_entry(kind: type[Entry], row: int, values: Mapping[str, str]) -> Entry | list[Mistake]:
    """One row as its model, or every field that is wrong with what would be right. Empty cells are left out."""
    said: dict[str, object] = {name: text.strip() for name, text in values.items() if text.strip()}
    for name in LISTS & said.keys():
        said[name] = [part.strip() for part in str(said[name]).split(";") if part.strip()]
    try:
        return kind.model_validate(said)
    except ValidationError as exc:
        return list(_mistakes(kind, row, exc))


def read_table(raw: bytes, known: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV table by column, numbered from 1. Raises TableRefused."""
    if len(raw) > BYTES_MOST:
        raise TableRefused(f"it is larger than {BYTES_MOST >> 20} MB", "Divide it")
    table = csv.DictReader(io.StringIO(_text(raw), newline=""), strict=True, restval="", restkey=None)
    try:
        table.fieldnames = names = [name.strip() for name in table.fieldnames or ()]
        _check_names(names, known, needed)
        for number, values in enumerate(table, 1):
            if number > ROWS_MOST:
                raise TableRefused(f"it has more than {ROWS_MOST} rows", "Divide it")
            yield number, {name: str(values[name]) for name in names}
    except csv.Error as exc:
        raise TableRefused(f"line {table.line_num}: {exc}", "Save the table as CSV with commas") from exc


def _mistakes(kind: type[BaseModel], row: int, exc: ValidationError) -> Iterator[Mistake]:
    for error in exc.errors(include_url=False, include_context=False):
        place = str(error["loc"][0]) if error["loc"] else ""
        text = error["msg"].removeprefix("Value error, ")
        if not place:
            place, _, text = text.partition(": ")
        field = kind.model_fields.get(place)
        remedy = (field.description if field is not None else None) or "Correct it"
        given = "" if error["type"] in {"missing", "value_error"} else f"{str(error['input'])[:60]!r}: "
        yield Mistake(row, place, f"{given}{text}", remedy)


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableRefused("it is neither UTF-8 nor GB 18030", "Save it as CSV in UTF-8")


def _check_names(names: list[str], known: tuple[str, ...], needed: tuple[str, ...]) -> None:
    said = [f"no column {name!r}" for name in needed if name not in names]
    said += [f"unknown column {name[:60]!r}" for name in names if name not in known]
    if said or len(set(names)) < len(names):
        text = ", ".join(said) or "a column is there twice"
        raise TableRefused(f"the first line is not right: {text}", f"Columns are: {', '.join(known)}")
