"""The API holds to its description whatever is asked of it: no server error, no answer that breaks its schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from schemathesis import GenerationMode

from cloud_gateway.app import create_app
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.guard import COOKIE
from cloud_gateway.staff.roles import Role
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console, now_ms, running
from tests.cloud_gateway.probing import CHANGING, READING, Operation, Prober, make_keys, read_operations

#: Of each operation in each test; more of them find more, and take as much longer.
EXAMPLES = 1
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def probed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console in the storm, with every key that a route may want; what is sent to it may change anything."""
    folder: Path = tmp_path_factory.mktemp("probed")
    settings = GatewaySettings.model_validate({"data_dir": folder, "web": {"port": 0}, **make_keys(folder)})
    await field.seed(settings, field.STORM, now_ms(), field.STORM_ALARMS)
    async with running(settings) as console:
        yield console


@pytest.fixture(scope="module")
def operations(probed: Console) -> list[Operation]:
    """What there is to ask."""
    return read_operations(create_app(probed.settings).openapi())


async def prober(console: Console, name: str) -> Prober:
    """One who is signed in under that name."""
    async with console.client(name) as client:
        return Prober(console.origin, {COOKIE: client.cookies[COOKIE]})


@pytest.mark.parametrize(
    ("methods", "mode"),
    [
        pytest.param(READING, GenerationMode.POSITIVE, id="reading"),
        pytest.param(CHANGING, GenerationMode.POSITIVE, id="changing"),
        pytest.param(CHANGING, GenerationMode.NEGATIVE, id="changing by what is no request"),
    ],
)
async def test_api_holds_to_its_description_for_every_role(
    probed: Console, operations: list[Operation], methods: frozenset[str], mode: GenerationMode
) -> None:
    administrator = await prober(probed, Role.ADMINISTRATOR.value)
    others = [await prober(probed, role.value) for role in Role if role is not Role.ADMINISTRATOR]
    asked = [one for one in operations if one.method.upper() in methods]
    assert await asyncio.to_thread(administrator.probe, asked, mode, EXAMPLES, others) == []
    assert await asyncio.to_thread(administrator.is_signed_in)
