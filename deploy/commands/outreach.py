"""`weiran outreach`: the process that tells people, and what it would tell."""

from __future__ import annotations

import typer

from deploy.commands.options import Config, load_settings
from deploy.commands.starting import check_start, telling_failures, working
from deploy.failures import WRONG_USE, Failure, extra

outreach_app = typer.Typer(help="Who is told of warnings, by which way, until somebody has answered.")


@outreach_app.command("run")
def run(config: Config) -> int:
    """Run the process that polls sources, follows warnings, and plans and sends messages; one for each data folder."""
    with extra("gateway"):
        from cloud_gateway.occupancy import FolderBusy
        from cloud_gateway.outreach.app import main
        from cloud_gateway.outreach.tokens import open_key
        from cloud_gateway.service.listening import AddressTaken
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_start(settings)
        try:
            open_key(settings.data_dir, settings.outreach.public_url)
        except ValueError as exc:
            raise Failure("key", str(exc).partition(";")[0], "Put the right one back from a backup", WRONG_USE) from exc
    try:
        with working(settings.data_dir):
            main(settings)
    except AddressTaken as exc:
        remedy = f"End what listens there, or set service.outreach_port in {config}"
        raise Failure("start", str(exc.strerror), remedy, WRONG_USE) from exc
    except FolderBusy as exc:
        remedy = "One outreach process works on a data folder; end the other one first"
        raise Failure("start", str(exc), remedy, WRONG_USE) from exc
    return 0
