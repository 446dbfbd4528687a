"""`weiran outreach simulate`: a story through the real rules, told to nobody."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from deploy.cli import run
from tests.cloud_gateway.outreach.ground import ground

PEOPLE = """
[[recipient]]
name = "Lin Yi"
role = "risk-engineer"
sites = ["east", "west"]
mail = "lin@example.org"
quiet_from = "22:00"
quiet_to = "07:00"

[[recipient]]
name = "Zhou"
role = "branch"
phone = "555-0107"

[[recipient]]
name = "Qian"
role = "branch"
phone = "555-0108"

[[site]]
code = "west"
priority = 2.0

[[duty]]
name = "Zhou"
since = 2026-07-20T00:00:00+08:00
until = 2026-07-22T00:00:00+08:00

[[duty]]
name = "Qian"
since = "2026-07-20T00:00:00+08:00"
until = "2026-07-22T00:00:00+08:00"
rank = 2
"""
RAISED = """
[[change]]
at = 2026-07-20T15:00:00+08:00
hazard = "typhoon"
change = "raised"
level = 3
sites = ["east", "west"]
onset = 2026-07-20T20:00:00+08:00
"""
CLEARED = """
[[change]]
at = 2026-07-20T23:00:00+08:00
hazard = "typhoon"
change = "cleared"
sites = ["east", "west"]
"""
ANSWERED = """
[[answer]]
at = 2026-07-20T19:20:00+08:00
name = "Qian"
choice = "acting"
"""


def test_a_story_is_told_as_the_process_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = tmp_path / "story.toml"
    story.write_text(PEOPLE + CLEARED + RAISED + ANSWERED)
    assert run(["outreach", "simulate", str(story), "--json"]) == 0
    told = [(str(one["at"])[11:16], one["recipient"], one["step"], one["change"]) for one in _printed(capsys)]
    assert told == [
        ("07:00", "Lin Yi", "", "raised"),
        ("09:00", "Lin Yi", "briefing", "raised"),
        ("11:00", "Zhou", "call-out", "raised"),
        ("11:15", "Qian", "call-out", "raised"),
        ("15:00", "Zhou", "", "cleared"),
        ("15:00", "Qian", "", "cleared"),
        ("23:00", "Lin Yi", "", "cleared"),
    ]


def test_sites_are_ranked_and_the_wait_for_an_answer_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = tmp_path / "story.toml"
    story.write_text(PEOPLE + RAISED)
    assert run(["outreach", "simulate", str(story), "--json"]) == 0
    told = _printed(capsys)
    assert told[0]["sites"] == ["west", "east"]
    assert [one["answer_by"] for one in told if one["recipient"] == "Zhou"] == ["2026-07-20T11:15:00Z"]


async def test_a_gateways_people_play_along_and_its_database_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with ground(tmp_path) as place:
        await place.add_sites("east")
        await place.add_person("lin", "east", role="customer")
    before = (tmp_path / "gateway.db").read_bytes()
    config, story = tmp_path / "gateway.toml", tmp_path / "story.toml"
    config.write_text(f'data_dir = "{tmp_path}"\n')
    story.write_text(RAISED)
    assert await asyncio.to_thread(run, ["outreach", "simulate", str(story), "--config", str(config), "--json"]) == 0
    assert [one["recipient"] for one in _printed(capsys)] == ["lin", "lin"]
    assert (tmp_path / "gateway.db").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (RAISED.replace("typhoon", "typhon"), "is no hazard"),
        (RAISED.replace("level = 3", "level = 0"), "level 0 goes with cleared"),
        (RAISED.replace("2026-07-20T15:00:00+08:00", "2026-07-20T15:00:00"), "no zone"),
        (RAISED + '[[duty]]\nname = "Nemo"\nsince = "2026-07-20T00:00:00Z"\nuntil = "2026-07-21T00:00:00Z"\n', "Nemo"),
    ],
    ids=["hazard", "level", "time without a zone", "stranger on duty"],
)
def test_a_mistake_in_a_story_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, named: str
) -> None:
    story = tmp_path / "story.toml"
    story.write_text(text)
    assert run(["outreach", "simulate", str(story)]) == 2
    assert named in capsys.readouterr().err


def _printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    printed: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return printed
