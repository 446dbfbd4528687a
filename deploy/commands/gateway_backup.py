"""`weiran gateway backup` and `restore`: a copy of a gateway at work, and the way back to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings
from deploy.commands.starting import check_start, telling_failures
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from cloud_gateway.backup.creation import Made
    from cloud_gateway.backup.restoration import Restored

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the backup.")]


def backup(folder: Folder, config: Config, as_json: AsJson = False) -> int:
    """Copy the databases of a gateway at work into a new folder.

    Devices then let go of the alarms and records that it holds: keep it on another machine. Exit status 1 when the
    readings are in InfluxDB and could not be copied with it.
    """
    with extra("gateway"):
        from cloud_gateway.audit.commands import begin_command, end_command
        from cloud_gateway.backup.creation import make_backup
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_start(settings)
        begun = _now()
        act = asyncio.run(begin_command(settings.database, "gateway backup", folder.name, begun))
    with _telling("backup", "Nothing was backed up; mend it and run the command again"):
        made = make_backup(settings, folder, _now)
    with telling_failures(config):
        asyncio.run(end_command(settings.database, act, _now() - begun))
    typer.echo(json.dumps(_rows_of(made), ensure_ascii=False) if as_json else _words_of(made))
    return FINDING if made.missing else DONE


def restore(
    folder: Folder,
    config: Config,
    force: Annotated[bool, typer.Option("--force", help="Set an existing database aside, by another name.")] = False,
    as_json: AsJson = False,
) -> int:
    """Put a gateway that is stopped back to a backup, and bring it up to this release.

    Nothing is deleted. Readings are kept as they are when their file is sound and is the one that was backed up.
    """
    with extra("gateway"):
        from cloud_gateway.audit.commands import note_command
        from cloud_gateway.backup.restoration import restore_backup
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with _telling("restore", "Mend it and run the command again; files that were set aside are still there"):
        restored = restore_backup(settings, folder, _now, force=force)
    with telling_failures(config):
        asyncio.run(note_command(settings.database, "gateway restore", folder.name, _now()))
    typer.echo(json.dumps(_rows_restored(restored), ensure_ascii=False) if as_json else _words_restored(restored))
    return DONE


@contextmanager
def _telling(code: str, remedy: str) -> Iterator[None]:
    """What the work raises becomes a Failure with its remedy."""
    from cloud_gateway.backup.creation import FolderTaken
    from cloud_gateway.backup.manifest import BadBackup
    from cloud_gateway.backup.restoration import TargetTaken
    from cloud_gateway.database import SqliteError
    from cloud_gateway.occupancy import FolderBusy

    try:
        yield
    except FolderTaken as exc:
        raise Failure("folder-taken", str(exc), "Name a folder that is not there yet", WRONG_USE) from exc
    except FolderBusy as exc:
        raise Failure("gateway-running", str(exc), "Stop ingest and web first, or wait for it", WRONG_USE) from exc
    except TargetTaken as exc:
        raise Failure("target-taken", str(exc), "With --force it is set aside by another name", WRONG_USE) from exc
    except BadBackup as exc:
        raise Failure("bad-backup", str(exc), "Nothing was changed; name another backup", WRONG_USE) from exc
    except SqliteError as exc:
        raise Failure(code, str(exc), remedy) from exc
    except OSError as exc:
        raise Failure(code, f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc), remedy) from exc


def _now() -> int:
    return time.time_ns() // 1_000_000


def _rows_of(made: Made) -> dict[str, object]:
    manifest = made.manifest
    copies = [copy for copy in (manifest.relational, manifest.readings, manifest.answer_key) if copy is not None]
    return {
        "folder": str(made.folder),
        "id": manifest.id,
        "begun_at": manifest.begun_at,
        "finished_at": manifest.finished_at,
        "store": manifest.store,
        "files": [{"file": copy.file, "bytes": copy.bytes, "sha256": copy.sha256} for copy in copies],
        "influx": manifest.influx,
        "missing": made.missing,
    }


def _words_of(made: Made) -> str:
    manifest = made.manifest
    copies = [copy for copy in (manifest.relational, manifest.readings, manifest.answer_key) if copy is not None]
    lines = [f"{made.folder}: backed up as of {_time(manifest.begun_at)}."]
    lines += [f"  {copy.file}  {_size(copy.bytes)}" for copy in copies]
    lines += [f"  {manifest.influx}/  InfluxDB's own backup"] if manifest.influx else []
    return "\n".join([*lines, *([f"Not in it: {made.missing}"] if made.missing else [])])


def _rows_restored(restored: Restored) -> dict[str, object]:
    return {
        "begun_at": restored.manifest.begun_at,
        "readings": restored.readings,
        "aside": [str(file) for file in restored.aside],
        "revocations": restored.revocations,
    }


def _words_restored(restored: Restored) -> str:
    readings = {
        "kept": "Readings: the present file is sound and stays.",
        "from backup": "Readings: those of the backup; what came after it is gone unless a device still has it.",
        "elsewhere": "Readings: they are in InfluxDB, which this did not touch.",
    }
    lines = [f"Restored as of {_time(restored.manifest.begun_at)}.", readings[restored.readings]]
    lines += [f"Set aside: {file}" for file in restored.aside]
    if restored.revocations is None:
        lines.append("Revoke again what was revoked after that time: the old database could not tell.")
    return "\n".join(lines)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 50_000 else f"{count} bytes"


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
