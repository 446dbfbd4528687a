"""`weiran warnings sources check`: each source asked once, nothing stored, and the exit status of a finding."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cloud_gateway.database import open_database, reading
from cloud_gateway.warnings.tables import alert, warning_source
from deploy.cli import run
from tests.cloud_gateway.warnings.documents import atom, cap_xml
from tests.cloud_gateway.warnings.publisher import Publisher, Reply, publishing
from tests.databases import make_database

SOURCE = '[[sources]]\nname = "{0}"\nkind = "{1}"\nurl = "{2}"\nprivate_addresses = true\n'


def write_settings(folder: Path, sources: str) -> Path:
    make_database(folder / "gateway.db")
    file = folder / "gateway.toml"
    file.write_text(f'data_dir = "{folder}"\n{sources}')
    return file


def script(publisher: Publisher, *names: str) -> str:
    """Sources of these names: "good", "index" or "bad"."""
    publisher.script("/good", Reply(body=cap_xml("A")))
    publisher.script("/index", Reply(body=atom([("/A", "2026-07-20T01:00:00Z")])))
    publisher.script("/bad", Reply(503))
    kinds = {"good": "cap", "index": "feed", "bad": "nws"}
    return "".join(SOURCE.format(name, kinds[name], f"{publisher.origin}/{name}") for name in names)


async def check(file: Path, *options: str) -> int:
    """The command in a thread of its own: the publisher lives in this one."""
    return await asyncio.to_thread(run, ["warnings", "sources", "check", "--config", str(file), *options])


async def test_good_sources_are_told_with_what_they_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with publishing() as publisher:
        status = await check(write_settings(tmp_path, script(publisher, "good", "index")), "--json")
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert status == 0
    assert [(row["name"], row["state"], row["messages"], row["links"], row["error"]) for row in rows] == [
        ("good", "waiting", 1, 0, ""),
        ("index", "waiting", 0, 1, ""),
    ]


async def test_one_that_fails_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pushed = '[[sources]]\nname = "pushed"\nkind = "push"\n'
    async with publishing() as publisher:
        status = await check(write_settings(tmp_path, script(publisher, "good", "bad") + pushed))
    lines = capsys.readouterr().out.splitlines()
    assert (status, lines[0].split()) == (
        1,
        ["name", "kind", "state", "age_s", "messages", "links", "refused", "error"],
    )
    assert lines[2].split() == ["bad", "nws", "failing", "http_status:", "HTTP", "status", "503"]
    assert lines[3].endswith("settings: token_file is needed with kind push")


async def test_nothing_is_stored(tmp_path: Path) -> None:
    async with publishing() as publisher:
        await check(write_settings(tmp_path, script(publisher, "good")))
    engine = open_database(tmp_path / "gateway.db")
    async with reading(engine) as connection:
        counts = [await connection.scalar(select(func.count()).select_from(table)) for table in (alert, warning_source)]
    await engine.dispose()
    assert counts == [0, 0]


async def test_no_source_at_all_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await check(write_settings(tmp_path, "")) == 0
    assert "[[sources]]" in capsys.readouterr().out


async def test_a_source_without_an_address_is_wrong_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check(write_settings(tmp_path, '[[sources]]\nname = "x1"\nkind = "cap"\n')) == 2
    assert "url is needed" in capsys.readouterr().err
