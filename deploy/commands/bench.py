"""`weiran bench`: how fast this machine is, always beside a bare program that does the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.failures import extra

bench_app = typer.Typer(help="Measure this machine beside bare programs.")
Rounds = Annotated[int, typer.Option("--rounds", min=1, max=50, help="Alternating rounds; the median counts.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Work here, on a real disk; var/ when not given.")
]
Write = Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Put the result into this page as well.")]


@bench_app.command("outbox")
def outbox(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure durable puts into one outbox.

    200 concurrent writers with bodies of 300 bytes, on a real disk.
    """
    with extra("sim"):
        from deploy.bench import run_bench
    return run_bench("outbox", rounds=rounds, folder=folder, write=write)


@bench_app.command("ingest")
def ingest(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure ingest from end to end.

    From 50 devices to the application's acknowledgement, beside bare writers on the same server.
    """
    with extra("sim"):
        from deploy.bench import run_bench
    return run_bench("ingest", rounds=rounds, folder=folder, write=write)
