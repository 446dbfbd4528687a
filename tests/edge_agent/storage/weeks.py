"""Two weeks without a gateway: ten streams at 1 Hz, an alarm and a rating now and then, through the store's own commit.

Run by hand for the whole of it: python -m tests.edge_agent.storage.weeks FILE --max-mb 8
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from edge_agent.storage import store
from edge_agent.storage.commit import Work, commit
from edge_agent.storage.facts import Item
from edge_agent.storage.quotas import Quotas
from edge_agent.storage.sqlite import open_file
from edge_agent.wire.messages import ALARM, READING, ClockQuality
from edge_agent.wire.senml import encode_pack, entry
from edge_agent.wire.topics import Lane

START = 1_795_305_600_000
STREAMS = [f"level_{n}" for n in range(10)]
#: Seconds of readings that one commit takes in: the store's work is the same, only the groups are longer.
LONG_GROUP_S = 200
URGENT_EVERY_S = 600


class Outage(NamedTuple):
    """What was put, what is in the file afterwards, and what gap records name."""

    put: Counter[str]
    left: Counter[str]
    named: int
    gaps: int
    reasons: set[str]
    file_bytes: int
    longest_commit_s: float
    seconds: float


def live_through(path: Path, seconds: int, max_mb: int, group_s: int) -> Outage:
    """Put so many seconds of readings into a small outbox with nobody at the other end."""
    put: Counter[str] = Counter()
    longest, begun = 0.0, time.monotonic()
    with closing(open_file(path, max_mb=max_mb)) as connection:
        store.load(connection)
        for second in range(0, seconds, group_s):
            items = make_items(second, group_s)
            before = time.monotonic()
            work = Work(items, [False] * len(items), (), (), None)
            result = commit(connection, work, Quotas(), lambda c, rows: store.insert(c, rows, "boot-1"))
            longest = max(longest, time.monotonic() - before)
            assert not result.refused, f"second {second}: {len(result.refused)} found no room"
            put.update(item.lane.value for item in items)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return look_at(connection, path, put, longest, time.monotonic() - begun)


def make_items(second: int, group_s: int) -> list[Item]:
    """The readings of one group, and what else is due in it."""
    items = [
        make_item(Lane.READING, READING, encode_pack([entry(name, "m", (s * 37 + n) % 1000 / 100)]), s)
        for s in range(second, second + group_s)
        for n, name in enumerate(STREAMS)
    ]
    if second % URGENT_EVERY_S == 0:
        items.append(make_item(Lane.ALARM, ALARM, b'{"rule":"surge"}', second))
        items.append(make_item(Lane.RECORD, "rating/1", b'{"stars":5}', second))
    return items


def make_item(lane: Lane, kind: str, body: bytes, second: int) -> Item:
    """A fact of this second of the outage."""
    return Item(lane, kind, body, START + second * 1000, ClockQuality.NTP, second * 1_000_000_000)


def look_at(c: sqlite3.Connection, path: Path, put: Counter[str], longest: float, seconds: float) -> Outage:
    """Count what is there, and what gap records say."""
    left = Counter(dict(c.execute("SELECT lane, count(*) FROM pending WHERE kind <> 'gap/1' GROUP BY lane")))
    gaps = [json.loads(body) for (body,) in c.execute("SELECT body FROM pending WHERE kind='gap/1'")]
    named, reasons = sum(gap["count"] for gap in gaps), {gap["reason"] for gap in gaps}
    return Outage(put, left, named, len(gaps), reasons, path.stat().st_size, longest, seconds)


def main() -> int:
    """Print what came of it; 0 when nothing is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=int, default=14 * 86_400)
    parser.add_argument("--max-mb", type=int, default=8)
    options = parser.parse_args()
    outage = live_through(options.file, options.seconds, options.max_mb, LONG_GROUP_S)
    sys.stdout.write(f"{outage}\n")
    whole = all(outage.put[lane] == outage.left[lane] for lane in ("alarm", "record"))
    return 0 if whole and outage.put["reading"] == outage.left["reading"] + outage.named else 1


if __name__ == "__main__":
    sys.exit(main())
