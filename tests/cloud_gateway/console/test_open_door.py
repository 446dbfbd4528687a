"""A gateway that admits anybody says so on its first page, in both languages."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cloud_gateway.settings import Devices
from tests.cloud_gateway.conftest import Console, make_settings, running
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")
WORDS = {"en": "Any device may speak here", "zh": "任何设备都可以向这里发送数据"}


@pytest.mark.parametrize(("lang", "words"), WORDS.items(), ids=WORDS)
async def test_page_says_that_anybody_may_speak(tmp_path: Path, lang: str, words: str) -> None:
    settings = make_settings(tmp_path).model_copy(update={"devices": Devices(admit="any")})
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console, console.client() as client:
        assert words in (await client.get(f"/?lang={lang}")).text


@pytest.mark.parametrize(("lang", "words"), WORDS.items(), ids=WORDS)
async def test_page_of_a_gateway_that_knows_its_devices_is_silent(shared: Console, lang: str, words: str) -> None:
    async with shared.client() as client:
        assert words not in (await client.get(f"/?lang={lang}")).text
