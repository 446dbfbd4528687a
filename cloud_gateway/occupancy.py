"""Says whether a process of the gateway is at work in a data folder: a lock that ends with its process, however."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderBusy(Exception):
    """Another process works in the folder in a way that shuts this one out."""


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Be one of several that work in the folder. Raises FolderBusy while somebody has it alone."""
    with _locked(folder, fcntl.LOCK_SH, "is being restored"):
        yield


@contextmanager
def occupied_alone(folder: Path) -> Iterator[None]:
    """Be the only one. Raises FolderBusy while anybody works in the folder."""
    with _locked(folder, fcntl.LOCK_EX, "is in use by a process of the gateway"):
        yield


@contextmanager
def sole(file: Path) -> Iterator[None]:
    """Be the only process of a kind; `file` is its lock, made when it is missing. Raises FolderBusy, OSError."""
    file.touch(mode=0o600)
    opened = os.open(file, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise FolderBusy(f"{file} is held by another process of its kind") from exc
        yield
    finally:
        os.close(opened)


@contextmanager
def _locked(folder: Path, how: int, why_not: str) -> Iterator[None]:
    """The lock is on the folder itself, so that it needs no room on a full disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(opened, how | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise FolderBusy(f"{folder} {why_not}") from exc
        yield
    finally:
        os.close(opened)
