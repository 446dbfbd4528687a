"""`weiran agent`: one device."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.options import Config, load_settings
from deploy.failures import extra
from edge_agent.settings import AgentSettings


def agent(
    config: Config,
    check: Annotated[bool, typer.Option("--check", help="Only check the settings: exit 0, or 2 with reasons.")] = False,
) -> int:
    """Run this machine as a device."""
    settings = load_settings(AgentSettings, config)
    with extra("device"):
        from edge_agent.app import main
    if check:
        typer.echo(
            f"{config}: correct. Device {settings.device}, {len(settings.sensor)} sensors, {len(settings.rule)} rules."
        )
        return 0
    main(settings)
    return 0
