"""`weiran kiosk`: the rating terminal of one counter."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.options import Config, load_settings
from deploy.commands.starting import private_files
from deploy.failures import WRONG_USE, Failure, extra


def kiosk(
    config: Config,
    check: Annotated[bool, typer.Option("--check", help="Only check the settings: exit 0, or 2 with reasons.")] = False,
) -> int:
    """Run this machine as the rating terminal of a counter."""
    with extra("kiosk"):
        from edge_agent.hardware.board import HardwareError
        from edge_agent.storage.sqlite import StorageError
        from edge_agent.wire.tls import CredentialError
        from kiosk.app import check as check_terminal
        from kiosk.app import main
        from kiosk.settings import KioskSettings
    settings = load_settings(KioskSettings, config)
    try:
        if check:
            check_terminal(settings)
            typer.echo(f"{config}: correct. {settings.device}: counter {settings.rating.counter}.")
            return 0
        with private_files():
            main(settings)
    except HardwareError as exc:
        raise Failure("hardware", str(exc), "See what is missing: weiran doctor --for device") from exc
    except CredentialError as exc:
        raise Failure("identity", str(exc), "See docs/runbook.md, 'Enrol a device'", WRONG_USE) from exc
    except StorageError as exc:
        raise Failure("storage", str(exc), "See docs/runbook.md, 'The device's disk'") from exc
    except ValueError as exc:
        raise Failure("settings", f"{config}: {exc}", "Correct it and check again", WRONG_USE) from exc
    return 0
