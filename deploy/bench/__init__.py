"""`weiran bench`: speed as a ratio to a bare program that does the same on the same machine in the same run."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.bench.page import Table, describe_machine, update_page

#: Where benches work when nothing is said: below the folder they are called from, because /tmp may be memory.
DEFAULT_FOLDER = Path("var")


class UnusableFolder(Exception):
    """The folder cannot be written, or is in memory, where durable writes say nothing."""


Bench = Callable[[Path, int], list[Table]]


def run_bench(which: str, *, rounds: int, folder: Path | None, write: Path | None, bench: Bench | None = None) -> int:
    """Run one bench; prints its tables, puts them into the page `write`, returns 0 or 1 when a limit is missed.

    `bench` is the one to run when it takes more than a folder and rounds. Raises UnusableFolder for a folder in memory.
    """
    base = (folder or DEFAULT_FOLDER).resolve()
    prepare_folder(base)
    with tempfile.TemporaryDirectory(prefix=f"bench-{which}-", dir=base) as work:
        tables = (bench or _bench(which))(Path(work), rounds)
    text = "\n\n".join([describe_machine(), *(table.markdown() for table in tables)])
    sys.stdout.write(text + "\n")
    if write is not None:
        update_page(write, which, text)
    return 0 if all(table.holds for table in tables) else 1


def _bench(which: str) -> Bench:
    """Each bench loads what it measures, and no more."""
    module = importlib.import_module(f"deploy.bench.{which}")
    bench: Bench = getattr(module, f"bench_{which}")
    return bench


def prepare_folder(folder: Path) -> None:
    """Make the folder. Raises UnusableFolder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UnusableFolder(f"{folder}: {exc.strerror}; choose another with --folder") from exc
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [(mount, kind) for mount, kind in mounts if folder.is_relative_to(mount.replace("\\040", " "))]
    kind = max(inside, key=lambda m: len(m[0]), default=("/", "unknown"))[1]
    if kind in ("tmpfs", "ramfs"):
        raise UnusableFolder(f"{folder} is in memory ({kind}); choose a folder on a disk with --folder")
