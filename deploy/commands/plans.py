"""`weiran plans`: emergency plans from a file, and drills."""

from __future__ import annotations

import asyncio
import getpass
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import telling_failures
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra
from edge_agent.configuration import Manual, load
from edge_agent.web.times import rfc3339

if TYPE_CHECKING:
    from cloud_gateway.plans.model import Task
    from cloud_gateway.settings import GatewaySettings
    from cloud_gateway.warnings.model import Level

plans_app = typer.Typer(help="Emergency plans of sites, and drills.")
AHEAD_HELP = "As if it were to come in so many hours; 0: it is in force."
MANUAL = Manual("plan file", "a key of plans", "docs/plans.md")
MARK = "DRILL / 演练"


@plans_app.callback()
def plans() -> None:
    """Enter what sites do when a warning comes, and exercise it."""


@plans_app.command("import")
def import_plans(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML with one [[plan]] for each site and hazard.")],
    config: Config,
    as_json: AsJson = False,
) -> int:
    """Enter plans from a file: all of them, or none and a list of what is wrong.

    docs/plans.md describes the file. Each plan becomes a new version, unless the newest one says the same: the same
    file again changes nothing. Exit status 1 when a plan names what is not there.
    """
    with _gateway(config) as settings:
        from cloud_gateway.plans.entries import PlanFile
        from cloud_gateway.plans.importing import import_plans as enter

        entries = load(PlanFile, file, {}, MANUAL).plan
        done = asyncio.run(enter(settings.database, entries, getpass.getuser(), _now()))
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        print_rows([asdict(mistake) for mistake in done.mistakes], False)
        typer.echo(f"{done.added} versions added, {done.unchanged} plans as they were.")
    return FINDING if done.mistakes else DONE


@plans_app.command("drill")
def drill(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Code of the site.")],
    hazard: Annotated[str, typer.Argument(metavar="HAZARD", help="typhoon, rainstorm, flood, ...")],
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="blue, yellow, orange or red.")],
    config: Config,
    ahead_h: Annotated[float, typer.Option("--ahead-h", min=0, max=720, help=AHEAD_HELP)] = 0.0,
    as_json: AsJson = False,
) -> int:
    """Exercise a plan: its tasks are made, and marked as a drill.

    No real figure counts them. It ends with `weiran plans drill-end`, or when the next one of this plan begins.
    """
    with _gateway(config) as settings:
        from cloud_gateway.plans.importing import begin_drill

        known, ahead_s = _level(level), round(ahead_h * 3600)
        tasks = asyncio.run(begin_drill(settings.database, site, hazard, known, ahead_s, getpass.getuser(), _now()))
    if not as_json:
        typer.echo(MARK)
    print_rows(_rows(tasks), as_json)
    return DONE


@plans_app.command("drill-end")
def drill_end(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Code of the site.")],
    hazard: Annotated[str, typer.Argument(metavar="HAZARD", help="Of the plan that is exercised.")],
    config: Config,
) -> int:
    """End the drill of a plan; its open tasks are taken back."""
    with _gateway(config) as settings:
        from cloud_gateway.plans.importing import end_drills

        ended = asyncio.run(end_drills(settings.database, site, hazard, _now()))
    typer.echo(f"{MARK}: {ended} ended.")
    return DONE


def _rows(tasks: Iterable[Task]) -> Iterator[dict[str, object]]:
    for task in tasks:
        yield {
            "drill": task.drill,
            "step": task.step,
            "state": task.state.value,
            "due": rfc3339(task.due_at),
            "owner": task.owner,
            "text": task.text_zh,
        }


def _level(word: str) -> Level:
    from cloud_gateway.plans.entries import COLORS
    from cloud_gateway.warnings.model import Level

    if word.casefold() not in COLORS:
        remedy = f"Choose one of: {', '.join(COLORS)}"
        raise Failure("wrong-use", f"LEVEL: {word!r} is no signal colour", remedy, WRONG_USE)
    return Level(COLORS[word.casefold()])


def _now() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def _gateway(config: Path) -> Iterator[GatewaySettings]:
    """The settings of a gateway whose database is there; what the plans refuse becomes a Failure."""
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.plans.importing import NoPlan
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    try:
        yield settings
    except NoPlan as exc:
        raise Failure("no-plan", str(exc), "See what there is: GET /api/v1/plans", WRONG_USE) from exc
