"""`weiran demo`: broker, gateway and simulated devices on this machine, through a storm or a scenario of your own."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import check_writable
from deploy.failures import WRONG_USE, Failure, extra, listed_failure

LIVE_SPEED = "600"
#: With faults, slow enough that each has its moment: a day in 24 s.
FAULTY_SPEED = "3600"


class Store(StrEnum):
    """Where the demo's readings are kept."""

    SQLITE = "sqlite"
    INFLUX = "influx"


def parse_speed(text: str) -> float | None:
    """Scenario seconds per real second, or None for `max`. Raises typer.BadParameter for anything else."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= 1_000_000:
        raise typer.BadParameter(
            f"{text!r} is neither a number above 0 (at most 1000000) nor 'max'", param_hint="--speed"
        )
    return speed


def _usual_speed(*, once: bool, faults: str | None) -> str:
    if not once:
        return LIVE_SPEED
    return FAULTY_SPEED if faults else "max"


def demo(
    scenario: Annotated[
        str, typer.Option("--scenario", metavar="NAME|FILE", help="A built-in scenario (weiran sim list), or yours.")
    ] = "hugo-1989",
    store: Annotated[Store, typer.Option("--store", help="Where readings are kept.")] = Store.SQLITE,
    speed: Annotated[
        str | None,
        typer.Option(
            "--speed",
            metavar="N|max",
            help=f"Scenario seconds per second; usually {LIVE_SPEED}, with --once max, with faults {FAULTY_SPEED}.",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End by itself when all is stored; exit 1 if not.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write what was put, stored and lost, as JSON.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port of the page; a free one when not given.")
    ] = None,
    faults: Annotated[
        str | None, typer.Option("--faults", metavar="NAME", help="A set of faults of the scenario, such as rough.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FOLDER", help="Work in this new folder, and keep it.")
    ] = None,
) -> int:
    """Show everything at work on this machine, in a SIMULATED storm."""
    pace = parse_speed(speed or _usual_speed(once=once, faults=faults))
    with extra("sim"):
        from deploy.demo.folder import FolderTaken
        from deploy.demo.run import DemoFailed, DemoMisused, DemoOptions, run_demo
        from deploy.servers import ServerFailed, ServerMissing
        from firmware_sim.problems import ScenarioError
    check_writable("--report", report)
    options = DemoOptions(
        scenario=scenario, store=store.value, speed=pace, once=once, report=report, port=port, faults=faults, keep=keep
    )
    try:
        return run_demo(options)
    except ScenarioError as exc:
        raise listed_failure("scenario", exc, exc.problems) from exc
    except ServerMissing as exc:
        raise Failure("not-installed", str(exc), "Or let scripts/setup do it", WRONG_USE) from exc
    except (DemoMisused, FolderTaken) as exc:
        raise Failure("wrong-use", str(exc), "See weiran demo --help", WRONG_USE) from exc
    except (DemoFailed, ServerFailed) as exc:
        raise Failure("demo", str(exc), "See what is missing: weiran doctor") from exc
