"""`weiran agent`: one device."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.options import Config, load_settings
from deploy.commands.starting import private_files
from deploy.failures import WRONG_USE, Failure, extra
from edge_agent.settings import AgentSettings


def agent(
    config: Config,
    check: Annotated[bool, typer.Option("--check", help="Only check the settings: exit 0, or 2 with reasons.")] = False,
) -> int:
    """Run this machine as a device."""
    settings = load_settings(AgentSettings, config)
    with extra("device"):
        from edge_agent.app import check as check_device
        from edge_agent.app import main
        from edge_agent.hardware.board import HardwareError
        from edge_agent.storage.sqlite import StorageError
        from edge_agent.wire.tls import CredentialError
    if check:
        try:
            check_device(settings)
        except (HardwareError, CredentialError, ValueError) as exc:
            raise Failure("settings", f"{config}: {exc}", "Correct it and check again", WRONG_USE) from exc
        typer.echo(f"{config}: correct. {settings.device}: {len(settings.sensor)} sensors, {len(settings.rule)} rules.")
        return 0
    try:
        with private_files():
            main(settings)
    except HardwareError as exc:
        raise Failure("hardware", str(exc), "See what is missing: weiran doctor --for device") from exc
    except CredentialError as exc:
        raise Failure("identity", str(exc), "See docs/runbook.md, 'Enrol a device'", WRONG_USE) from exc
    except StorageError as exc:
        raise Failure("storage", str(exc), "See docs/runbook.md, 'The device's disk'") from exc
    return 0
