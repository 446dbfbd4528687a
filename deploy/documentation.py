"""Keeps what is generated in docs/ as the code says: tables between two markers of their page, and whole documents."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from cloud_gateway.app import create_app
from cloud_gateway.settings import GatewaySettings
from deploy.command_tables import Command, command_reference
from deploy.settings_tables import settings_reference
from deploy.wire_document import describe_wire
from deploy.wire_tables import message_reference, section_reference, topic_reference

BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refresh(folder: Path, root: Command, *, write: bool) -> list[str]:
    """The names of the pages and documents that differ from what the code says; with `write` they are mended.

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
    return stale + _refresh_documents(folder, write=write)


def _refresh_documents(folder: Path, *, write: bool) -> list[str]:
    stale = []
    for name, new in _documents().items():
        path = folder / name
        if not path.exists() or path.read_text() != new:
            stale.append(name)
            if write:
                path.write_text(new)
    return stale


@cache
def _documents() -> dict[str, str]:
    """Whole files, made once in a process: the API takes long to look through."""
    api = create_app(GatewaySettings(data_dir=Path())).openapi()
    found = {"asyncapi.json": describe_wire(), "openapi.json": api}
    return {name: json.dumps(document, indent=1, ensure_ascii=False) + "\n" for name, document in found.items()}


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
