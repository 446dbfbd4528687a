"""Which revisions the chain of migrations has, read from its files: a process that only looks need not load alembic."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

VERSIONS = Path(__file__).parent / "migrations" / "versions"
_LINE = r'^{name} = (?:"(\w+)"|None)$'


@cache
def known_revisions() -> tuple[str, ...]:
    """The revisions of the chain, the newest first."""
    older = dict(map(_read_revision, VERSIONS.glob("*.py")))
    (at,) = older.keys() - older.values()
    chain = [at]
    while (before := older[chain[-1]]) is not None:
        chain.append(before)
    return tuple(chain)


def _read_revision(file: Path) -> tuple[str, str | None]:
    """Its own name, and that of the one before it."""
    text = file.read_text()
    own, before = (re.search(_LINE.format(name=name), text, re.MULTILINE) for name in ("revision", "down_revision"))
    if own is None or before is None:
        raise ValueError(f"{file} does not name its revision and the one before it")
    return own[1], before[1]
