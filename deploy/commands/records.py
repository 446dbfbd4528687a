"""`weiran gateway record`: one stored fact, as its device made it, and the personal text that is sealed in it."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import telling_failures
from deploy.failures import WRONG_USE, Failure, extra
from edge_agent.wire.topics import Lane

if TYPE_CHECKING:
    from cloud_gateway.records.store import StoredRecord
    from cloud_gateway.settings import GatewaySettings

record_app = typer.Typer(help="Facts that devices have sent, one by one.")


@record_app.command("show")
def show(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Device id.")],
    epoch: Annotated[str, typer.Argument(metavar="EPOCH", help="Epoch of its outbox: 16 digits.")],
    lane: Annotated[Lane, typer.Argument(metavar="LANE", help="alarm, record or diagnostic.")],
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="The record's number in the lane.", min=1, max=2**63 - 1)],
    config: Config,
    unseal: Annotated[
        bool, typer.Option("--unseal", help="Show sealed personal text; who did is written down for good.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show one record.

    Personal text stays sealed without --unseal, which needs the files of [sealing] keys.
    """
    with _records(config) as (settings, reading):
        key = reading.RecordKey(device, epoch, lane.value, seq)
        if unseal:
            keys = _load_keys(settings, config)
            found, (body, fields) = asyncio.run(reading.unseal_record(settings.database, key, keys, getpass.getuser()))
        else:
            found = asyncio.run(reading.read_record(settings.database, key))
            body, fields = msgspec.json.decode(found.body), reading.sealed_fields(found.body)
    if as_json:
        typer.echo(json.dumps(_facts(found) | {"sealed": fields, "body": body}, ensure_ascii=False))
        return 0
    facts = _facts(found) | {"sealed": ", ".join(fields)}
    print_rows([{"field": name, "value": value} for name, value in facts.items()], as_json)
    typer.echo(json.dumps(body, ensure_ascii=False, indent=2))
    return 0


def _load_keys(settings: GatewaySettings, config: Path) -> tuple[bytes, ...]:
    from cloud_gateway.records.sealed import load_keys

    if not settings.sealing.keys:
        remedy = f"Name sealing.key of the provisioning folder under keys of [sealing] in {config}"
        raise Failure("no-key", "the settings name no sealing key", remedy, WRONG_USE)
    with telling_failures(config):
        return load_keys(settings.sealing.keys)


def _facts(found: StoredRecord) -> dict[str, object]:
    return found.key._asdict() | {
        "kind": found.kind,
        "at": _time(found.at),
        "said_at": None if found.said_at is None else _time(found.said_at),
        "clock": found.clock,
        "received_at": _time(found.received_at),
        "signed": found.sig is not None,
    }


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _records(config: Path) -> Iterator[tuple[GatewaySettings, ModuleType]]:
    """The settings and the module that reads records; what the module refuses becomes a Failure."""
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.records import reading
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    try:
        yield settings, reading
    except reading.NoSuchRecord as exc:
        remedy = "Check its four parts; readings are not among the records"
        raise Failure("no-record", str(exc), remedy, WRONG_USE) from exc
    except reading.CannotNote as exc:
        remedy = "Nothing is shown; see that the database can be written to, and run the command again"
        raise Failure("not-noted", str(exc), remedy) from exc
    except reading.CannotOpen as exc:
        remedy = f"Name the key that was in use at that time under keys of [sealing] in {config}"
        raise Failure("sealed", str(exc), remedy, WRONG_USE) from exc
