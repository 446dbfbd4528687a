"""`weiran bench`: how fast this machine is, always beside a bare program that does the same."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.demo import Store
from deploy.commands.options import check_writable
from deploy.failures import WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from deploy.bench import Bench

bench_app = typer.Typer(help="Measure this machine beside bare programs.")
Rounds = Annotated[int, typer.Option("--rounds", min=1, max=50, help="Alternating rounds; the median counts.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Work here, on a real disk; var/ when not given.")
]
Write = Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Put the result into this page as well.")]


@bench_app.command("outbox")
def outbox(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure durable puts into one outbox.

    200 concurrent writers with bodies of 300 bytes, on a real disk.
    """
    return _run("outbox", rounds, folder, write)


@bench_app.command("ingest")
def ingest(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure ingest from end to end.

    From 50 devices to the application's acknowledgement, beside bare writers on the same server.
    """
    return _run("ingest", rounds, folder, write)


@bench_app.command("agent")
def agent(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure one agent's memory, CPU and writes.

    Ten streams at 1 Hz on a SIMULATED board, in real time.
    """
    return _run("agent", rounds, folder, write)


@bench_app.command("matching")
def matching(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure the matching of alerts to sites.

    100,000 sites against the load folder beside the checkout, or made-up alerts without it; beside a plain scan.
    """
    return _run("matching", rounds, folder, write)


@bench_app.command("outreach")
def outreach(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure the planning of messages.

    10,000 exposures planned and persisted with their words and steps, beside bare inserts of the same rows.
    """
    return _run("outreach", rounds, folder, write)


@bench_app.command("evidence")
def evidence(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure the evidence log.

    10,000 entries appended beside bare inserts, 100,000 verified, proofs from logs of up to 1,000,000 entries.
    """
    return _run("evidence", rounds, folder, write)


@bench_app.command("press")
def press(rounds: Rounds = 5, folder: Folder = None, write: Write = None) -> int:
    """Measure a press at a counter.

    From a finger on a key of a SIMULATED board to the lamp, and to the signed rating on a real disk.
    """
    return _run("press", rounds, folder, write)


@bench_app.command("console")
def console(
    rounds: Rounds = 3,
    devices: Annotated[int, typer.Option("--devices", min=2, max=1000, help="How many publish meanwhile.")] = 300,
    days: Annotated[int, typer.Option("--days", min=2, max=400, help="So many days of readings are generated.")] = 365,
    store: Annotated[Store | None, typer.Option("--store", help="Only on this store; on both when not given.")] = None,
    folder: Folder = None,
    write: Write = None,
) -> int:
    """Measure the console's pages, API and charts while SIMULATED devices publish.

    A year of readings, one stream with a value each second, is generated in the folder and kept there for the next
    run. Beside bare SQL and InfluxQL over the same data; the overview and a chart of a year also in Chromium.
    """
    with extra("sim"), extra("gateway"):
        import playwright.async_api  # noqa: F401 - it drives Chromium

        from deploy.bench import DEFAULT_FOLDER
        from deploy.bench.console import STORES, Size, bench_console
    kept = (folder or DEFAULT_FOLDER).resolve() / "bench-console"
    stores = tuple(STORES) if store is None else (store.value,)
    bench = partial(bench_console, size=Size(devices, days), kept=kept, stores=stores)
    return _run("console", rounds, folder, write, bench)


@bench_app.command("soak")
def soak(
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=10_000, help="How long the agent is watched.")] = 30,
    folder: Folder = None,
    write: Write = None,
) -> int:
    """Watch one agent's memory, files and outbox for a long time.

    Ten streams at 1 Hz on a SIMULATED board, in real time; exit status 1 when its memory grows.
    """
    return _run("soak", minutes, folder, write)


def _run(which: str, rounds: int, folder: Path | None, write: Path | None, bench: Bench | None = None) -> int:
    with extra("sim"):
        from deploy.bench import UnusableFolder, run_bench
        from deploy.servers import ServerFailed, ServerMissing
    check_writable("--write", write)
    try:
        return run_bench(which, rounds=rounds, folder=folder, write=write, bench=bench)
    except UnusableFolder as exc:
        raise Failure("folder", str(exc), "A bench of durable writes needs a disk", WRONG_USE) from exc
    except ServerMissing as exc:
        raise Failure("not-installed", str(exc), "Or let scripts/setup do it", WRONG_USE) from exc
    except ServerFailed as exc:
        raise Failure("server", str(exc), "See what is missing: weiran doctor") from exc
