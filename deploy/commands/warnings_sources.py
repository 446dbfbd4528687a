"""`weiran warnings sources`: how the configured sources of official warnings do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import check_start, telling_failures
from deploy.failures import DONE, FINDING, extra

if TYPE_CHECKING:
    from cloud_gateway.settings import GatewaySettings
    from cloud_gateway.warnings.checking import Check

sources_app = typer.Typer(help="Sources of official warnings.")


@sources_app.callback()
def sources() -> None:
    """Sources of official warnings."""


@sources_app.command("check")
def check(config: Config, as_json: AsJson = False) -> int:
    """Ask each configured source once, store nothing, and say how it does.

    Exit status 1 when one is silent, fails, or sends what cannot be read.
    """
    with extra("gateway"):
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_start(settings)
    checks = asyncio.run(_check(settings))
    print_rows([asdict(one) for one in checks], as_json)
    if not checks and not as_json:
        typer.echo("No source is configured; add [[sources]] to the settings.")
    return DONE if all(one.is_well for one in checks) else FINDING


async def _check(settings: GatewaySettings) -> list[Check]:
    from cloud_gateway.database import open_database
    from cloud_gateway.warnings.checking import check_sources

    engine = open_database(settings.database)
    try:
        return await check_sources(engine, settings.sources, time.time_ns() // 1_000_000)
    finally:
        await engine.dispose()
