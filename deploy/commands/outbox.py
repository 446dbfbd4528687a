"""`weiran outbox`: how long a device can be cut off, and what waits in its file."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.failures import WRONG_USE, Failure, extra
from edge_agent.settings import AgentSettings

outbox_app = typer.Typer(help="The store on a device: its plan, and what is in it.")


@dataclass(frozen=True)
class _Target:
    file: Path
    settings: AgentSettings | None


@outbox_app.command("plan")
def plan(config: Config, as_json: AsJson = False) -> int:
    """Print for how many hours each lane lasts without a gateway, and what is written to the card a day.

    Facts of people and storms are assumed: 48 alarms and 200 records a day. hours_whole: until the first reading is
    thinned; hours: until the first fact is dropped, or a record refused.
    """
    settings = load_settings(AgentSettings, config)
    with extra("device"):
        from edge_agent.storage.plan import make_plan
    made = make_plan(settings)
    rows = [
        {key: None if isinstance(value, float) and math.isinf(value) else value for key, value in row._asdict().items()}
        for row in made.lanes
    ]
    if as_json:
        typer.echo(json.dumps({"lanes": rows, "written_mb_a_day": made.written_mb_a_day}))
        return 0
    print_rows(rows, as_json)
    typer.echo(f"{made.written_mb_a_day} MB a day are written to the card.")
    return 0


@outbox_app.command("show")
def show(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The outbox file; or --config.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings file of the device, TOML.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Print what an outbox holds, by lane; reads only, also while the agent runs. With --config, quotas too."""
    target = _find_target(file, config)
    with extra("device"):
        from edge_agent.storage.quotas import Quotas
        from edge_agent.storage.sight import look
        from edge_agent.storage.sqlite import StorageError
    quotas, max_mb = None, 0
    if target.settings is not None:
        b = target.settings.outbox
        quotas = Quotas(b.alarm_share, b.record_share, b.reading_share, b.diagnostic_share)
        max_mb = b.max_mb
    try:
        sight = look(target.file, quotas, max_mb)
    except StorageError as exc:
        raise Failure("storage", str(exc), "Name the file of an agent: state_dir/outbox.db", WRONG_USE) from exc
    rows = [row._asdict() for row in sight.lanes]
    if as_json:
        typer.echo(json.dumps({"epoch": sight.epoch, "file_bytes": sight.file_bytes, "lanes": rows}))
        return 0
    print_rows(({**row, "oldest_at": _written(row["oldest_at"])} for row in rows), as_json)
    typer.echo(f"epoch {sight.epoch}, {sight.file_bytes / 2**20:.1f} MB")
    return 0


def _find_target(file: Path | None, config: Path | None) -> _Target:
    if (file is None) == (config is None):
        raise Failure("usage", "name either the outbox file or --config", "Try: weiran outbox show --help", WRONG_USE)
    if file is not None:
        return _Target(file, None)
    assert config is not None
    settings = load_settings(AgentSettings, config)
    with extra("device"):
        from edge_agent.app import OUTBOX_FILE
    return _Target(settings.state_dir / OUTBOX_FILE, settings)


def _written(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")
