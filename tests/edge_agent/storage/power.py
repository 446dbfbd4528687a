"""Power cuts: what SQLite gives to the disk is written down while an outbox works, and a cut keeps what was synced.

Of what was not yet synced, a seeded cut keeps some writes, drops some, and tears some into sectors. One recording
serves for many cuts. By hand: python -m tests.edge_agent.storage.power FOLDER --seeds 100
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Outbox
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane

MODULE = "tests.edge_agent.storage.power"
SECTOR = 512
ROUNDS = 40
#: Words of sqlite3_io_methods and of sqlite3_vfs (sqlite.org/c3ref) where the functions stand, and their C types.
WRITE, TRUNCATE, SYNC, METHODS = 3, 4, 5, 19
OPEN, DELETE = 5, 6
_P, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
#: Names are passed on as the pointers that they are: SQLite keeps them.
_Open = ctypes.CFUNCTYPE(_INT, _P, _P, _P, _INT, _P)
_Delete = ctypes.CFUNCTYPE(_INT, _P, _P, _INT)
_Write = ctypes.CFUNCTYPE(_INT, _P, _P, _INT, _LONG)
_Truncate = ctypes.CFUNCTYPE(_INT, _P, _LONG)
_Sync = ctypes.CFUNCTYPE(_INT, _P, _INT)


class Event(NamedTuple):
    """One thing that happened, in order: write, truncate, sync or delete of a file; `folder`, when opening has synced
    the folder, so that names and deletions are sure; `said`, the promise of a put."""

    what: str
    file: str
    place: int = 0
    data: bytes = b""


class Recorder:
    """Stands between SQLite and the files of this process; everything still goes to the real files as well."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._names: dict[int, str] = {}
        self._held: list[object] = []
        self._real: dict[int, Callable[..., int]] = {}

    def install(self) -> None:
        """Change the default file system of SQLite in this process, for good."""
        library = ctypes.CDLL("libsqlite3.so.0")
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_P)
        self._vfs = library.sqlite3_vfs_find(None)
        self._open = _Open(self._vfs[OPEN])
        self._delete = _Delete(self._vfs[DELETE])
        self._replace(self._vfs, OPEN, _Open(self._on_open))
        self._replace(self._vfs, DELETE, _Delete(self._on_delete))

    def _replace(self, table: object, word: int, function: object) -> None:
        self._held.append(function)
        table[word] = ctypes.cast(function, _P).value  # type: ignore[index, arg-type]  # a ctypes pointer

    def _on_open(self, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code: int = self._open(vfs, name, file, flags, out)
        if code == 0 and name is not None:
            self._names[file] = _name_at(name)
            holder = ctypes.cast(file, ctypes.POINTER(ctypes.POINTER(_P)))
            holder[0] = ctypes.cast(self._methods(holder[0]), ctypes.POINTER(_P))
        return code

    def _methods(self, real: ctypes._Pointer[ctypes.c_void_p]) -> ctypes.Array[ctypes.c_void_p]:
        """The file's own functions, with three of them listened to."""
        table = (_P * METHODS)(*[real[word] for word in range(METHODS)])
        write, truncate, sync = _Write(real[WRITE]), _Truncate(real[TRUNCATE]), _Sync(real[SYNC])

        def on_write(file: int, data: int, size: int, place: int) -> int:
            self.events.append(Event("write", self._names[file], place, ctypes.string_at(data, size)))
            return int(write(file, data, size, place))

        def on_truncate(file: int, size: int) -> int:
            self.events.append(Event("truncate", self._names[file], size))
            return int(truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            code = int(sync(file, flags))
            self.events.append(Event("sync", self._names[file]))
            return code

        self._held.append(table)
        self._replace(table, WRITE, _Write(on_write))
        self._replace(table, TRUNCATE, _Truncate(on_truncate))
        self._replace(table, SYNC, _Sync(on_sync))
        return table

    def _on_delete(self, vfs: int, name: int, sync: int) -> int:
        self.events.append(Event("delete", _name_at(name)))
        return int(self._delete(vfs, name, sync))


def _name_at(pointer: int) -> str:
    return Path(ctypes.string_at(pointer).decode()).name


# -- recording ----------------------------------------------------------------------------------------------------


def body_of(lane: Lane, seq: int) -> bytes:
    """What the fact of this number says."""
    return b'"%s %d %s"' % (lane.value.encode(), seq, b"x" * (seq * 37 % 900))


async def work(path: Path, synchronous: str, recorder: Recorder) -> None:
    """An outbox in its everyday life: alarms and records in bursts, each promise written down when `put` returns."""
    outbox = await Outbox.open(path, boot="boot-1", max_mb=16)
    recorder.events.append(Event("folder", ""))
    outbox._file.connection.execute(f"PRAGMA synchronous={synchronous}")
    counts = dict.fromkeys((Lane.ALARM, Lane.RECORD), 0)

    async def put(lane: Lane) -> None:
        counts[lane] += 1
        item = Item(lane, "note/1", body_of(lane, counts[lane]), 1_000, ClockQuality.NTP, 1)
        seq = await outbox.put(item)
        recorder.events.append(Event("said", lane.value, seq, item.body))

    for number in range(ROUNDS):
        await asyncio.gather(*(put(Lane.RECORD) for _ in range(1 + number * 7 % 23)), put(Lane.ALARM))
    await outbox.close()


def record(folder: Path, synchronous: str = "FULL") -> list[Event]:
    """Let an outbox work in a process of its own, and return what went to its disk."""
    out = folder / "events"
    command = [sys.executable, "-m", MODULE, str(folder), "--record", str(out), "--synchronous", synchronous]
    subprocess.run(command, check=True, timeout=100)
    return msgspec.msgpack.decode(out.read_bytes(), type=list[Event])


# -- cutting ------------------------------------------------------------------------------------------------------


class Disk:
    """What the disk surely has of each file, and what was written since its last sync."""

    def __init__(self) -> None:
        self._sure: dict[str, bytearray] = {}
        self._unsure: dict[str, list[Event]] = {}

    def take(self, event: Event) -> None:
        """One more event."""
        if event.what == "sync":
            for written in self._unsure.pop(event.file, []):
                apply(self._sure.setdefault(event.file, bytearray()), written)
        elif event.what == "folder":
            for name, waiting in list(self._unsure.items()):
                if waiting and waiting[-1].what == "delete":
                    del self._unsure[name]
                    self._sure.pop(name, None)
        elif event.what != "said":
            self._unsure.setdefault(event.file, []).append(event)

    def cut(self, lots: random.Random) -> dict[str, bytes]:
        """The files as they are when the power comes back."""
        files = {name: bytearray(content) for name, content in self._sure.items()}
        for name, waiting in self._unsure.items():
            for event in waiting:
                for part in tear(event, lots):
                    apply(files.setdefault(name, bytearray()), part)
        return {name: bytes(content) for name, content in files.items()}


def apply(content: bytearray, event: Event) -> None:
    """Do to the content what was done to the file."""
    if event.what == "write":
        content.extend(bytes(max(0, event.place + len(event.data) - len(content))))
        content[event.place : event.place + len(event.data)] = event.data
    else:
        del content[event.place if event.what == "truncate" else 0 :]


def tear(event: Event, lots: random.Random) -> Iterator[Event]:
    """What a cut leaves of one write: all of it, nothing, or some of its sectors."""
    fate = lots.choice(("whole", "nothing", "torn"))
    if fate == "whole":
        yield event
    elif fate == "torn" and event.what == "write":
        for start in range(0, len(event.data), SECTOR):
            if lots.random() < 0.5:
                yield event._replace(place=event.place + start, data=event.data[start : start + SECTOR])


def cut(events: list[Event], folder: Path, seed: int) -> dict[tuple[str, int], bytes]:
    """Leave in the folder what a power cut leaves; returns the promises that were made until then."""
    lots, disk = random.Random(seed), Disk()
    moment = lots.randrange(len(events))
    for event in events[:moment]:
        disk.take(event)
    folder.mkdir(parents=True)
    for name, content in disk.cut(lots).items():
        (folder / name).write_bytes(content)
    return {(e.file, e.place): e.data for e in events[:moment] if e.what == "said"}


async def find_lost(events: list[Event], folder: Path, seed: int) -> list[str]:
    """Cut the power somewhere, start again, and name every promise that is not kept."""
    said = cut(events, folder, seed)
    outbox = await Outbox.open(folder / "outbox.db", boot="boot-2", max_mb=16)
    held = {
        (lane.value, fact.seq): fact.body
        for lane in (Lane.ALARM, Lane.RECORD)
        for fact in await outbox.pending(lane, 0, 100_000)
    }
    troubles = [f"seed {seed}: {name}" for name in outbox.troubles]
    await outbox.close()
    return troubles + [f"seed {seed}: {key} is lost" for key, body in said.items() if held.get(key) != body]


def main() -> int:
    """Record, or cut with many seeds; 0 when nothing is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--synchronous", choices=("FULL", "NORMAL", "OFF"), default="FULL")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.record is not None:
        recorder = Recorder()
        recorder.install()
        asyncio.run(work(options.folder / "outbox.db", options.synchronous, recorder))
        options.record.write_bytes(msgspec.msgpack.encode(recorder.events))
        return 0
    events = record(options.folder, options.synchronous)
    losses = [asyncio.run(find_lost(events, options.folder / f"cut-{n}", n)) for n in range(options.seeds)]
    bad = [loss for loss in losses if loss]
    promises = sum(1 for event in events if event.what == "said")
    sys.stdout.write(f"power: {options.seeds} cuts of {promises} promises, {len(bad)} lost something\n")
    sys.stdout.writelines(f"    {loss[0]} and {len(loss) - 1} more\n" for loss in bad[:10])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
