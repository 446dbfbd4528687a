"""What several commands share: the options they have in common, and the way they read settings."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel

from deploy.failures import WRONG_USE, Failure
from edge_agent.configuration import load

Settings = TypeVar("Settings", bound=BaseModel)
Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="Settings file, TOML (docs/settings.md).")]
#: How a SQLite database begins (file format, 1.3.1).
SQLITE = b"SQLite format 3\0"
AsJson = Annotated[bool, typer.Option("--json", help="Print the result, and an error, as JSON.")]


def load_settings(model: type[Settings], file: Path) -> Settings:
    """The settings of `file` with the process's WEIRAN_... variables over them. Raises SettingsError."""
    return load(model, file, os.environ)


def check_writable(option: str, file: Path | None) -> None:
    """See now, not after minutes of work, that `file` can be written; makes none. Raises Failure naming the option."""
    if file is None:
        return
    is_new = not file.exists()
    try:
        file.open("ab").close()
    except OSError as exc:
        remedy = "Name a file in a folder that can be written"
        raise Failure("file", f"{option} {file}: {exc.strerror}", remedy, WRONG_USE) from exc
    if is_new:
        file.unlink()


def check_output(option: str, file: Path) -> None:
    """The same for a result that takes the place of an older one: of no device or pipe, and of no database."""
    check_writable(option, file)
    if not file.exists():
        return
    wrong = "" if file.is_file() else "is no plain file"
    if file.is_file():
        with file.open("rb") as opened:
            wrong = "holds a database" if opened.read(len(SQLITE)) == SQLITE else ""
    if wrong:
        raise Failure("file", f"{option} {file}: it {wrong}", "Name a new file, or an older result", WRONG_USE)


def print_rows(rows: Iterable[Mapping[str, object]], as_json: bool) -> None:
    """Print a table: as a JSON array, or in aligned columns under their names."""
    table = [dict(row) for row in rows]
    if as_json:
        typer.echo(json.dumps(table, ensure_ascii=False, default=str))
        return
    lines = [list(table[0])] if table else []
    lines += [["" if value is None else str(value) for value in row.values()] for row in table]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
