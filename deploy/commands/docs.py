"""`weiran docs`: writes the tables of docs/ from the code, or checks that they are fresh. For developers; hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.failures import FINDING, WRONG_USE, Failure, extra

CHECKOUT_DOCS = Path(__file__).parent.parent.parent / "docs"


def docs(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Only check; exit 1 when a page is stale.")] = False,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="The pages.")] = CHECKOUT_DOCS,
) -> int:
    """Write the generated tables into the pages of docs/."""
    with extra("sim"):
        from deploy.documentation import refresh
    try:
        stale = refresh(folder, context.find_root().command, write=not check)
    except OSError as exc:
        raise Failure(
            "folder", f"{exc.filename}: {exc.strerror}", "Name the folder of the pages: --folder DIR", WRONG_USE
        ) from exc
    if check and stale:
        typer.echo(f"stale: {', '.join(stale)}. Mend with: .venv/bin/weiran docs", err=True)
    return FINDING if check and stale else 0
