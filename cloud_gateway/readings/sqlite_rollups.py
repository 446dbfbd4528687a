"""The file of roll-ups, beside whichever store of readings there is: what it holds can be made again from the values.

It is not there until the first roll-up is made, and may be deleted while no process of the gateway runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from cloud_gateway.readings.checks import names_fit
from cloud_gateway.readings.rollups import DAY_NS
from cloud_gateway.readings.series import Bucket, Point
from cloud_gateway.readings.sqlite_tables import BUSY_TIMEOUT_S, set_pragma, transaction

#: The number is that of the layout: another layout is another file.
ROLLUPS_FILE = "rollups-1.db"
PRAGMAS = ("page_size=8192", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
TABLES = (
    # one stream and UTC day of one home of readings; with `made` = 0 somebody is reading its values.
    # An id is never used twice, so that who reads sees whether the day was taken away meanwhile.
    """CREATE TABLE IF NOT EXISTS day (
        id INTEGER PRIMARY KEY AUTOINCREMENT, home TEXT NOT NULL, device TEXT NOT NULL, stream TEXT NOT NULL,
        day INTEGER NOT NULL, made INTEGER NOT NULL DEFAULT 0, UNIQUE (device, stream, day)
    )""",
    "CREATE INDEX IF NOT EXISTS day_newest ON day (day)",
    """CREATE TABLE IF NOT EXISTS block (
        day INTEGER NOT NULL REFERENCES day ON DELETE CASCADE, at INTEGER NOT NULL,
        low REAL NOT NULL, mean REAL NOT NULL, high REAL NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, at)
    ) WITHOUT ROWID""",
)
DROP = "DELETE FROM day WHERE device = ? AND stream = ? AND day = ?"
MINE = "home = :home AND device = :device AND stream = :stream"
DAYS = f"SELECT day FROM day WHERE {MINE} AND day >= :first AND day < :last AND made = 1"  # noqa: S608 - our own text
BLOCKS = f"""WITH part AS (
        SELECT at - ((at % :width) + :width) % :width AS start, low, mean, high, count
        FROM block WHERE day IN (SELECT id FROM day WHERE {MINE} AND day >= :first AND day < :last AND made = 1)
    )
    SELECT start, min(low), sum(mean * count) / sum(count), max(high), sum(count) FROM part
    GROUP BY start ORDER BY start"""  # noqa: S608 - our own text


class RollupFile:
    """One process's connection; used by one thread only. Methods raise sqlite3.DatabaseError."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._db is not None:
            self._db.close()
        self._db = None

    def drop_touched(self, points: Sequence[Point]) -> None:
        """Take away the days of these points: their values are no longer all that there are."""
        db = self._find()
        if db is None:
            return
        (newest,) = db.execute("SELECT max(day) FROM day").fetchone()
        if newest is None:
            return
        end_ns = (newest + 1) * DAY_NS
        touched = {(p.device, p.stream, p.time_ns // DAY_NS) for p in points if p.time_ns < end_ns}
        if touched:
            with transaction(db):
                db.executemany(DROP, [key for key in touched if names_fit(key[0], key[1])])

    def claim(self, home: str, device: str, stream: str, day: int) -> int:
        """Say that somebody will now read the values of the day; the claim's id, for `complete`."""
        db = self._make()
        with transaction(db):
            db.execute(DROP, (device, stream, day))
            row = (home, device, stream, day)
            made = db.execute("INSERT INTO day (home, device, stream, day) VALUES (?, ?, ?, ?)", row)
        assert made.lastrowid is not None
        return made.lastrowid

    def complete(self, claim: int, blocks: Iterable[Bucket]) -> bool:
        """Keep what was read since the claim; False when something was written to the day meanwhile."""
        db = self._make()
        with transaction(db):
            if db.execute("UPDATE day SET made = 1 WHERE id = ?", (claim,)).rowcount == 0:
                return False
            put = "INSERT INTO block (day, at, low, mean, high, count) VALUES (?, ?, ?, ?, ?, ?)"
            db.executemany(put, [(claim, *block) for block in blocks])
        return True

    def made(self, home: str, device: str, stream: str, first: int, last: int) -> set[int]:
        """The days of first <= day < last that are rolled up."""
        db = self._find()
        if db is None:
            return set()
        asked = {"home": home, "device": device, "stream": stream, "first": first, "last": last}
        return {day for (day,) in db.execute(DAYS, asked)}

    def buckets(
        self, home: str, device: str, stream: str, first: int, last: int, width: int
    ) -> tuple[set[int], list[Bucket]]:
        """Those days, and the buckets of `width` ms that their values make; both as of one moment."""
        db = self._find()
        if db is None:
            return set(), []
        asked = {"home": home, "device": device, "stream": stream, "first": first, "last": last}
        db.execute("BEGIN")
        try:
            days = {day for (day,) in db.execute(DAYS, asked)}
            rows = db.execute(BLOCKS, asked | {"width": width}).fetchall()
        finally:
            db.execute("ROLLBACK")
        return days, list(map(Bucket._make, rows))

    def forget(self, device: str, stream: str, upto: int) -> None:
        """Take away the days <= `upto`: their values were let go or down-sampled."""
        db = self._find()
        if db is not None:
            with transaction(db):
                query = "DELETE FROM day WHERE device = ? AND stream = ? AND day <= ?"
                db.execute(query, (device, stream, upto))

    def _find(self) -> sqlite3.Connection | None:
        return self._make() if self._db is not None or self._file.exists() else None

    def _make(self) -> sqlite3.Connection:
        if self._db is None:
            db = sqlite3.connect(self._file, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                for pragma in PRAGMAS:
                    set_pragma(db, pragma)
                with transaction(db):
                    for statement in TABLES:
                        db.execute(statement)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db
