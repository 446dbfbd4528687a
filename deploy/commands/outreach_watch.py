"""`weiran outreach watch`: the dead man's switch, in a process of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.options import Config, load_settings
from deploy.commands.starting import telling_failures, working
from deploy.failures import DONE, FINDING, extra


def watch(
    config: Config,
    once: Annotated[bool, typer.Option("--once", help="Look once, sound if need be, and end.")] = False,
) -> int:
    """Test every channel by a real message, listen for the outreach process, and sound at the duty desk.

    Log lines of what is wrong begin with ALARM. Exit status 1 when something was wrong at the last look.
    """
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.outreach.deadman import main
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    with working(settings.data_dir):
        return DONE if main(settings, once=once) else FINDING
