"""`weiran gateway`: the cloud side's two processes, its database and its staff."""

from __future__ import annotations

import typer

from deploy.commands.devices import device_app
from deploy.commands.gateway_backup import backup, restore
from deploy.commands.gateway_retain import retain
from deploy.commands.options import Config, load_settings
from deploy.commands.records import record_app
from deploy.commands.staff import staff_app
from deploy.commands.starting import check_folder, check_start, loading, private_files, telling_failures, working
from deploy.commands.twin import twin_app
from deploy.failures import WRONG_USE, Failure, extra

gateway_app = typer.Typer(help="The cloud side: processes, database, staff.")
gateway_app.add_typer(staff_app, name="user")
gateway_app.add_typer(device_app, name="device")
gateway_app.add_typer(twin_app, name="twin")
gateway_app.add_typer(record_app, name="record")
gateway_app.command("backup")(backup)
gateway_app.command("restore")(restore)
gateway_app.command("retain")(retain)


@gateway_app.command("ingest")
def ingest(config: Config) -> int:
    """Run the process that stores what devices send."""
    with extra("gateway"), loading():
        from cloud_gateway.ingest.app import main
        from cloud_gateway.ingest.credentials import broker_context
        from cloud_gateway.service.listening import AddressTaken
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_start(settings)
        broker_context(settings.broker)
    try:
        with working(settings.data_dir):
            main(settings)
    except AddressTaken as exc:
        remedy = f"End what listens there, or set service.ingest_port in {config}"
        raise Failure("start", str(exc.strerror), remedy, WRONG_USE) from exc
    return 0


@gateway_app.command("web")
def web(config: Config) -> int:
    """Run the process that serves the console and the API."""
    with extra("gateway"), loading():
        from cloud_gateway.app import main
        from cloud_gateway.service.listening import AddressTaken
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_start(settings)
    try:
        with working(settings.data_dir):
            main(settings)
    except AddressTaken as exc:
        remedy = f"End what listens there, or set web.port in {config}"
        raise Failure("start", str(exc.strerror), remedy, WRONG_USE) from exc
    return 0


@gateway_app.command("migrate")
def migrate(config: Config) -> int:
    """Bring the database up to this release, all or nothing."""
    with extra("gateway"):
        from cloud_gateway.database_file import check_not_newer
        from cloud_gateway.migrations import migrate as migrate_file
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_folder(settings.data_dir)
        check_not_newer(settings.database)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    with private_files():
        migrate_file(settings.database)
    typer.echo(f"{settings.database}: at this release.")
    return 0
