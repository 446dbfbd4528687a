"""`weiran doctor`: what is missing on this machine, and how to mend it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import AsJson, print_rows
from deploy.doctor import Purpose, examine, is_fit
from deploy.failures import FINDING

STATE_DIR = Path("/var/lib/weiran")


def doctor(
    purpose: Annotated[Purpose, typer.Option("--for", help="What this machine is to be.")] = Purpose.DEMO,
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", metavar="DIR", help="Where state will be written.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Tell what is missing here and how to mend it.

    Exit status 1 when something that the purpose needs is missing.
    """
    serves = purpose in (Purpose.DEVICE, Purpose.GATEWAY)
    findings = examine(purpose, state_dir or (STATE_DIR if serves else Path(tempfile.gettempdir())))
    print_rows((finding._asdict() for finding in findings), as_json)
    return 0 if is_fit(findings) else FINDING
