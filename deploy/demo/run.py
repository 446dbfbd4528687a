"""Runs the demo from the first server to the report."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.stage import Stage, make_fleets, one_time_link, set_stage, wait_for_page
from deploy.demo.trouble import Troublemaker, find_witnesses
from deploy.demo.verdict import Report, encode_report, find_shortcomings, is_clean, make_report
from firmware_sim.forms import AnyFault, SensorFault, SystemFault
from firmware_sim.problems import ScenarioError, problem
from firmware_sim.scenario import Scenario, load_scenario

#: `--once` gives up after this, and says what is missing.
ONCE_LIMIT_S = 160.0
POLL_S = 0.1


@dataclass(frozen=True)
class DemoOptions:
    """What `weiran demo` was asked for. `speed` is scenario seconds per second, None as fast as possible."""

    scenario: str = "hugo-1989"
    store: str = "sqlite"
    speed: float | None = None
    once: bool = False
    report: Path | None = None
    port: int | None = None
    faults: str | None = None


def run_demo(options: DemoOptions) -> int:
    """Run it; returns the exit status: 0 when all promises were kept, 1 when not, or a fault went unseen.

    Raises ScenarioError, ServerMissing, ServerFailed.
    """
    scenario = load_scenario(options.scenario)
    faults = _faults(scenario, options.faults)
    if options.report is not None:
        check_writable(options.report)
    folder = Path(tempfile.mkdtemp(prefix="weiran-demo-"))
    try:
        return asyncio.run(_run(options, scenario, faults, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_writable(report: Path) -> None:
    """Raise DemoMisused when the report could not be written at the end."""
    try:
        report.open("ab").close()
    except OSError as exc:
        raise DemoMisused(f"--report {report}: {exc.strerror}; name a file in a folder that can be written") from exc


def _faults(scenario: Scenario, name: str | None) -> list[AnyFault]:
    if name is None:
        return []
    if name not in scenario.faults:
        known = ", ".join(sorted(scenario.faults)) or "none"
        what = problem(scenario.name, f"faults.{name}", "no such set of faults", f"choose one of: {known}")
        raise ScenarioError([what])
    return list(scenario.faults[name])


async def _run(options: DemoOptions, scenario: Scenario, faults: list[AnyFault], folder: Path) -> int:
    began = time.monotonic()
    _say(f"SIMULATED / 模拟: {scenario.title} / {scenario.title_zh}")
    stage = await set_stage(scenario, folder, store=options.store, port=options.port)
    trouble = Troublemaker(stage, [fault for fault in faults if isinstance(fault, SystemFault)])
    try:
        await make_fleets(
            stage,
            scenario=options.scenario,
            speed=options.speed,
            linger=not options.once,
            faults=options.faults,
        )
        await _open_page(stage, options)
        for fleet in stage.fleets:
            fleet.start(scenario.start_ms)
        await _play(stage, trouble, options, began)
        find_witnesses(stage, trouble.happenings)
        await stage.end_programs()
        spoiled = [fault for fault in faults if not isinstance(fault, SystemFault)]
        return await _conclude(stage, trouble, spoiled, options, time.monotonic() - began)
    finally:
        await stage.close()


async def _open_page(stage: Stage, options: DemoOptions) -> None:
    if not await wait_for_page(stage):
        raise DemoFailed(f"the page did not come up: {stage.web.last_words()}")
    if not options.once:
        _say(f"Open {await one_time_link(stage)}")
        _say("The link signs you in once. Stop with Ctrl-C.")


async def _play(stage: Stage, trouble: Troublemaker, options: DemoOptions, began: float) -> None:
    playing = asyncio.create_task(trouble.run())
    if options.once:
        limit = began + ONCE_LIMIT_S
        while time.monotonic() < limit and not (playing.done() and all(f.ear.ended for f in stage.fleets)):
            _check_alive(stage, trouble)
            await asyncio.sleep(POLL_S)
    else:
        await _until_told(stage, trouble)
    if not playing.done():
        playing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await playing


async def _until_told(stage: Stage, trouble: Troublemaker) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    while not told.is_set():
        _check_alive(stage, trouble)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), 1.0)
    _say("Stopping; what is on its way is let through first.")


def _check_alive(stage: Stage, trouble: Troublemaker) -> None:
    """A process that ended although nobody killed it is an error of ours, not a fault of the scenario."""
    for program in (stage.ingest, stage.web, *(f.program for f in stage.fleets)):
        if program.status not in (None, 0, -signal.SIGKILL) or (program is stage.web and not program.running):
            raise DemoFailed(f"{program.name} ended with status {program.status}: {program.last_words()}")


async def _conclude(
    stage: Stage, trouble: Troublemaker, spoiled: list[SensorFault], options: DemoOptions, seconds: float
) -> int:
    report = await make_report(stage, trouble.happenings, spoiled, store=options.store, seconds=seconds)
    if options.report is not None:
        options.report.write_bytes(encode_report(report))
    clean = is_clean(report)
    ended = all(f.ear.ended for f in stage.fleets)
    for line in _summary(report):
        _say(line)
    if options.once and not ended:
        _say(f"The scenario did not end within {ONCE_LIMIT_S:.0f} s; try a higher --speed.")
    return 0 if clean and (ended or not options.once) else 1


def _summary(report: Report) -> list[str]:
    counts = ", ".join(
        f"{key} {getattr(report, key)}" for key in ("put", "stored", "lost", "duplicates", "altered", "rejected")
    )
    lines = [f"{counts}; worst delay {report.worst_delay_s} s; {report.seconds} s in all"]
    lines += [
        f"alarm {a['site']} {a['rule']}: {a['value']} at {a['raised_at']}, lead {a['lead_s']} s" for a in report.alarms
    ]
    lines += [
        f"fault {f['name']}: seen by {len(f['seen_by'])}" for f in report.faults if isinstance(f["seen_by"], list)
    ]
    return lines + [f"NOT KEPT: {what}" for what in find_shortcomings(report)]


class DemoMisused(Exception):
    """The demo was asked for something that cannot be; the text holds the remedy."""


class DemoFailed(Exception):
    """A part of the demo ended or did not start; the text holds the end of its log."""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
