"""The dead man's switch: real test messages by every channel, and an alarm at the duty desk until all is mended."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.outreach.deadman import Watch
from cloud_gateway.outreach.settings import Outreach
from cloud_gateway.outreach.store_checks import Check, list_checks
from cloud_gateway.outreach.store_queue import beat
from cloud_gateway.outreach.watching import (
    RESOUND_MS,
    WATCH,
    WATCH_SILENT_MS,
    WORKER_SILENT_MS,
    Sounding,
    Trouble,
    due_tests,
    silences,
    sound,
)
from cloud_gateway.settings import GatewaySettings
from deploy.servers import free_port
from tests.cloud_gateway.outreach.sinks import hook, post_office
from tests.databases import make_database

NOW = 1_784_505_600_000
OUTREACH = Outreach()


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    make_database(tmp_path / "gateway.db")
    made = open_database(tmp_path / "gateway.db")
    async with transaction(made) as connection:
        await beat(connection, NOW)
    yield made
    await made.dispose()


def settings(mail_port: int, desk: str) -> Outreach:
    mail = {"host": "127.0.0.1", "port": mail_port, "tls": "none", "sender": "weiran@example.org"}
    return Outreach.model_validate({"mail": mail, "desk": desk, "desk_mail": "desk@example.org"})


async def checks_of(engine: AsyncEngine) -> dict[str, Check]:
    async with reading(engine) as connection:
        return {check.channel: check for check in await list_checks(connection)}


async def test_every_channel_is_tested_by_a_real_message_once_an_hour(engine: AsyncEngine) -> None:
    moments = [NOW, NOW + 60_000, NOW + 3_600_000]
    async with post_office() as office, hook() as desk:
        for at in moments:
            async with transaction(engine) as connection:
                await beat(connection, at)
            assert await Watch(engine, settings(office.port, desk.address), lambda at=at: at).look() == ()  # type: ignore[misc]
    assert (len(office.letters), len(desk.bodies)) == (2, 2)
    found = await checks_of(engine)
    assert {name: found[name].ok_at for name in ("mail", "chat", WATCH)} == dict.fromkeys(
        ("mail", "chat", WATCH), moments[2]
    )


async def test_channel_that_fails_sounds_by_the_other_until_it_is_mended(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    async with post_office() as office, hook() as desk:
        watch = Watch(engine, settings(office.port, desk.address), lambda: NOW)
        office.to_data = "451 later"
        (trouble,) = await watch.look()
        office.to_data = "250 ok"
        assert await watch.look() == ()
    assert (trouble.what, "451" in trouble.error) == ("mail", True)
    assert [said["type"] for said in desk.bodies] == ["info", "failure", "success"]
    assert [r.getMessage()[:12] for r in caplog.records if r.getMessage().startswith("ALARM")] == ["ALARM 邮件通道测试"]


async def test_worker_that_falls_silent_sounds_at_the_desk(engine: AsyncEngine) -> None:
    async with post_office() as office, hook() as desk:
        later = NOW + WORKER_SILENT_MS + 1
        (trouble,) = await Watch(engine, settings(office.port, desk.address), lambda: later).look()
    assert trouble == Trouble("worker", NOW, "no sign of life")
    assert "外发进程没有心跳" in desk.bodies[-1]["message"]
    assert len(office.letters) == 2


async def test_database_that_cannot_be_used_sounds_too(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").mkdir()
    engine = open_database(tmp_path / "gateway.db")
    async with hook() as desk:
        watch = Watch(engine, Outreach(desk=desk.address), lambda: NOW)
        (trouble,) = await watch.look()
    await engine.dispose()
    assert (trouble.what, desk.bodies[0]["type"]) == ("database", "failure")


def check(name: str, at: int, ok_at: int | None, error: str = "") -> Check:
    return Check(name, at, ok_at, error)


ALIVE = (check("worker", NOW, NOW), check(WATCH, NOW, NOW))


@pytest.mark.parametrize(
    ("checks", "what"),
    [
        (ALIVE, []),
        ((), ["worker", WATCH]),
        ((check("worker", NOW - WORKER_SILENT_MS, NOW - WORKER_SILENT_MS), ALIVE[1]), []),
        ((check("worker", NOW, NOW - WORKER_SILENT_MS - 1, "planning: x"), ALIVE[1]), ["worker"]),
        ((ALIVE[0], check(WATCH, NOW - WATCH_SILENT_MS - 1, NOW - WATCH_SILENT_MS - 1)), [WATCH]),
        ((*ALIVE, check("mail", NOW, None, "refused")), ["mail"]),
        ((*ALIVE, check("mail", NOW - 3_600_000, NOW - 3_600_000)), []),
        ((*ALIVE, check("mail", NOW - 5_000_000, NOW - 5_000_000)), ["mail"]),
    ],
    ids=["well", "never", "just alive", "worker ill", "watch silent", "mail fails", "tested", "overdue"],
)
def test_silence_is_told_by_name(checks: tuple[Check, ...], what: list[str]) -> None:
    assert [trouble.what for trouble in silences(checks, OUTREACH, NOW)] == what


@pytest.mark.parametrize(
    ("last", "troubles", "is_told"),
    [
        (Sounding(), [], False),
        (Sounding(), ["mail"], True),
        (Sounding(frozenset({"mail"}), NOW), ["mail"], False),
        (Sounding(frozenset({"mail"}), NOW - RESOUND_MS), ["mail"], True),
        (Sounding(frozenset({"mail"}), NOW), ["mail", "worker"], True),
        (Sounding(frozenset({"mail", "worker"}), NOW), ["mail"], False),
        (Sounding(frozenset({"mail"}), NOW), [], True),
    ],
    ids=["calm", "new", "told", "again", "another", "fewer", "mended"],
)
def test_desk_hears_of_what_is_new_again_and_of_the_end(last: Sounding, troubles: list[str], is_told: bool) -> None:
    assert sound(last, [Trouble(what, None) for what in troubles], NOW)[1] is is_told


def test_failed_channel_is_tested_at_each_look() -> None:
    known = (check("mail", NOW, NOW, "refused"), check("chat", NOW, NOW))
    assert due_tests(known, ("mail", "chat"), OUTREACH, NOW + 20_000) == ["mail"]


def test_command_ends_with_1_while_something_is_wrong(tmp_path: Path) -> None:
    settings_file = tmp_path / "gateway.toml"
    settings_file.write_text(f'data_dir = "{tmp_path}"\n[outreach]\ndesk = "json://127.0.0.1:{free_port()}/desk"\n')
    make_database(GatewaySettings(data_dir=tmp_path).database)
    command = [sys.executable, "-m", "deploy", "outreach", "watch", "--config", str(settings_file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as watch:
        assert watch.stderr is not None
        first = json.loads(next(line for line in watch.stderr if "ALARM" in line))
        os.kill(watch.pid, signal.SIGTERM)
        assert watch.wait(60) == 1
    assert (first["level"], first["message"][:6]) == (logging.getLevelName(logging.ERROR).lower(), "ALARM ")
