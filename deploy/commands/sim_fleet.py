"""`weiran sim fleet`: hundreds of real agents on simulated boards, against a gateway."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.demo import Store
from deploy.commands.options import AsJson, check_writable, load_settings
from deploy.failures import FINDING, WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from deploy.fleet.figures import Figures, Pulse
    from deploy.fleet.outages import Looking
    from deploy.fleet.run import FleetOptions

MOST = 1000
#: Of a run with outages, s: each has time to be mended before the next.
SHORTEST_TRIAL_S = 60.0
OWN = "of one that runs on this machine; with --provision"


def fleet(
    devices: Annotated[int, typer.Option("--devices", min=1, max=MOST, help="How many.")] = 300,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, max=64, help="In so many processes; one per core if not given.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed invents the same fleet.")] = 1,
    every: Annotated[
        float, typer.Option("--every", min=0.5, max=3600, help="Seconds between two values of a stream.")
    ] = 10.0,
    spread: Annotated[
        float, typer.Option("--spread", min=0, max=3600, help="The devices start over so many seconds.")
    ] = 30.0,
    lasting: Annotated[
        float | None, typer.Option("--for", min=1, help="End after so many seconds; with Ctrl-C if not given.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help=f"Settings of the gateway, {OWN}.")
    ] = None,
    provision: Annotated[
        Path | None, typer.Option("--provision", metavar="DIR", help="The provisioning folder of its broker.")
    ] = None,
    store: Annotated[Store, typer.Option("--store", help="Where a gateway of its own keeps readings.")] = Store.SQLITE,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port of its page; a free one when not given.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FOLDER", help="Work in this new folder, and keep it.")
    ] = None,
    outages: Annotated[
        bool,
        typer.Option(
            "--outages",
            help="Kill the gateway after a third of --for and the broker after two, look at the page in Chromium, and "
            "judge how soon it lives again and what the gateway takes in memory.",
        ),
    ] = False,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the figures, as JSON.")] = None,
    as_json: AsJson = False,
) -> int:
    """Run a fleet of SIMULATED devices with the real agent, and count what became of all it said.

    Starts a broker and a gateway of its own, or enters the invented sites and devices in the one of --config and
    --provision. Exit status 1 when something was lost, stored twice, altered or refused, nothing arrived, or a limit of
    --outages was broken.
    """
    with extra("sim"):
        from deploy.fleet.run import FleetOptions
    if (config is None) != (provision is None):
        raise Failure("wrong-use", "--config and --provision go together", "Give both or neither", WRONG_USE)
    if outages and (lasting is None or lasting < SHORTEST_TRIAL_S or config is not None):
        text = f"--outages needs --for of at least {SHORTEST_TRIAL_S:.0f} s, and a gateway of its own"
        raise Failure("wrong-use", text, "Give --for 600, and leave --config out", WRONG_USE)
    check_writable("--report", report)
    looking = _find_viewer() if outages else None
    settings = None
    if config is not None:
        from cloud_gateway.settings import GatewaySettings

        settings = load_settings(GatewaySettings, config)
    options = FleetOptions(
        devices, processes, seed, every, spread, lasting, store=store.value, port=port, keep=keep, gateway=settings,
        provision=provision, looking=looking,
    )  # fmt: skip
    figures = _run(options, as_json)
    if figures is None:
        typer.echo("Interrupted before the first device: nothing is counted.", err=as_json)
        return FINDING
    return _conclude(figures, report, as_json)


def _find_viewer() -> Looking:
    """Who looks at the page in a browser."""
    from deploy.servers import ServerMissing

    try:
        from deploy.fleet.viewer import check_browser, looking_at

        check_browser()
    except ModuleNotFoundError as exc:
        if exc.name != "playwright":
            raise
        text = "the library 'playwright' is not installed, by which somebody looks at the page"
        raise Failure("not-installed", text, "Install it with: pip install playwright", WRONG_USE) from exc
    except ServerMissing as exc:
        raise Failure("not-installed", str(exc), "Or run without --outages", WRONG_USE) from exc
    return looking_at


def _run(options: FleetOptions, as_json: bool) -> Figures | None:
    from cloud_gateway.sites.store import SiteConflict
    from deploy.demo.folder import FolderTaken
    from deploy.fleet.gateway import NotHere
    from deploy.fleet.run import FleetFailed, run_fleet, say_plainly
    from deploy.provision.folder import ProvisionError
    from deploy.servers import ServerFailed, ServerMissing

    tell = (lambda text: typer.echo(text, err=True)) if as_json else say_plainly
    try:
        return run_fleet(options, _say_json if as_json else _say_line, tell)
    except ServerMissing as exc:
        raise Failure("not-installed", str(exc), "Or let scripts/setup do it", WRONG_USE) from exc
    except SiteConflict as exc:
        raise Failure("site", f"another site is called {exc}", "Give another --seed", WRONG_USE) from exc
    except (FolderTaken, NotHere, ProvisionError) as exc:
        raise Failure("wrong-use", str(exc), "See weiran sim fleet --help", WRONG_USE) from exc
    except (FleetFailed, ServerFailed) as exc:
        raise Failure("fleet", str(exc), "See what is missing: weiran doctor") from exc


def _say_line(pulse: Pulse) -> None:
    gateway = "" if pulse.gateway is None else f"; gateway {pulse.gateway.mb:.0f} MB, {pulse.gateway.cpu_s:.0f} s CPU"
    typer.echo(
        f"{pulse.seconds:6.0f} s  {pulse.linked} of {pulse.devices} linked, put {pulse.put}, waiting {pulse.waiting}, "
        f"worst delay {pulse.worst_delay_s} s; agents {pulse.agents.mb:.0f} MB, {pulse.agents.cpu_s:.0f} s CPU{gateway}"
    )
    sys.stdout.flush()


def _say_json(pulse: Pulse) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(pulse).decode())
    sys.stdout.flush()


def _conclude(figures: Figures, report: Path | None, as_json: bool) -> int:
    import msgspec

    from deploy.fleet.telling import describe_trial

    encoded = msgspec.json.encode(figures)
    if report is not None:
        report.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
    if as_json:
        typer.echo(encoded.decode())
    else:
        names = ("put", "stored", "waiting", "lost", "duplicates", "altered", "rejected", "gaps", "alarms")
        counts = ", ".join(f"{name} {getattr(figures, name)}" for name in names)
        typer.echo(
            f"SIMULATED / 模拟: {figures.devices} devices in {figures.processes} processes: {counts}; "
            f"worst delay {figures.worst_delay_s} s; {figures.seconds} s in all"
        )
        for text in describe_trial(figures):
            typer.echo(text)
    return 0 if figures.clean else FINDING
