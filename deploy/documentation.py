"""Keeps the generated tables of docs/ as the code says: each stands between two markers of its page."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.command_tables import Command, command_reference
from deploy.settings_tables import settings_reference
from deploy.wire_tables import message_reference, section_reference, topic_reference

BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refresh(folder: Path, root: Command, *, write: bool) -> list[str]:
    """The names of the pages that differ from what the code says; with `write` they are brought up to date.

    `root` is the command `weiran`, from which all help is taken. Raises OSError when a page
    is missing, KeyError for a marker that names no table.
    """
    stale = []
    for page, tables in _pages(root).items():
        path = folder / page
        old = path.read_text()
        new = BLOCK.sub(lambda match, tables=tables: f"{match[1]}\n{tables[match[2]]}\n{match[3]}", old)  # type: ignore[misc]
        if new != old or set(tables) != {match[2] for match in BLOCK.finditer(old)}:
            stale.append(page)
        if write and new != old:
            path.write_text(new)
    return stale


def _pages(root: Command) -> dict[str, dict[str, str]]:
    agent, terminal, gateway = settings_reference()
    return {
        "wire.md": {
            "topics": topic_reference(),
            "sections": section_reference(),
            "messages": message_reference(),
        },
        "settings.md": {"agent": agent, "terminal": terminal, "gateway": gateway},
        "commands.md": {"commands": command_reference(root)},
    }
