"""A damaged outbox file: it is set aside whole, and what can be read of it goes on in a new file, as what it was.

Salvaged facts keep the epoch and the numbers that they had, so the gateway's ledger takes each of them once, whatever
it had of them already; new facts begin a new epoch. docs/decisions/2026-11-22-salvage-under-the-old-epoch.md
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from edge_agent.storage.sqlite import decode_text, transaction
from edge_agent.wire.topics import Lane

SALVAGE = "salvage/1"
#: Key of the note that a file was dealt with: the report, or TOLD once the gateway is being told.
NOTE = "salvaged."
TOLD = "told"
#: What SQLite keeps beside a file.
COMPANIONS = ("", "-wal", "-shm")
#: Rows read at once; of a stretch that cannot be read, halves are tried.
CHUNK = 512
#: Reads that may fail before a lane's rest is given up: each bad page fails some eight times.
MOST_FAILURES = 20_000
COLUMNS = "lane, seq, kind, at, clock, mono, boot, body"
_EPOCH = re.compile(r"[0-9a-f]{16}")

_Row = tuple[object, ...]


class SalvageBody(Struct, frozen=True):
    """Body of ``salvage/1``: an outbox file was damaged. `rows` were carried over by lane; `aside` names the file.

    `unreadable` counts stretches of rows that could not be read, by lane; `epoch` is that of the old file, or new
    when it could not be read. `kept` rows were carried over besides: acknowledged, but not known to be in a backup.
    """

    aside: str
    reason: str
    epoch: str
    rows: dict[Lane, int]
    unreadable: dict[Lane, int]
    kept: dict[Lane, int] = {}


class Reading(NamedTuple):
    """What was read of one lane."""

    rows: int
    unreadable: int


def set_aside(path: Path) -> Path:
    """Rename the file and what belongs to it; returns the new name. Nothing of it is changed. Raises OSError."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for companion in reversed(COMPANIONS):
        part = path.with_name(path.name + companion)
        if part.exists():
            part.rename(aside.with_name(aside.name + companion))
    return aside


def files_aside(path: Path) -> list[Path]:
    """The damaged files beside an outbox, oldest first."""
    found = path.parent.glob(f"{path.name}.damaged-*")
    return sorted(p for p in found if re.search(r"-\d+$", p.name))


def carry_over(aside: Path, target: sqlite3.Connection, reason: str) -> SalvageBody:
    """Copy the readable rows of `aside`, and what it remembered, into the new outbox, with a note that it is done.

    Raises sqlite3.Error when the new file cannot take them.
    """
    source = _open(aside)
    counts: dict[Lane, Reading] = {}
    kept: dict[Lane, int] = {}
    with closing(source), transaction(target) as c:
        readable = _is_readable(source)
        known = _read_epoch(source) if readable else None
        epoch = known or secrets.token_hex(8)
        if readable:
            _carry_memory(source, c)
            counts = {lane: _carry_lane(_Reader(source, lane), c, epoch) for lane in Lane}
        if known:  # under any other epoch the gateway would store a second time what it has
            kept = {lane: _carry_lane(_Reader(source, lane, "kept"), c, epoch, acked=1).rows for lane in Lane}
        rows = {lane: count.rows for lane, count in counts.items() if count.rows}
        unreadable = {lane: count.unreadable for lane, count in counts.items() if count.unreadable}
        kept = {lane: count for lane, count in kept.items() if count}
        report = SalvageBody(aside.name, reason[:200], epoch, rows, unreadable, kept)
        note = (NOTE + aside.name, msgspec.json.encode(report).decode())
        c.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value=excluded.value", note)
    return report


def finish(path: Path, target: sqlite3.Connection, reason: str = "found beside the outbox") -> None:
    """Carry over from every damaged file beside the outbox that this has not been done for: a cut may have come.

    Raises sqlite3.Error.
    """
    done = {key for (key,) in target.execute("SELECT key FROM meta WHERE key GLOB ?", (NOTE + "*",))}
    for aside in files_aside(path):
        if NOTE + aside.name not in done:
            carry_over(aside, target, reason)


