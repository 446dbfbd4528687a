"""Enters stations from a file: a plain call on the database file, as the command line makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, transaction
from cloud_gateway.stations.entries import ClerkEntry, FileClerk, FileStation, StationEntry
from cloud_gateway.stations.photos import MAX_BYTES, write_photo
from cloud_gateway.stations.store import EntryRefused, put_station


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one station of a file."""

    station: str
    field: str
    text: str


class _Stop(Exception):
    """Roll the transaction back."""


async def import_stations(
    database: Path, entries: Sequence[FileStation], folder: Path, now: int, card_key: bytes | None
) -> list[Mistake]:
    """Enter all stations in one transaction, or none when one is wrong. Photo files count from `folder`."""
    mistakes: list[Mistake] = []
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            for entry in entries:
                try:
                    await put_station(connection, _with_photos(entry, folder), now, card_key)
                except EntryRefused as exc:
                    mistakes.append(Mistake(entry.code, exc.field, str(exc)))
            if mistakes:
                raise _Stop
            await write_command(connection, "stations import", " ".join(entry.code for entry in entries), now)
    except _Stop:
        pass
    finally:
        await engine.dispose()
    return mistakes


def _with_photos(entry: FileStation, folder: Path) -> StationEntry:
    """The station with the photos that its files hold. Raises EntryRefused."""
    clerks = [_with_photo(person, folder) for person in entry.clerk]
    return StationEntry.model_validate(entry.model_dump(exclude={"clerk"}) | {"clerk": clerks})


def _with_photo(person: FileClerk, folder: Path) -> ClerkEntry:
    facts = person.model_dump(exclude={"photo_file"})
    if person.photo_file is not None:
        try:
            with (folder / person.photo_file).open("rb") as stream:
                facts["photo"] = write_photo(stream.read(MAX_BYTES + 1))
        except OSError as exc:
            raise EntryRefused("clerk.photo_file", f"{person.photo_file}: {exc.strerror}") from exc
        except ValueError as exc:
            raise EntryRefused("clerk.photo_file", f"{person.photo_file}: {exc}") from exc
    return ClerkEntry.model_validate(facts)
