"""The `weiran` command line: every part of the system behind one name, each imported only when it runs."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from deploy.commands.agent import agent
from deploy.commands.bench import bench_app
from deploy.commands.demo import demo
from deploy.commands.docs import docs
from deploy.commands.doctor import doctor
from deploy.commands.evidence import evidence_app
from deploy.commands.evidence_texts import erase, hold, release, retain
from deploy.commands.gateway import gateway_app
from deploy.commands.kiosk import kiosk
from deploy.commands.outbox import outbox_app
from deploy.commands.outreach import outreach_app
from deploy.commands.outreach_people import duty_app, people_app
from deploy.commands.outreach_report import report
from deploy.commands.outreach_simulate import simulate
from deploy.commands.outreach_watch import watch
from deploy.commands.plans import plans_app
from deploy.commands.provision import provision_app
from deploy.commands.ratings import ratings_app
from deploy.commands.sim import sim_app
from deploy.commands.sites import sites_app
from deploy.commands.stations import stations_app
from deploy.commands.warnings import warnings_app
from deploy.commands.warnings_replay import replay
from deploy.commands.warnings_sources import sources_app
from deploy.failures import WRONG_USE, Failure, listed_failure, render_json, render_text
from deploy.logs import LogForm, set_up_logging
from edge_agent.configuration import SettingsError

#: Commands that a person starts and watches.
WATCHED = (
    "demo",
    "bench",
    "doctor",
    "sim",
    "outbox",
    "provision",
    "docs",
    "sites",
    "plans",
    "stations",
    "ratings",
    "warnings",
    "evidence",
)

app = typer.Typer(
    name="weiran",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo)
app.command("agent")(agent)
app.command("kiosk")(kiosk)
app.add_typer(gateway_app, name="gateway")
app.add_typer(provision_app, name="provision")
app.add_typer(sim_app, name="sim")
app.add_typer(sites_app, name="sites")
app.add_typer(plans_app, name="plans")
app.add_typer(stations_app, name="stations")
app.add_typer(ratings_app, name="ratings")
app.add_typer(outbox_app, name="outbox")
app.add_typer(bench_app, name="bench")
warnings_app.command("replay")(replay)
warnings_app.add_typer(sources_app, name="sources")
app.add_typer(warnings_app, name="warnings")
outreach_app.command("simulate")(simulate)
outreach_app.command("watch")(watch)
outreach_app.command("report")(report)
outreach_app.add_typer(people_app, name="people")
outreach_app.add_typer(duty_app, name="duty")
app.add_typer(outreach_app, name="outreach")
evidence_app.command("hold")(hold)
evidence_app.command("release")(release)
evidence_app.command("erase")(erase)
evidence_app.command("retain")(retain)
app.add_typer(evidence_app, name="evidence")
app.command("doctor")(doctor)
app.command("docs", hidden=True)(docs)


def main() -> int:
    """Run the command that the process was started with; returns the exit status."""
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns 0 done, 1 finding, 2 wrong use or settings."""
    try:
        return int(app(list(arguments), prog_name="weiran", standalone_mode=False) or 0)
    except TyperException as exc:
        failure = _usage_failure(exc)
    except SettingsError as exc:
        failure = listed_failure("settings", exc, exc.problems)
    except Failure as exc:
        failure = exc
    typer.echo(render_json(failure) if "--json" in arguments else render_text(failure), err=True)
    return failure.status


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    log: Annotated[
        LogForm | None,
        typer.Option("--log", help="Form of log lines on stderr; json, or human where a person watches."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write an error as JSON on stderr.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Weiran: devices that notice a loss before it happens, and the gateway that they report to."""
    if version or context.invoked_subcommand is None:
        typer.echo(f"weiran {importlib.metadata.version('weiran')}" if version else context.get_help())
        raise typer.Exit(0 if version else WRONG_USE)
    watched = context.invoked_subcommand in WATCHED
    set_up_logging(log or (LogForm.HUMAN if watched else LogForm.JSON))


def _usage_failure(error: TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "weiran"
    return Failure("usage", error.format_message().rstrip("."), f"Try: {command} --help", WRONG_USE)
