"""Installed distributions: what an extra of weiran pulls in, and an environment that holds exactly that."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EVERY_EXTRA = ("device", "kiosk", "camera", "gateway", "sim")


def closure(extras: Iterable[str]) -> dict[str, importlib.metadata.Distribution]:
    """The distributions that `weiran` with these extras needs, weiran itself left out, by canonical name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [("weiran", frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        found[name] = importlib.metadata.distribution(name)
        waiting += [(canonicalize_name(r.name), frozenset(r.extras)) for r in _requirements(found[name], wanted)]
    del found["weiran"]
    return found


def _requirements(distribution: importlib.metadata.Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    for line in distribution.requires or ():
        requirement = Requirement(line)
        markers = [{"extra": extra} for extra in extras or {""}]
        if requirement.marker is None or any(map(requirement.marker.evaluate, markers)):
            yield requirement


def make_environment(folder: Path, wheel: Path, extras: Iterable[str]) -> Path:
    """An environment outside the checkout with the wheel and the installed files of its extras; its bin folder."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for distribution in closure(extras).values():
        _link(distribution, site)
    pip(python, "install", "--no-deps", "--no-index", "--no-compile", str(wheel))
    pip(python, "check")
    return python.parent


def pip(python: Path, *arguments: str) -> None:
    """Run this environment's pip on another one. Raises CalledProcessError with pip's output."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "--python", str(python), *arguments]
    subprocess.run(command, check=True)


def _link(distribution: importlib.metadata.Distribution, site: Path) -> None:
    here = Path(sysconfig.get_path("purelib"))
    tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    for top in tops:
        (site / top).symlink_to(here / top)
