"""Makes a backup of a gateway at work: the relational file first, then the readings, then the word that it is safe."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloud_gateway.backup import store
from cloud_gateway.backup.copies import copy_database, copy_secret, sync
from cloud_gateway.backup.influx import InfluxNotCopied, copy_influx
from cloud_gateway.backup.manifest import EVIDENCE_KEY, FILE, Copy, Manifest, encode_manifest
from cloud_gateway.backup.pictures import copy_photos
from cloud_gateway.occupancy import occupied
from cloud_gateway.outreach.tokens import KEY_FILE
from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.settings import GatewaySettings


class FolderTaken(Exception):
    """Where the backup should go there is something already."""


@dataclass(frozen=True)
class Made:
    """A finished backup. `missing` says what it does not hold and what the operator does about it; empty: nothing."""

    folder: Path
    manifest: Manifest
    missing: str


def make_backup(settings: GatewaySettings, folder: Path, now: Callable[[], int]) -> Made:
    """Copy the gateway's databases into `folder`, which must not be there yet; `now` gives ms UTC.

    The folder appears whole and synced under its name, or not at all. Only then devices are told what is safe.
    Raises FolderTaken, FolderBusy, sqlite3.Error and OSError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(f"{folder} is there already; a backup is never written over another")
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with occupied(settings.data_dir):
        partial = Path(tempfile.mkdtemp(".partial", f".{folder.name}.", folder.absolute().parent))
        try:
            made = _fill(settings, partial, folder, now)
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        sync(folder.absolute().parent)
        store.note_finished(settings.database, made.manifest)
    return made


def _fill(settings: GatewaySettings, partial: Path, folder: Path, now: Callable[[], int]) -> Made:
    """Copy everything into the unfinished folder.

    The order is the point: ingest writes a reading before its line of the ledger, so whatever the ledger's copy calls
    stored is in a copy of the readings that is made after it. The other way round it might not be. The key of answer
    links, too, was there before the first message that has one, and a photo before the task that names it.
    """
    begun_at, id_ = now(), str(uuid.uuid4())
    store.note_begun(settings.database, id_, begun_at, folder.absolute())
    relational = copy_database(settings.database, partial / settings.database.name)
    readings, influx, missing = _copy_readings(settings, partial)
    photos, damaged = copy_photos(settings.data_dir, partial)
    file = partial / relational.file
    manifest = Manifest(
        id=id_,
        begun_at=begun_at,
        finished_at=now(),
        revision=store.read_revision(file),
        store=settings.series.store,
        relational=relational,
        readings=readings,
        heads=store.read_heads(file),
        influx=influx,
        answer_key=_copy_key(settings, partial),
        photos=photos,
        evidence_key=_copy_evidence_key(settings, partial),
    )
    _write(partial, manifest)
    lost = f"damaged photos are left out: {', '.join(damaged)}" if damaged else ""
    return Made(folder, manifest, "; ".join(filter(None, (missing, lost))))


def _copy_readings(settings: GatewaySettings, partial: Path) -> tuple[Copy | None, str | None, str]:
    if settings.series.store == "sqlite":
        source = settings.data_dir / SQLITE_FILE
        return (copy_database(source, partial / SQLITE_FILE) if source.exists() else None), None, ""
    try:
        return None, copy_influx(settings.series, partial), ""
    except InfluxNotCopied as exc:
        return None, None, str(exc)


def _copy_key(settings: GatewaySettings, partial: Path) -> Copy | None:
    source = settings.data_dir / KEY_FILE
    return copy_secret(source, partial / KEY_FILE) if source.exists() else None


def _copy_evidence_key(settings: GatewaySettings, partial: Path) -> str | None:
    """None without a key; one that is named and gone is an error: a backup without it could not go on signing."""
    source = settings.evidence.key_file
    return None if source is None else copy_secret(source, partial / EVIDENCE_KEY).sha256


def _write(partial: Path, manifest: Manifest) -> None:
    """The manifest comes last; then every file and folder of the backup is synced."""
    (partial / FILE).write_bytes(encode_manifest(manifest))
    for path in partial.rglob("*"):
        sync(path)
    sync(partial)
