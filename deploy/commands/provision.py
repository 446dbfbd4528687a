"""`weiran provision`: the authority of a deployment, and the keys and certificates that it gives out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, print_rows
from deploy.failures import WRONG_USE, Failure, extra
from edge_agent.wire.messages import Role

if TYPE_CHECKING:
    from deploy.provision.folder import Provision

provision_app = typer.Typer(help="Keys and certificates: who may speak at the broker.")
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The provisioning folder; keep it safe and offline.")]
Days = Annotated[float, typer.Option("--days", min=1, max=7300, help="The certificate ends after so many days.")]
DAYS = 825.0
MQTTS = 8883


@provision_app.command("init")
def init(
    folder: Folder,
    host: Annotated[list[str], typer.Option("--host", help="Name or address of the broker; may be given again.")],
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="TCP port of the broker.")] = MQTTS,
    at: Annotated[
        Path | None, typer.Option("--at", help="Where the broker's files will stand, when not in FOLDER/broker.")
    ] = None,
) -> int:
    """Make the authority, the gateway's keys and the broker's configuration.

    Run again, it keeps the authority and every key, and renews the broker's certificate and configuration.
    """
    with _provision(folder) as provision:
        provision.init(host, port, at=at)
    typer.echo(f"{folder}: ready. The broker's files: {folder}/broker.")
    typer.echo(f"The gateway's: {folder}/services, {folder}/sealing, {folder}/evidence.")
    typer.echo(f"Next: weiran provision device {folder} ID")
    return 0


@provision_app.command("device")
def device(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="ID", help="The device's id: 4 to 32 of a-z, 0-9 and -.")],
    role: Annotated[Role, typer.Option("--role", help="What the device is there for.")] = Role.SENSOR_NODE,
    days: Days = DAYS,
) -> int:
    """Give a device its key and certificate, or renew the certificate of the key that is there."""
    with _provision(folder) as provision:
        made = provision.device(name, role, days)
    typer.echo(f"{made}: copy this folder to the device, and name it there as `folder` of `[identity]`.")
    return 0


@provision_app.command("service")
def service(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The service's name with its dot: gateway.ingest-2.")],
    days: Days = DAYS,
) -> int:
    """Give a service its key and certificate; `gateway.*` gets the gateway's rights at the broker."""
    with _provision(folder) as provision:
        made = provision.service(name, days)
    typer.echo(f"{made}: made. Copy {folder}/broker/acl to the broker and send it SIGHUP.")
    return 0


@provision_app.command("revoke")
def revoke(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A device's id or a service's name.")],
) -> int:
    """Revoke every certificate of a device or a service."""
    with _provision(folder) as provision:
        count = len(provision.revoke(name))
    typer.echo(f"{name}: {count} revoked. Copy {folder}/broker/revoked.pem to the broker and send it SIGHUP.")
    typer.echo("Who is connected stays connected: revoke it at the gateway as well (docs/runbook.md).")
    return 0


@provision_app.command("list")
def list_issued(folder: Folder, as_json: AsJson = False) -> int:
    """List every certificate that was given out."""
    with _provision(folder) as provision:
        issued = provision.issued()
    print_rows(
        (
            {
                "name": one.name,
                "role": one.role,
                "state": "revoked" if one.revoked else "given out",
                "until": one.not_after.isoformat().replace("+00:00", "Z"),
                "serial": f"{one.serial:x}",
                "fingerprint": one.fingerprint,
            }
            for one in issued
        ),
        as_json,
    )
    return 0


@contextmanager
def _provision(folder: Path) -> Iterator[Provision]:
    """The folder; what it refuses becomes a Failure."""
    with extra("device"):
        from deploy.provision.authority import NameRefused
        from deploy.provision.folder import Provision, ProvisionError
    try:
        yield Provision(folder)
    except (ProvisionError, NameRefused) as exc:
        text, _, remedy = str(exc).partition("; ")
        remedy = remedy[:1].upper() + remedy[1:] or "See: weiran provision --help"
        raise Failure("provision", text, remedy, WRONG_USE) from exc
    except OSError as exc:
        what = f"{exc.filename or folder}: {exc.strerror or exc}"
        raise Failure("provision", what, "Name a folder that can be written", WRONG_USE) from exc
