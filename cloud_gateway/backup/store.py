"""The rows of backups: which were made, how far the ledger is safe in them, and what a restored database must say."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from cloud_gateway.backup.manifest import Head, Manifest
from cloud_gateway.database import BUSY_TIMEOUT_MS
from edge_agent.wire.messages import MAX_SEQ

#: Lanes whose rows a device keeps until they are safe (DESIGN section 3).
KEPT_LANES = ("alarm", "record")
#: Lanes that a device lets go as soon as they are acknowledged.
PASSING_LANES = ("reading", "diagnostic")
#: The reason of the gap that a restored gateway writes; its place is a number below all that a device gives.
RESTORED = "gateway-restored"


class Revocation(NamedTuple):
    """A device that may no longer speak."""

    device: str
    revoked_at: int
    reason: str


@contextmanager
def _writing(file: Path) -> Iterator[sqlite3.Connection]:
    """One transaction, opened with BEGIN IMMEDIATE."""
    with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def note_begun(file: Path, id: str, begun_at: int, folder: Path) -> None:  # noqa: A002 - the column's name
    """Write down that a backup is under way."""
    with _writing(file) as c:
        c.execute("INSERT INTO backup (id, begun_at, folder) VALUES (?, ?, ?)", (id, begun_at, str(folder)))


def note_finished(file: Path, manifest: Manifest) -> None:
    """Write down that a backup is on the disk, and with it that devices may let go of what it holds."""
    with _writing(file) as c:
        _mark(c, manifest)


def _mark(c: sqlite3.Connection, manifest: Manifest) -> None:
    c.execute("UPDATE backup SET finished_at = ? WHERE id = ?", (manifest.finished_at, manifest.id))
    c.executemany(
        "UPDATE ledger SET safe = max(safe, ?) WHERE device = ? AND epoch = ? AND lane = ?",
        [(h.upto, h.device, h.epoch, h.lane) for h in manifest.heads if h.lane in KEPT_LANES],
    )


def read_heads(file: Path) -> list[Head]:
    """Every line of a copy's ledger."""
    query = "SELECT device, epoch, lane, upto, ranges FROM ledger ORDER BY device, epoch, lane"
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(query).fetchall()
    return [Head(device, epoch, lane, upto, json.loads(ranges)) for device, epoch, lane, upto, ranges in rows]


def read_revision(file: Path) -> str:
    """A copy's place in the chain of migrations."""
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def read_later_backups(file: Path, begun_at: int) -> list[str]:
    """The folders of finished backups that began after this time. Raises sqlite3.Error."""
    query = "SELECT folder FROM backup WHERE begun_at > ? AND finished_at IS NOT NULL ORDER BY begun_at"
    with closing(sqlite3.connect(file)) as connection:
        return [str(folder) for (folder,) in connection.execute(query, (begun_at,))]


def read_revocations(file: Path) -> list[Revocation]:
    """All devices that were refused for good. Raises sqlite3.Error."""
    query = "SELECT device, revoked_at, reason FROM enrolment WHERE revoked_at IS NOT NULL"
    with closing(sqlite3.connect(file)) as connection:
        return [Revocation(*row) for row in connection.execute(query)]


def write_restored(file: Path, manifest: Manifest, now: int, revocations: Iterable[Revocation]) -> None:
    """Make a restored and migrated database say what it is.

    The backup that it came from is finished, and what it holds is safe. Each line of the lanes that devices do not
    keep gets a gap: what was acknowledged after the copy is not known here. Sessions and links end, for those that
    were ended after the copy would live again; devices that were revoked after it stay so. The evidence log says at its
    next entry that it was restored.
    """
    with _writing(file) as c:
        _mark(c, manifest)
        _name_holes(c, [h for h in manifest.heads if h.lane in PASSING_LANES], manifest.begun_at, now)
        c.execute("UPDATE evidence_log SET restored_from = ?, restored_at = ?", (manifest.id, now))
        c.execute("DELETE FROM session")
        c.execute("DELETE FROM sign_in_link")
        c.executemany(
            "UPDATE enrolment SET revoked_at = ?, reason = ? WHERE device = ? AND revoked_at IS NULL",
            [(r.revoked_at, r.reason, r.device) for r in revocations],
        )


def _name_holes(c: sqlite3.Connection, heads: Sequence[Head], since: int, until: int) -> None:
    """`last` 0 and `count` 0: how many there were is not known; what a device still holds comes again.

    A lane that has come to the greatest number has nothing after it.
    """
    c.executemany(
        'INSERT OR REPLACE INTO gap (device, epoch, lane, seq, reason, count, "first", "last", since, until)'
        " VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?, ?)",
        [(h.device, h.epoch, h.lane, -since, RESTORED, h.upto + 1, since, until) for h in heads if h.upto < MAX_SEQ],
    )
