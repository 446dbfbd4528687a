"""`weiran plans` on a real database: what a file enters, what it is told, and drills."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from cloud_gateway.database import open_database, transaction
from cloud_gateway.sites.store import NewSite, add_site
from deploy.cli import run
from tests.databases import make_database

Output = pytest.CaptureFixture[str]
PAGE = Path(__file__).parents[3] / "docs" / "plans.md"


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "gateway.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n')
    make_database(tmp_path / "gateway.db")

    async def enter() -> None:
        engine = open_database(tmp_path / "gateway.db")
        async with transaction(engine) as connection:
            await add_site(connection, NewSite("riverside-depot", "Depot", "仓库", 31.2, 121.5, "Asia/Shanghai"))
        await engine.dispose()

    asyncio.run(enter())
    return str(file)


@pytest.fixture
def example() -> str:
    """The file that the page shows."""
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def enter(config: str, content: str, *options: str) -> int:
    file = Path(config).parent / "plans.toml"
    file.write_text(content)
    return run(["plans", "import", str(file), "--config", config, *options])


def drill(config: str, *arguments: str) -> int:
    return run(["plans", "drill", *arguments, "--config", config])


def test_file_of_the_page_is_entered_and_again_changes_nothing(config: str, example: str, capsys: Output) -> None:
    assert enter(config, example, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"added": 1, "unchanged": 0, "mistakes": []}
    assert enter(config, example, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"added": 0, "unchanged": 1, "mistakes": []}


def test_unknown_site_keeps_the_whole_file_out(config: str, example: str, capsys: Output) -> None:
    both = example + example.replace("riverside-depot", "nowhere")
    assert enter(config, both, "--json") == 1
    done = json.loads(capsys.readouterr().out)
    assert (done["added"], [(m["plan"], m["field"]) for m in done["mistakes"]]) == (0, [(1, "site")])
    assert enter(config, example) == 0
    assert capsys.readouterr().out.startswith("1 versions added")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('hazard = "rainstorm"', 'hazard = "zombies"', "plan[0].hazard"),
        ('level = "yellow"', 'level = "green"', "plan[0].step[1].level"),
        ("review_by = 2027-04-30", 'review_by = "soon"', "plan[0].review_by"),
        ("inspection = true", "inspections = true", "plan[0].step[2].inspections"),
        ("deadline_s = 3600", "", "plan[0].step[2]"),
    ],
    ids=["hazard", "colour", "date", "unknown key", "no deadline"],
)
def test_mistake_is_named_by_its_field(
    config: str, example: str, capsys: Output, old: str, new: str, field: str
) -> None:
    assert enter(config, example.replace(old, new, 1), "--json") == 2
    problems = json.loads(capsys.readouterr().err)["problems"]
    assert [problem["field"] for problem in problems] == [field]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("none.toml", "", "Name an existing plan file.", id="no file"),
        pytest.param("plans.toml", "", "docs/plans.md says what it means.", id="empty"),
        pytest.param("plans.toml", "[[plan]]\nsite = 1\n", "docs/plans.md lists what is allowed.", id="wrong value"),
        pytest.param("plans.toml", "colour = 1\n", "colour: is not a key of plans.", id="unknown key"),
    ],
)
def test_mistakes_lead_to_the_page_of_plans(config: str, capsys: Output, name: str, content: str, said: str) -> None:
    folder = Path(config).parent
    (folder / "plans.toml").write_text(content)
    assert run(["plans", "import", str(folder / name), "--config", config]) == 2
    told = capsys.readouterr().err
    assert (said in told, "docs/settings.md" in told) == (True, False)


def test_drill_makes_marked_tasks_and_sends_nobody_out_under_red(config: str, example: str, capsys: Output) -> None:
    enter(config, example)
    capsys.readouterr()
    assert drill(config, "riverside-depot", "rainstorm", "red", "--json") == 0
    tasks = json.loads(capsys.readouterr().out)
    assert [(task["step"], task["state"], task["drill"]) for task in tasks] == [
        ("clear-drains", "closed-unsafe", True),
        ("lift-goods", "open", True),
        ("walk-the-dyke", "closed-unsafe", True),
    ]
    assert run(["plans", "drill-end", "riverside-depot", "rainstorm", "--config", config]) == 0
    assert capsys.readouterr().out == "DRILL / 演练: 1 ended.\n"


def test_drill_of_what_is_to_come_is_preparation(config: str, example: str, capsys: Output) -> None:
    enter(config, example)
    capsys.readouterr()
    assert drill(config, "riverside-depot", "rainstorm", "orange", "--ahead-h", "24") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "DRILL / 演练"
    assert [line.split()[1:3] for line in said[2:]] == [["clear-drains", "open"]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "rainstorm", "red"), "no site 'nowhere'"),
        (("riverside-depot", "typhoon", "red"), "no plan against typhoon"),
        (("riverside-depot", "rainstorm", "green"), "no signal colour"),
    ],
    ids=["site", "plan", "colour"],
)
def test_drill_of_nothing_is_told(
    config: str, example: str, capsys: Output, arguments: tuple[str, ...], told: str
) -> None:
    enter(config, example)
    assert drill(config, *arguments) == 2
    assert told in capsys.readouterr().err
