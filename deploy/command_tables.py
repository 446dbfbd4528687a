"""The commands as docs/commands.md shows them: the help text of each, as it is printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: A command or its context: typer keeps the classes of both to itself.
Command = Any
WIDTH = 100


def command_reference(root: Command) -> str:
    """A section for the command `weiran` and for each below it that is not hidden, depth first."""
    return "\n".join(_sections(root, "weiran", None))


def _sections(command: Command, name: str, parent: Command) -> Iterator[str]:
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield f"### {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    for word, inner in sorted(getattr(command, "commands", {}).items()):
        if not inner.hidden:
            yield from _sections(inner, word, context)
