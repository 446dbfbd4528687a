"""A served gateway with the keys of telephony, two handlers and the simulated telephone system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from sqlalchemy import insert

from cloud_gateway.complaints.store_handlers import Handler, put_handler
from cloud_gateway.database import transaction
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.roles import Role
from cloud_gateway.stations.tables import clerk, station
from firmware_sim.keypad import Keypad
from tests.cloud_gateway.complaints.conftest import CLERK, STATION
from tests.cloud_gateway.conftest import Console, make_settings, now_ms, running
from tests.databases import make_database

SECRET = b"telephony-" * 4


@dataclass(frozen=True)
class Exchange:
    """The gateway, and the telephone system that knows its key."""

    console: Console
    keypad: Keypad


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def exchange(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Exchange]:
    """One gateway for all tests of the folder. The sign-in of clerk 07 is that of operations."""
    folder = tmp_path_factory.mktemp("telephony")
    key = folder / "telephony.key"
    key.write_bytes(SECRET)
    key.chmod(0o600)
    files = {"key_file": key, "phone_key_file": key}
    settings = GatewaySettings.model_validate(make_settings(folder).model_dump() | {"telephony": files})
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        async with transaction(console.engine) as connection:
            await connection.execute(insert(station).values(**STATION))
            await connection.execute(insert(clerk).values(**(CLERK | {"staff": "operations"})))
            for role in (Role.COUNTER_MANAGER, Role.OPERATIONS):
                await put_handler(connection, Handler(role.value, ("claims",)), now_ms())
        yield Exchange(console, Keypad(console.origin, "telephony", SECRET, now_ms))
