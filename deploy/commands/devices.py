"""`weiran gateway device`: which devices may speak. A running gateway follows a change within a second."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import telling_failures
from deploy.failures import WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from cloud_gateway.enrolment.certificates import DeviceCertificate

device_app = typer.Typer(help="Which devices may speak.")
Device = Annotated[str, typer.Argument(metavar="ID", help="Device id.")]
CERTIFICATE_HELP = "The device's certificate, PEM; its name is the device's id."


@device_app.command("enrol")
def enrol(
    config: Config,
    certificate: Annotated[Path, typer.Option("--certificate", metavar="FILE", help=CERTIFICATE_HELP)],
    role: Annotated[str, typer.Option("--role", help="sensor-node, rating-terminal, kiosk or camera.")] = "sensor-node",
) -> int:
    """Let a device speak, or note its renewed certificate."""
    with _register(config) as (database, register):
        known, checked = _read(certificate), _role(role)
        asyncio.run(register.enrol_devices(database, [(known, checked)]))
    typer.echo(f"{known.device}: enrolled, its certificate lasts until {_time(known.not_after)}.")
    return 0


@device_app.command("revoke")
def revoke(
    device: Device,
    config: Config,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who ask later.")],
) -> int:
    """Refuse a device from now on, also while it is connected.

    The broker is told by its own list: weiran provision revoke.
    """
    if not reason.strip():
        raise Failure("wrong-use", "--reason is empty", "Say why: stolen, broken, replaced", WRONG_USE)
    with _register(config) as (database, register):
        asyncio.run(register.revoke_device(database, device, reason))
    typer.echo(f"{device}: revoked; what it sends is no longer stored.")
    return 0


@device_app.command("readmit")
def readmit(
    device: Device,
    config: Config,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="Its new certificate; old keys end.")
    ] = None,
) -> int:
    """Let a revoked device speak again.

    It also takes away the mark that two devices have spoken with its identity.
    """
    with _register(config) as (database, register):
        renewed = None if certificate is None else _read(certificate)
        asyncio.run(register.readmit_device(database, device, renewed))
    typer.echo(f"{device}: readmitted.")
    return 0


@device_app.command("list")
def list_devices(config: Config, as_json: AsJson = False) -> int:
    """List every device that was ever enrolled."""
    with _register(config) as (database, register):
        known = asyncio.run(register.list_devices(database))
    rows = [
        {
            "device": d.device,
            "role": d.role,
            "state": "enrolled" if d.revoked_at is None else "revoked",
            "enrolled_at": _time(d.enrolled_at),
            "certificate_ends": _time(d.not_after),
            "revoked_at": None if d.revoked_at is None else _time(d.revoked_at),
            "reason": d.reason,
        }
        for d in known
    ]
    print_rows(rows, as_json)
    return 0


def _read(file: Path) -> DeviceCertificate:
    from cloud_gateway.enrolment.certificates import CertificateRefused, read_certificate

    try:
        return read_certificate(file.read_bytes(), int(datetime.now(UTC).timestamp() * 1000))
    except OSError as exc:
        raise Failure("file", f"--certificate {file}: {exc.strerror}", "Name its file", WRONG_USE) from exc
    except CertificateRefused as exc:
        remedy = "Make one: weiran provision device ID"
        raise Failure("certificate", f"--certificate {file}: {exc}", remedy, WRONG_USE) from exc


def _role(word: str) -> str:
    from edge_agent.wire.messages import Role

    try:
        return Role(word).value
    except ValueError as exc:
        remedy = f"Choose one of: {', '.join(Role)}"
        raise Failure("wrong-use", f"--role: {word!r} is no role", remedy, WRONG_USE) from exc


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def _register(config: Path) -> Iterator[tuple[Path, ModuleType]]:
    """The database's file and the module of the register; what the module refuses becomes a Failure."""
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.enrolment import register
        from cloud_gateway.enrolment.certificates import CertificateRefused
        from cloud_gateway.enrolment.store import NotEnrolled, Revoked
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
        try:
            yield settings.database, register
        except NotEnrolled as exc:
            remedy = f"See who is: weiran gateway device list --config {config}"
            raise Failure("not-enrolled", f"{exc} was never enrolled", remedy, WRONG_USE) from exc
        except Revoked as exc:
            remedy = "Let it speak again: weiran gateway device readmit ID"
            raise Failure("revoked", str(exc), remedy, WRONG_USE) from exc
        except CertificateRefused as exc:
            raise Failure("certificate", str(exc), "Name the device's own", WRONG_USE) from exc
