"""The folder of one demo's files: it goes with the demo, or stays if asked; what a killed one left goes later."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "weiran-demo."
#: In it: the sockets by which boards are seen and moved.
BOARDS = "boards"


@contextmanager
def demo_folder() -> Iterator[Path]:
    """A new folder among the temporary files, locked as long as this process lives."""
    remove_abandoned(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = _open_folder(folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


class FolderTaken(Exception):
    """The folder that is to be kept cannot be made, or holds something already."""


@contextmanager
def kept_folder(folder: Path) -> Iterator[Path]:
    """A folder of this user alone that stays, locked as long as this process lives. Raises FolderTaken."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FolderTaken(f"{folder} is not empty; name a new one")
        folder.chmod(0o700)
        lock = _open_folder(folder)
    except OSError as exc:
        raise FolderTaken(f"{folder}: {exc.strerror}; name another one") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder.resolve()
    finally:
        os.close(lock)


def remove_abandoned(place: Path) -> None:
    """Remove this user's demo folders in `place` whose demo lives no more.

    The kernel lets go of a dead process's lock. A folder that is still empty may belong to a demo that is about to
    lock it, and is left alone.
    """
    for folder in place.glob(f"{PREFIX}*"):
        try:
            lock = _open_folder(folder)
        except OSError:  # another user's, or gone by now
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_uid == os.geteuid() and any(folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)
        except (BlockingIOError, FileNotFoundError):  # its demo lives, or somebody else has just removed it
            pass
        finally:
            os.close(lock)


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