def _open(path: Path) -> sqlite3.Connection:
    """For reading only, its write-ahead log included: nothing of the file may change."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.text_factory = decode_text
    return connection


def _is_readable(source: sqlite3.Connection) -> bool:
    """Whether SQLite finds any table of an outbox in it."""
    try:
        return bool(source.execute("PRAGMA table_info(pending)").fetchall())
    except sqlite3.DatabaseError:
        return False


def _read_epoch(source: sqlite3.Connection) -> str | None:
    """The epoch, if it can be believed."""
    with suppress(sqlite3.DatabaseError):
        row = source.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()
        if row is not None and isinstance(row[0], str) and _EPOCH.fullmatch(row[0]):
            return row[0]
    return None


def _carry_memory(source: sqlite3.Connection, c: sqlite3.Connection) -> None:
    """What duties remember, and samples dropped and not yet named; not the epoch, nor the connection's number."""
    with suppress(sqlite3.DatabaseError):
        for key, value in source.execute("SELECT key, value FROM meta WHERE key NOT IN ('epoch', 'conn')"):
            c.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))


def _carry_lane(reader: _Reader, c: sqlite3.Connection, epoch: str, *, acked: int = 0) -> Reading:
    carried = 0
    for rows in reader.read():
        sound = [(epoch, acked, *row) for row in rows if _is_row(row)]
        marks = ", ".join("?" * len(rows[0]))
        names = COLUMNS + (", crc" if reader.has_checksums else "")
        statement = f"INSERT OR IGNORE INTO salvaged (epoch, acked, {names}) VALUES (?, ?, {marks})"  # noqa: S608 ours
        carried += c.executemany(statement, sound).rowcount if sound else 0
        reader.unreadable += len(rows) - len(sound)
    return Reading(carried, reader.unreadable)


def _is_row(row: _Row) -> bool:
    """Whether the columns have the types that they should; what they say is for the checksum to tell."""
    types = (str, int, str, int, str, int, str, bytes)
    return all(isinstance(value, kind) for value, kind in zip(row, types, strict=False))


class _Reader:
    """Reads one lane of a table of a damaged file, around what cannot be read."""

    def __init__(self, source: sqlite3.Connection, lane: Lane, table: str = "pending") -> None:
        self._source = source
        self._lane = lane
        self._table = table
        self._failures = 0
        self.unreadable = 0
        self._columns = [name for _, name, *_ in source.execute(f"PRAGMA table_info({table})")]
        self.has_checksums = "crc" in self._columns

    def read(self) -> Iterator[list[_Row]]:
        """Rows in order of seq, some at a time; none of a table that an older release did not have."""
        first, last = self._bounds() if self._columns else (1, 0)
        while first <= last:
            yield from self._read_span(first, min(first + CHUNK - 1, last))
            first += CHUNK
            if self._failures >= MOST_FAILURES:
                self.unreadable += 1
                return
            first = self._next_seq(first, last)

    def _bounds(self) -> tuple[int, int]:
        lane = (self._lane.value,)
        first, last = 1, 0
        with suppress(sqlite3.DatabaseError):
            (following,) = self._source.execute("SELECT next FROM lane WHERE name=?", lane).fetchone() or (1,)
            last = int(following) - 1
        for end, column in (("ASC", 0), ("DESC", 1)):
            query = f"SELECT seq FROM {self._table} WHERE lane=? ORDER BY seq {end} LIMIT 1"  # noqa: S608 ours
            with suppress(sqlite3.DatabaseError, TypeError, ValueError):
                row = self._source.execute(query, lane).fetchone()
                found = int(row[0]) if row is not None else 0
                first, last = (found or first, last) if column == 0 else (first, max(last, found))
        return first, last

    def _next_seq(self, first: int, last: int) -> int:
        """Jump over numbers that are gone, where that can be read."""
        query = f"SELECT seq FROM {self._table} WHERE lane=? AND seq>=? ORDER BY seq LIMIT 1"  # noqa: S608 ours
        try:
            row = self._source.execute(query, (self._lane.value, first)).fetchone()
        except sqlite3.DatabaseError:
            self._failures += 1
            return first
        return last + 1 if row is None else max(first, int(row[0]))

    def _read_span(self, first: int, last: int) -> Iterator[list[_Row]]:
        columns = COLUMNS + (", crc" if self.has_checksums else "")
        where = f"{self._table} WHERE lane=? AND seq BETWEEN ? AND ?"
        query = f"SELECT {columns} FROM {where} ORDER BY seq"  # noqa: S608 ours
        try:
            rows = self._source.execute(query, (self._lane.value, first, last)).fetchall()
        except (sqlite3.DatabaseError, OverflowError):
            self._failures += 1
            if first == last or self._failures >= MOST_FAILURES:
                self.unreadable += 1
                return
            middle = (first + last) // 2
            yield from self._read_span(first, middle)
            yield from self._read_span(middle + 1, last)
            return
        if rows:
            yield rows
