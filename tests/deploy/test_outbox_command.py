"""`weiran outbox plan` and `show`: what they print, and what they say to wrong arguments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.cli import run
from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Outbox
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "device.toml"
    file.write_text(f'device = "pump-01"\nstate_dir = "{tmp_path}"\n[outbox]\nmax_mb = 16\n')
    return file


def test_plan_names_every_lane(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["outbox", "plan", "--config", str(config), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {row["lane"] for row in plan["lanes"]} == {lane.value for lane in Lane}
    assert plan["written_mb_a_day"] > 0


async def test_show_reads_the_file_of_a_running_agent_without_disturbing_it(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b", max_mb=16)
    fact = Item(Lane.ALARM, "note/1", b"{}", 1_795_305_600_000, ClockQuality.NTP, 1)
    await outbox.put(fact)
    assert run(["outbox", "show", "--config", str(config), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert await outbox.put(fact) == 2
    await outbox.close()
    (alarm,) = [row for row in shown["lanes"] if row["lane"] == "alarm"]
    assert (shown["epoch"], alarm["waiting"], alarm["oldest_at"]) == (outbox.epoch, 1, 1_795_305_600_000)
    assert alarm["quota_bytes"] == outbox.quota(Lane.ALARM)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name either"),
        (("x.db", "--config", "y.toml"), "name either"),
        (("no-such.db",), "there is no such file"),
        ((__file__,), "is it an outbox"),
    ],
    ids=["nothing", "both", "missing", "no outbox"],
)
def test_wrong_arguments_are_told(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["outbox", "show", *arguments]) == 2
    assert said in capsys.readouterr().err
