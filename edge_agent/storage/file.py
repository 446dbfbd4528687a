"""The outbox's file with what protects it: salvage when it is damaged, and a ballast for a disk that others fill.

Everything here runs in the one thread that owns the file.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.storage import salvage, store
from edge_agent.storage.ballast import Ballast
from edge_agent.storage.commit import Insert, Result, Work, commit, give_way
from edge_agent.storage.facts import Item
from edge_agent.storage.quotas import Quotas
from edge_agent.storage.sqlite import PAGE_BYTES, DamagedError, StorageError, is_damage, open_file
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)

T = TypeVar("T")

DISK_FULL = "the disk is full"
DAMAGED = "a damaged outbox file"
#: SQLite's primary result codes of a disk that takes no more: SQLITE_FULL, SQLITE_IOERR.
FULL_CODES = frozenset({13, 10})
#: The log is taken into the file at so many pages; at fewer with a small ballast, which must make room for all of them.
LOG_PAGES, LEAST_LOG_PAGES = 256, 32


class OutboxFile:
    """One outbox file. `full` while the disk has no room for anything but alarms and records."""

    def __init__(self, path: Path, *, max_mb: int, quotas: Quotas, ballast_bytes: int) -> None:
        self.path = path
        self._max_mb = max_mb
        self._quotas = quotas
        self._ballast = Ballast(path, ballast_bytes)
        self._log_pages = (
            min(LOG_PAGES, max(LEAST_LOG_PAGES, ballast_bytes // PAGE_BYTES)) if ballast_bytes else LOG_PAGES
        )
        self._connection: sqlite3.Connection | None = None
        self._aside: list[str] = []
        self.full = False

    @property
    def connection(self) -> sqlite3.Connection:
        """The open file."""
        if self._connection is None:
            raise sqlite3.ProgrammingError("the outbox's file is not open")
        return self._connection

    def open(self) -> store.Contents:
        """Open or make it; a damaged one is set aside and what is readable of it carried over. Raises StorageError."""
        try:
            return self._open()
        except StorageError as exc:
            if not (_is_full(exc.__cause__) and self._ballast.give_up()):
                raise
            self.full = True
            return self._open()

    def _open(self) -> store.Contents:
        try:
            contents = self._take_up("found beside the outbox")
        except DamagedError as exc:
            aside = self._set_aside()
            logger.error("the outbox is damaged and set aside as %s: %s", aside.name, exc)
            self.close()
            contents = self._take_up(str(exc))
        self._aside = [aside.name for aside in salvage.files_aside(self.path)]
        self.full = not self._ballast.rebuild()
        return contents

    def _take_up(self, reason: str) -> store.Contents:
        self._connection = open_file(self.path, max_mb=self._max_mb)
        try:
            self._connection.execute(f"PRAGMA wal_autocheckpoint={self._log_pages}").fetchall()
            store.load(self._connection)
            salvage.finish(self.path, self._connection, reason)
            return store.load(self._connection)
        except sqlite3.Error as exc:
            if is_damage(exc):
                raise DamagedError(str(exc)) from exc
            self.close()
            raise StorageError(f"{self.path}: {exc}; check that the disk has room and can be written") from exc

    def _set_aside(self) -> Path:
        try:
            return salvage.set_aside(self.path)
        except OSError as exc:
            raise StorageError(f"{self.path} is damaged and cannot be set aside: {exc}") from exc

    def close(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def quota(self, lane: Lane) -> int:
        """Bytes that the lane may fill."""
        return self._quotas.bytes_of(lane, self._max_mb * 1024 * 1024)

    def troubles(self) -> dict[str, Exception | None]:
        """What does not work, by name; None for what does."""
        names = ", ".join(self._aside)
        damaged = StorageError(f"{names} lies beside the outbox; look at it and move it away") if names else None
        full = StorageError("readings are not stored until others leave room on the disk") if self.full else None
        return {DISK_FULL: full, DAMAGED: damaged}

    # -- writing --------------------------------------------------------------------------------------------

    def commit(self, work: Work, insert: Insert) -> Result:
        """Commit it; on a full disk at least what is urgent of it. Raises sqlite3.Error: then nothing is stored."""
        if self.full:
            self.full = not self._ballast.rebuild()
        try:
            result = commit(self.connection, work._replace(closed=self.full), self._quotas, insert)
        except sqlite3.OperationalError as exc:
            if not _is_full(exc):
                raise
            result = self._commit_without_room(work, insert, exc)
        if self.full:
            self._checkpoint()
        return result

    def _commit_without_room(self, work: Work, insert: Insert, cause: sqlite3.Error) -> Result:
        """The ballast goes, the oldest readings go, and what is urgent is tried once more."""
        logger.warning("the disk is full: %s", cause)
        self.full = True
        self._ballast.give_up()
        self._checkpoint()
        way = self._give_way(work.newest, insert)
        self._checkpoint()
        result = commit(self.connection, work._replace(closed=True), self._quotas, insert)
        result.gaps = way.gaps + result.gaps
        return result

    def _give_way(self, newest: Item | None, insert: Insert) -> Result:
        try:
            return give_way(self.connection, newest, insert)
        except sqlite3.OperationalError as exc:
            logger.warning("nothing can be dropped: %s", exc)
            return Result()

    def _checkpoint(self) -> None:
        """Take the log into the file, so that the next commit overwrites the log and needs no room of the disk."""
        try:
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.OperationalError as exc:
            logger.warning("the log cannot be taken into the file: %s", exc)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do a small transaction; once more without the ballast when the disk is full. Raises sqlite3.Error."""
        try:
            return work(self.connection)
        except sqlite3.OperationalError as exc:
            if not (_is_full(exc) and self._ballast.give_up()):
                raise
            self.full = True
            return work(self.connection)


def _is_full(exc: BaseException | None) -> bool:
    return isinstance(exc, sqlite3.Error) and getattr(exc, "sqlite_errorcode", 0) & 0xFF in FULL_CODES
