"""`weiran gateway user`: who may sign in. Passwords come from a prompt or from stdin, never from the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.failures import WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from cloud_gateway.settings import GatewaySettings

staff_app = typer.Typer(help="Who may sign in to the console.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Sign-in name.")]
MAX_PASSWORD = 1024


@staff_app.command("add")
def add(
    name: Name,
    config: Config,
    role: Annotated[str, typer.Option("--role", help="What they may do; `weiran gateway user roles` lists them.")],
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password now, or read it from stdin.")
    ] = False,
) -> int:
    """Add a person.

    Without --password they cannot sign in until they get a link or a password.
    """
    settings = _settings(config)
    from cloud_gateway.staff.accounts import add_staff

    add_staff(settings.database, name, role, read_password() if password else None)
    typer.echo(
        f"{name} added." if password else f"{name} added. Next: weiran gateway user link {name} --config {config}"
    )
    return 0


@staff_app.command("list")
def list_people(config: Config, as_json: AsJson = False) -> int:
    """List everybody who has an account."""
    settings = _settings(config)
    from cloud_gateway.staff.accounts import list_staff

    print_rows((person._asdict() for person in list_staff(settings.database)), as_json)
    return 0


@staff_app.command("link")
def link(name: Name, config: Config) -> int:
    """Print a link that signs a person in once.

    Whoever opens it first is signed in: hand it over privately.
    """
    settings = _settings(config)
    from cloud_gateway.staff.accounts import make_link

    token = make_link(settings.database, name)
    origin = settings.web.origin or f"http://{settings.web.host}:{settings.web.port}"
    typer.echo(f"{origin}/enter#{token}")
    return 0


@staff_app.command("password")
def password(name: Name, config: Config) -> int:
    """Set a password, asked for or read from stdin."""
    settings = _settings(config)
    from cloud_gateway.staff.accounts import set_password

    set_password(settings.database, name, read_password())
    typer.echo(f"{name}: password set; their sessions are ended.")
    return 0


@staff_app.command("disable")
def disable(name: Name, config: Config) -> int:
    """Shut a person out at once.

    What they did stays under their name.
    """
    settings = _settings(config)
    from cloud_gateway.staff.accounts import disable_staff

    disable_staff(settings.database, name)
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


def _settings(config: Config) -> GatewaySettings:
    with extra("gateway"):
        import cloud_gateway.staff.accounts  # noqa: F401 - fails here, with the extra's name, when it cannot

        from cloud_gateway.settings import GatewaySettings
    return load_settings(GatewaySettings, config)
