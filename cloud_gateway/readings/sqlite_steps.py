"""The steps of official warnings in the readings file: their table, and how they are written and read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from cloud_gateway.readings.series import WarningStep

TABLES = (
    # what official warnings said of a site from a time on; `site` is its code
    """CREATE TABLE warning_step (
        site TEXT NOT NULL, hazard TEXT NOT NULL, simulated INTEGER NOT NULL, time_ns INTEGER NOT NULL,
        level INTEGER NOT NULL, coming INTEGER NOT NULL, color TEXT NOT NULL, warning TEXT NOT NULL,
        PRIMARY KEY (site, hazard, simulated, time_ns)
    ) WITHOUT ROWID""",
)
PUT = """INSERT OR REPLACE INTO warning_step (site, hazard, time_ns, level, coming, color, warning, simulated)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
#: Those of a time, and the last of each hazard before it.
FIND = """WITH mine AS (SELECT * FROM warning_step WHERE site = :site), held AS (
        SELECT hazard, simulated, max(time_ns) AS time_ns FROM mine WHERE time_ns < :first GROUP BY hazard, simulated
    )
    SELECT site, hazard, time_ns, level, coming, color, warning, simulated FROM mine
    WHERE (time_ns >= :first AND time_ns < :last) OR (hazard, simulated, time_ns) IN (SELECT * FROM held)
    ORDER BY time_ns, hazard"""


def put_steps(connection: sqlite3.Connection, steps: Sequence[WarningStep]) -> None:
    """Write checked steps within the caller's transaction; the same again changes nothing."""
    connection.executemany(PUT, steps)


def find_steps(connection: sqlite3.Connection, site: str, first_ns: int, last_ns: int) -> list[WarningStep]:
    """See `StepStore.warning_steps`."""
    rows = connection.execute(FIND, {"site": site, "first": first_ns, "last": last_ns})
    return [step._replace(simulated=bool(step.simulated)) for step in map(WarningStep._make, rows)]
