"""`weiran sim`: the scenarios that the simulator plays, and the boards that it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import AsJson, print_rows
from deploy.commands.sim_board import board
from deploy.commands.sim_fleet import fleet
from deploy.commands.sim_keypad import keypad
from deploy.commands.sim_press import press
from deploy.failures import FINDING, extra

sim_app = typer.Typer(help="Scenarios: storms and faults for the simulated devices.")
sim_app.command("board")(board)
sim_app.command("fleet")(fleet)
sim_app.command("keypad")(keypad)
sim_app.command("press")(press)


@sim_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scenario's TOML file, or its folder.")],
    as_json: AsJson = False,
) -> int:
    """Check a scenario of your own.

    Prints every mistake with its file, field and remedy; exit status 1 when there is one.
    """
    with extra("sim"):
        from firmware_sim.scenario import check_scenario
    problems = check_scenario(file)
    if as_json:
        print_rows((p._asdict() for p in problems), as_json)
    else:
        typer.echo("\n".join(map(str, problems)) or f"{file}: no mistake found.")
    return FINDING if problems else 0


@sim_app.command("list")
def list_scenarios(as_json: AsJson = False) -> int:
    """List the built-in scenarios."""
    with extra("sim"):
        from firmware_sim.folder import built_in_names
        from firmware_sim.scenario import load_scenario
    scenarios = [(name, load_scenario(name)) for name in built_in_names()]
    print_rows(({"name": name, "title": s.title, "title_zh": s.title_zh} for name, s in scenarios), as_json)
    return 0
