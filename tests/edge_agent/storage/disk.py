"""Disks that fail under an outbox: a block that holds nonsense, and a card that comes loose."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

PAGE_BYTES = 4096


class BadBlock:
    """The page with `bytes_there` holds nonsense until it is mended. Make it while nobody has the file open."""

    def __init__(self, file: Path, bytes_there: bytes) -> None:
        whole = file.read_bytes()
        page = whole.index(bytes_there) // PAGE_BYTES
        self._file, self._place = file, page * PAGE_BYTES
        self._lost = whole[self._place :][:PAGE_BYTES]
        self._write(b"\xff" * PAGE_BYTES)

    def mend(self) -> None:
        """What stood there stands there again."""
        self._write(self._lost)
        forget_pages(self._file)

    def _write(self, data: bytes) -> None:
        with self._file.open("r+b") as disk:
            disk.seek(self._place)
            disk.write(data)


class LooseCard:
    """No byte of an open database can be read or written by this process, until the card is back."""

    def __init__(self, file: Path) -> None:
        forget_pages(file)
        self._whole = {number: os.dup(number) for number in _open_files(str(file), f"{file}-wal")}
        for number in self._whole:
            _point(number, os.open(os.devnull, os.O_PATH))

    def put_back(self) -> None:
        """Everything is as it was."""
        for number, whole in self._whole.items():
            _point(number, whole)


def forget_pages(file: Path) -> None:
    """Change the database from another connection, upon which every other drops the pages it has in memory."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("INSERT OR REPLACE INTO meta VALUES ('test', random())")


def _open_files(*paths: str) -> list[int]:
    numbers = [int(link.name) for link in Path("/proc/self/fd").iterdir() if _target(link) in paths]
    assert numbers
    return numbers


def _target(link: Path) -> str:
    with suppress(OSError):
        return str(link.readlink())
    return ""


def _point(number: int, source: int) -> None:
    os.dup2(source, number, inheritable=False)
    os.close(source)
