"""`weiran gateway user`: who may sign in. Passwords come from a prompt or from stdin, never from the command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import telling_failures
from deploy.failures import WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from cloud_gateway.settings import GatewaySettings
    from cloud_gateway.staff.roles import Role

staff_app = typer.Typer(help="Who may sign in to the console.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Sign-in name.")]
MAX_PASSWORD = 1024


@staff_app.command("add")
def add(
    name: Name,
    config: Config,
    role: Annotated[
        str,
        typer.Option(
            "--role", help="risk-engineer, inspector, counter-manager, operations, regulator or administrator."
        ),
    ],
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password now, or read it from stdin.")
    ] = False,
) -> int:
    """Add a person.

    Without --password they cannot sign in until they get a link or a password.
    """
    with _staff(config) as (settings, accounts):
        known = _role(role)
        given = read_password() if password else None
        asyncio.run(accounts.add_staff(settings.database, name, known, given))
    typer.echo(f"{name}: added." + ("" if password else f" Next: weiran gateway user link {name} --config {config}"))
    return 0


@staff_app.command("list")
def list_people(config: Config, as_json: AsJson = False) -> int:
    """List everybody who has an account."""
    with _staff(config) as (settings, accounts):
        people = asyncio.run(accounts.list_staff(settings.database))
    rows = [{"name": p.name, "role": p.role, "state": "disabled" if p.disabled_at else "active"} for p in people]
    print_rows(rows, as_json)
    return 0


@staff_app.command("link")
def link(name: Name, config: Config) -> int:
    """Print a link that signs a person in once.

    Whoever opens it first is signed in: hand it over privately. It ends after a day.
    """
    with _staff(config) as (settings, accounts):
        token = asyncio.run(accounts.make_link(settings.database, name))
    origin = settings.web.origin or f"http://{settings.web.host}:{settings.web.port}"
    typer.echo(f"{origin}/enter#{token}")
    return 0


@staff_app.command("password")
def password(name: Name, config: Config) -> int:
    """Set a password, asked for or read from stdin."""
    with _staff(config) as (settings, accounts):
        asyncio.run(accounts.set_password(settings.database, name, read_password()))
    typer.echo(f"{name}: password set; their sessions and links are ended.")
    return 0


@staff_app.command("disable")
def disable(name: Name, config: Config) -> int:
    """Shut a person out at once.

    What they did stays under their name.
    """
    with _staff(config) as (settings, accounts):
        asyncio.run(accounts.disable_staff(settings.database, name))
    typer.echo(f"{name}: disabled; their sessions are ended.")
    return 0


def read_password() -> str:
    """A password typed twice at a terminal, or the first line of stdin. Raises Failure when there is none."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    line = sys.stdin.readline(MAX_PASSWORD + 1).rstrip("\r\n")
    if not line:
        raise Failure("no-password", "stdin holds no password", "Write it as the first line of stdin", WRONG_USE)
    return line


def _role(word: str) -> Role:
    from cloud_gateway.staff.roles import Role

    try:
        return Role(word)
    except ValueError as exc:
        raise Failure(
            "wrong-use", f"--role: {word!r} is no role", f"Choose one of: {', '.join(Role)}", WRONG_USE
        ) from exc


@contextmanager
def _staff(config: Path) -> Iterator[tuple[GatewaySettings, ModuleType]]:
    """The settings and the module of accounts; what the module refuses becomes a Failure."""
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.settings import GatewaySettings
        from cloud_gateway.staff import accounts
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
        try:
            yield settings, accounts
        except (accounts.NameTaken, accounts.NoSuchStaff) as exc:
            text = f"the name {exc} is taken" if isinstance(exc, accounts.NameTaken) else str(exc)
            raise Failure(
                "staff", text, f"See who is there: weiran gateway user list --config {config}", WRONG_USE
            ) from exc
        except accounts.LastAdministrator as exc:
            remedy = "Add another administrator first: weiran gateway user add NAME --role administrator"
            raise Failure("last-administrator", "nobody else could administer", remedy, WRONG_USE) from exc
        except ValueError as exc:
            raise Failure("staff", str(exc), "Choose another", WRONG_USE) from exc
