"""What the last scrub of the stored log came to: a small file beside the database, for the console."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from cloud_gateway.evidence.scrub import Scrubbed

FILE = "scrub.json"


class LastScrub(Struct, frozen=True):
    """How much was looked at, and how many findings there were. `at` ms UTC."""

    at: int
    entries: int
    records: int
    texts: int
    heads: int
    findings: int


def keep_scrub(folder: Path, done: Scrubbed, now: int) -> None:
    """Write it down in the data folder, in one step. Raises OSError."""
    last = LastScrub(now, done.entries, done.records, done.texts, done.heads, len(done.findings))
    draft = folder / f".{FILE}.new"
    draft.write_bytes(msgspec.json.encode(last))
    draft.replace(folder / FILE)


def read_scrub(folder: Path) -> LastScrub | None:
    """The last one; None where none was written down, or it cannot be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=LastScrub)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
