"""`weiran gateway retain`: down-samples old readings and lets go of older ones, as the settings say."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import check_start, telling_failures, working
from deploy.failures import DONE, WRONG_USE, Failure, extra


def retain(
    config: Config,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is old and change nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Down-sample old readings as [[retention]] says, beside a running gateway; run it once a day.

    It can be stopped anywhere and run again.
    """
    with extra("gateway"):
        from cloud_gateway.audit.commands import begin_command, end_command
        from cloud_gateway.database import SqliteError
        from cloud_gateway.retention.sweep import sweep
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    if settings.series.store != "sqlite":
        remedy = "Set a retention policy and continuous queries there (docs/runbook.md)"
        raise Failure("elsewhere", "the readings are in InfluxDB, whose own retention rules", remedy, WRONG_USE)
    with telling_failures(config):
        check_start(settings)
        now = _now()
        act = "" if dry_run else asyncio.run(begin_command(settings.database, "gateway retain", "", now))
    with working(settings.data_dir):
        try:
            swept = asyncio.run(sweep(settings, now, dry_run=dry_run))
        except SqliteError as exc:
            raise Failure("retain", str(exc), "What was done stays done; run the command again") from exc
    if act:
        with telling_failures(config):
            asyncio.run(end_command(settings.database, act, _now() - now))
    print_rows([asdict(row) for row in swept], as_json)
    if not swept and not as_json:
        typer.echo("Nothing is old enough.")
    return DONE


def _now() -> int:
    return time.time_ns() // 1_000_000
