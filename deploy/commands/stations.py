"""`weiran stations`: service stations, their counters and clerks, from a file."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.evidence import find_database, reading_database
from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra
from edge_agent.configuration import load
from edge_agent.wire.shared_keys import read_shared_key
from edge_agent.wire.tls import CredentialError

stations_app = typer.Typer(help="Service stations: counters, terminals and clerks.")


@stations_app.callback()
def stations() -> None:
    """Enter service stations."""


@stations_app.command("import")
def import_stations(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML with one [[station]] for each station.")],
    config: Config,
    as_json: AsJson = False,
) -> int:
    """Enter stations from a file: all of them, or none and a list of what is wrong.

    A station has [[station.counter]] (number, name, name_zh, device) and [[station.clerk]] (number, name, card,
    photo_file, staff, gone). What is known stays unless the file says otherwise. Exit status 1 when something is
    wrong.
    """
    with extra("gateway"):
        from cloud_gateway.settings import GatewaySettings
        from cloud_gateway.stations.entries import StationFile
        from cloud_gateway.stations.importing import import_stations as enter
    settings = load_settings(GatewaySettings, config)
    database = find_database(settings.data_dir)
    card_key = _read_card_key(settings.ratings.card_key_file)
    entries = load(StationFile, file, {}).station
    with reading_database(database):
        mistakes = asyncio.run(enter(database, entries, file.parent, time.time_ns() // 1_000_000, card_key))
    entered = 0 if mistakes else len(entries)
    if as_json:
        found = [asdict(mistake) for mistake in mistakes]
        typer.echo(json.dumps({"entered": entered, "mistakes": found}, ensure_ascii=False))
    else:
        print_rows([asdict(mistake) for mistake in mistakes], False)
        typer.echo(f"{entered} stations entered.")
    return FINDING if mistakes else DONE


def _read_card_key(file: Path | None) -> bytes | None:
    """None where the settings name no key: then no card can be entered."""
    try:
        return None if file is None else read_shared_key(file)
    except CredentialError as exc:
        text, _, remedy = str(exc).partition("; ")
        raise Failure("card-key", text, remedy or "Make it with weiran provision", WRONG_USE) from exc
