"""`weiran gateway twin`: the settings that devices shall have. A running gateway passes a change on within seconds."""

from __future__ import annotations

import asyncio
import getpass
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
    from cloud_gateway.twin.store import Twin

twin_app = typer.Typer(help="Settings of devices, changed from afar.")
Device = Annotated[str, typer.Argument(metavar="ID", help="Device id.")]
Changes = Annotated[
    list[str],
    typer.Argument(metavar="SECTION.KEY=VALUE", help="rules.flood.above=1.2; without a value: the device's own."),
]


@twin_app.command("show")
def show(device: Device, config: Config, as_json: AsJson = False) -> int:
    """Show what a device lives by, what is desired of it, and what it said of that."""
    with _twins(config) as (database, changes):
        twin = asyncio.run(changes.read_twin(database, device))
    if not as_json:
        typer.echo(_headline(twin))
    print_rows(_rows(twin), as_json)
    return 0


@twin_app.command("set")
def change(device: Device, assignments: Changes, config: Config) -> int:
    """Change settings of a device: all that are named, or none."""
    keys = _assigned(assignments)
    with _twins(config) as (database, changes):
        twin = asyncio.run(changes.change_keys(database, device, keys, getpass.getuser()))
    typer.echo(f"{_headline(twin)}. What became of it: weiran gateway twin show {device} --config {config}")
    return 0


def _headline(twin: Twin) -> str:
    from cloud_gateway.twin.difference import stand

    return f"{twin.device}: version {twin.version}, {stand(twin).value}"


def _rows(twin: Twin) -> list[dict[str, object]]:
    from cloud_gateway.twin.difference import in_use

    used, desired = in_use(twin.reported), twin.sections or {}
    results = twin.reported.results if twin.reported else {}
    keys = {(name, key) for part in (used, desired) for name, settings in part.items() for key in settings}
    return [
        {
            "key": (full := f"{name}.{key}"),
            "in_use": used.get(name, {}).get(key),
            "desired": desired.get(name, {}).get(key),
            "said": results[full].error if full in results else "",
        }
        for name, key in sorted(keys)
    ]


def _assigned(texts: list[str]) -> dict[str, float | None]:
    keys: dict[str, float | None] = {}
    for name, number in map(_assignment, texts):
        if name in keys:
            raise Failure("wrong-use", f"{name} is named twice", "Give each key one value", WRONG_USE)
        keys[name] = number
    return keys


def _assignment(text: str) -> tuple[str, float | None]:
    name, equals, value = text.partition("=")
    try:
        if not name or not equals:
            raise ValueError
        number = float(value) if value else None
    except ValueError as exc:
        remedy = "Write it as rules.flood.above=1.2"
        raise Failure("wrong-use", f"{text!r} sets no key to a number", remedy, WRONG_USE) from exc
    return name, int(number) if number is not None and number.is_integer() else number


@contextmanager
def _twins(config: Path) -> Iterator[tuple[Path, ModuleType]]:
    """The database and the module that changes twins; what the module refuses becomes a Failure."""
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.settings import GatewaySettings
        from cloud_gateway.twin import changes
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
        try:
            yield settings.database, changes
        except changes.NoSuchDevice as exc:
            remedy = "Check its id; weiran gateway device enrol lets a new device speak"
            raise Failure("no-device", str(exc), remedy, WRONG_USE) from exc
        except changes.WrongSection as exc:
            remedy = "Correct it and run the command again; nothing has been changed"
            raise Failure("wrong-use", f"{exc.field}: {exc}", remedy, WRONG_USE) from exc
