"""Twins as the command line reads and changes them: plain calls on the database file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, transaction
from cloud_gateway.running import now_ms
from cloud_gateway.twin import store
from cloud_gateway.twin.store import Change, Twin, WrongSection

__all__ = ["NoSuchDevice", "WrongSection", "change_keys", "read_twin"]


class NoSuchDevice(LookupError):
    """No device of that id has ever been heard or enrolled."""


async def read_twin(database: Path, device: str) -> Twin:
    """The twin of a device. Raises NoSuchDevice."""
    async with _writing(database, device) as connection:
        return await store.find_twin(connection, device)


async def change_keys(database: Path, device: str, keys: Mapping[str, float | None], who: str) -> Twin:
    """Change keys, "section.key", over what is desired already; None leaves one to the device's own file.

    All of them or none. Raises NoSuchDevice, WrongSection.
    """
    wanted: dict[str, dict[str, float | None]] = {}
    for name, value in keys.items():
        section, _, key = name.partition(".")
        wanted.setdefault(section, {})[key] = value
    async with _writing(database, device) as connection:
        await write_command(connection, "gateway twin set", " ".join([device, *sorted(keys)]), now_ms())
        twin = await store.find_twin(connection, device)
        for section, changes in wanted.items():
            merged = {**(twin.sections or {}).get(section, {}), **changes}
            change = Change(section, {k: v for k, v in merged.items() if v is not None}, twin.version)
            twin = await store.change_section(connection, device, change, who, now_ms())
        return twin


@asynccontextmanager
async def _writing(database: Path, device: str) -> AsyncIterator[AsyncConnection]:
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            if not await store.has_device(connection, device):
                raise NoSuchDevice(f"no device {device!r} has ever been heard or enrolled")
            yield connection
    finally:
        await engine.dispose()
