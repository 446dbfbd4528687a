"""A gateway's database with all its tables, for tests that do not test the migrations: made once, then copied."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cloud_gateway.migrations import migrate


def make_database(file: Path) -> None:
    """Put a migrated, empty database there; the copy is WAL like the first, for the file itself remembers it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_template())


@cache
def _template() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gateway.db"
        migrate(file)
        return file.read_bytes()
