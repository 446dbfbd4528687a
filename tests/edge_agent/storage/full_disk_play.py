"""What a device does on a small disk that another process fills: played in a process of its own, told as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Outbox
from edge_agent.wire.messages import READING, ClockQuality, LaneAck
from edge_agent.wire.senml import encode_pack, entry
from edge_agent.wire.topics import Lane

#: Fills the disk with a file, to the last byte that goes.
FILLER = """
import sys
with open(sys.argv[1], "wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError:
        pass
"""
START = 1_795_305_600_000


class Play:
    """One outbox on the folder's disk, and a count of what was put."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put: Counter[Lane] = Counter()
        self.at = START

    def make(self, lane: Lane) -> Item:
        """The next fact of a lane."""
        self.at += 1000
        body = encode_pack([entry("level", "m", self.at % 7)]) if lane is Lane.READING else b'{"rule":"surge"}'
        return Item(lane, READING if lane is Lane.READING else "note/1", body, self.at, ClockQuality.NTP, self.at)

    async def speak(self, outbox: Outbox, readings: int, alarms: int, records: int) -> None:
        """Offer readings and put the others; an alarm closes each group."""
        for _ in range(readings):
            outbox.offer(self.make(Lane.READING))
            self.put[Lane.READING] += 1
        for lane, count in ((Lane.RECORD, records), (Lane.ALARM, alarms)):
            for _ in range(count):
                await outbox.put(self.make(lane))
                self.put[lane] += 1

    def fill(self) -> None:
        """Another process takes all the room there is."""
        subprocess.run([sys.executable, "-c", FILLER, str(self.folder / "others")], check=True)

    async def run(self) -> dict[str, object]:
        """The story; returns what was seen."""
        path = self.folder / "outbox.db"
        outbox = await Outbox.open(path, boot="boot-1", max_mb=1, ballast_kb=256)
        ballast = self.folder / "outbox.db-ballast"
        for _ in range(10):
            await self.speak(outbox, readings=200, alarms=1, records=1)
        for lane in (Lane.ALARM, Lane.RECORD):
            outbox.mark_sent(lane, 5)
            outbox.acknowledge(lane, LaneAck(5))
        await self.speak(outbox, readings=1, alarms=1, records=1)
        kept = outbox.lanes[Lane.RECORD].kept
        self.fill()
        before = self.put.copy()
        for _ in range(10):
            await self.speak(outbox, readings=100, alarms=3, records=1)
            self.fill()
        seen: dict[str, object] = {
            "alarms_on_full_disk": self.put[Lane.ALARM] - before[Lane.ALARM],
            "records_on_full_disk": self.put[Lane.RECORD] - before[Lane.RECORD],
            "troubles_when_full": list(outbox.troubles),
            "ballast_when_full": ballast.exists(),
            "kept_before": kept,
            "unsafe_when_full": outbox.lanes[Lane.RECORD].unsafe + outbox.lanes[Lane.ALARM].unsafe,
        }
        (self.folder / "others").unlink()
        stored = outbox.depth[Lane.READING]
        await self.speak(outbox, readings=50, alarms=2, records=0)
        seen |= {
            "readings_refused": self.put[Lane.READING] - stored,
            "troubles_afterwards": list(outbox.troubles),
            "ballast_afterwards": ballast.exists(),
        }
        seen |= await self.look(outbox)
        await outbox.close()
        return seen

    async def look(self, outbox: Outbox) -> dict[str, object]:
        """What is there at the end."""
        facts = await outbox.pending(Lane.READING, 0, 100_000)
        gaps = [json.loads(f.body) for f in facts if f.kind == "gap/1"]
        clocks = {f.clock for f in facts if f.kind == "gap/1"}
        alarms = await outbox.pending(Lane.ALARM, 0, 100_000)
        records = await outbox.pending(Lane.RECORD, 0, 100_000)
        (verdict,) = outbox._file.connection.execute("PRAGMA integrity_check").fetchone()
        return {
            "readings_left": len(facts) - len(gaps),
            "readings_named": sum(gap["count"] for gap in gaps),
            "readings_offered": self.put[Lane.READING],
            "clocks_of_gaps": sorted(clocks),
            "reasons": sorted({gap["reason"] for gap in gaps}),
            "alarms_left": len(alarms),
            "alarms_put": self.put[Lane.ALARM] - 5,
            "records_left": len(records),
            "records_put": self.put[Lane.RECORD] - 5,
            "integrity": verdict,
        }


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(json.dumps(asyncio.run(Play(Path(sys.argv[1])).run())))
