"""Runs the demo from the first server to the report."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from deploy.demo.conductor import Conductor
from deploy.demo.counted import RatingReport
from deploy.demo.ending import Ending
from deploy.demo.folder import demo_folder, kept_folder
from deploy.demo.hands import make_counters, say_counters, where, with_counters
from deploy.demo.signs import find_witnesses
from deploy.demo.stage import Stage, make_fleets, one_time_link, set_stage, wait_for_page
from deploy.demo.trouble import Troublemaker
from deploy.demo.verdict import Report, encode_report, find_shortcomings, is_clean, make_report
from firmware_sim.forms import AnyFault, SensorFault, SystemFault
from firmware_sim.problems import ScenarioError, problem
from firmware_sim.scenario import Scenario, load_scenario

#: `--once` gives up after this, and says what is missing.
ONCE_LIMIT_S = 300.0
POLL_S = 0.1
#: How often a demo without an end sees whether its processes live.
LOOK_S = 1.0


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
    keep: Path | None = None


def run_demo(options: DemoOptions) -> int:
    """Run it; returns the exit status: 0 when all promises were kept, 1 when not, or a fault went unseen.

    Interrupted, it is 128 and the signal's number unless it ran until told to stop. Raises ScenarioError,
    FolderTaken, ServerMissing, ServerFailed, DemoMisused, DemoFailed.
    """
    scenario = load_scenario(options.scenario)
    if options.once:
        options = replace(options, faults=options.faults or scenario.usual_faults)
    else:
        scenario = with_counters(scenario)
    faults = _faults(scenario, options.faults)
    if options.port is not None:
        check_free(options.port)
    with kept_folder(options.keep) if options.keep is not None else demo_folder() as folder:
        return asyncio.run(_run_until_told(options, scenario, faults, folder))


def check_free(port: int) -> None:
    """Raise DemoMisused when somebody listens on the port of the page."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as exc:
        why = f"--port {port}: {os.strerror(exc.errno or 0)}; name another one, or none for a free one"
        raise DemoMisused(why) from exc


def _faults(scenario: Scenario, name: str | None) -> list[AnyFault]:
    if name is None:
        return []
    if name not in scenario.faults:
        known = ", ".join(sorted(scenario.faults)) or "none"
        what = problem(scenario.name, f"faults.{name}", "no such set of faults", f"choose one of: {known}")
        raise ScenarioError([what])
    return list(scenario.faults[name])


async def _run_until_told(options: DemoOptions, scenario: Scenario, faults: list[AnyFault], folder: Path) -> int:
    ending = Ending()
    ending.listen()
    ending.task = asyncio.create_task(_run(options, scenario, faults, folder, ending))
    try:
        return await ending.task
    except asyncio.CancelledError:
        _say("Interrupted before the end: nothing is checked or reported.")
        return 128 + ending.by


async def _run(options: DemoOptions, scenario: Scenario, faults: list[AnyFault], folder: Path, ending: Ending) -> int:
    began = time.monotonic()
    _say(f"SIMULATED / 模拟: {scenario.title} / {scenario.title_zh}")
    stage = await _set_whole(set_stage(scenario, folder, store=options.store, port=options.port))
    signed_out = None if options.once else partial(_say_new_link, stage)
    trouble = Troublemaker(stage, [fault for fault in faults if isinstance(fault, SystemFault)], signed_out)
    try:
        if not options.once:
            await make_counters(stage, options.scenario)
        await make_fleets(
            stage,
            scenario=options.scenario,
            speed=options.speed,
            linger=not options.once,
            faults=options.faults,
        )
        await _open_page(stage, options)
        for fleet in stage.all_fleets:
            fleet.start(scenario.start_ms)
        ending.plays = not options.once
        saying = asyncio.gather(*(say_counters(stage, fleet, _say) for fleet in stage.counters))
        conductor = Conductor(stage, lambda: stage.answering.busy, trouble.happenings)
        try:
            await _play(stage, trouble, conductor, options, began, ending)
            find_witnesses(stage, trouble.happenings)
            await stage.end_fleets()
            await conductor.finish()
        finally:
            saying.cancel()
            await conductor.close()
        await stage.end_programs()
        spoiled = [fault for fault in faults if not isinstance(fault, SystemFault)]
        if ending.by and not stage.witness.put:
            _say("Stopped before anything was put: there is nothing to report.")
            return 128 + ending.by
        return await _conclude(stage, trouble, spoiled, options, time.monotonic() - began)
    finally:
        ending.task = None  # what ends is not interrupted once more
        await stage.close()


async def _set_whole(setting: Coroutine[None, None, Stage]) -> Stage:
    """A stage that is interrupted while it is set is set to the end, so that all of it can be closed."""
    task = asyncio.create_task(setting)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await (await task).close()
        raise


async def _open_page(stage: Stage, options: DemoOptions) -> None:
    if not await wait_for_page(stage):
        raise DemoFailed(f"the page did not come up: {stage.web.last_words()}")
    if not options.once:
        stage.watch.start()
        _say(f"Open {await one_time_link(stage)}")
        _say(f"Boards for hands: weiran sim board{where(stage.folder)}")
        _say("The link signs you in once. Stop with Ctrl-C.")


async def _say_new_link(stage: Stage) -> None:
    _say(f"The restore has signed everybody out. Open {await one_time_link(stage)}")


async def _play(
    stage: Stage, trouble: Troublemaker, conductor: Conductor, options: DemoOptions, began: float, ending: Ending
) -> None:
    playing = asyncio.create_task(_lead(trouble, conductor))
    try:
        if options.once:
            await _until_over(stage, playing, began + ONCE_LIMIT_S)
        else:
            await _until_told(stage, ending.told)
    finally:
        playing.cancel()
        await asyncio.wait([playing])
    if not playing.cancelled():
        playing.result()


async def _lead(trouble: Troublemaker, conductor: Conductor) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(trouble.run())
        group.create_task(conductor.run())


async def _until_over(stage: Stage, playing: asyncio.Task[None], limit: float) -> None:
    """Until faults and warnings have been played and every fleet is at its end, or real time `limit`, s monotonic."""
    while time.monotonic() < limit and not (playing.done() and all(f.ear.ended for f in stage.fleets)):
        _check_alive(stage)
        await asyncio.sleep(POLL_S)


async def _until_told(stage: Stage, told: asyncio.Event) -> None:
    while not told.is_set():
        _check_alive(stage)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await told.wait()
    _say("Stopping; what is on its way is let through first.")


def _check_alive(stage: Stage) -> None:
    """A process that ended although nobody killed it is an error of ours, not a fault of the scenario."""
    lasting = [program for program in stage.gateway if program is not stage.ingest]
    for program in (stage.ingest, *lasting, *(f.program for f in stage.all_fleets)):
        if program.ended_by_itself or (program in lasting and not (program.running or program.killed)):
            why = "killed from outside, by the kernel when memory is short" if program.status == -signal.SIGKILL else ""
            raise DemoFailed(f"{program.name} ended with status {program.status}: {why or program.last_words()}")


async def _conclude(
    stage: Stage, trouble: Troublemaker, spoiled: list[SensorFault], options: DemoOptions, seconds: float
) -> int:
    report = await make_report(stage, trouble.happenings, spoiled, store=options.store, seconds=seconds)
    if options.report is not None:
        options.report.write_bytes(encode_report(report))
    for line in _summary(report):
        _say(line)
    if options.keep is not None:
        _say(f"Kept in {stage.folder}; next: weiran evidence export --data {stage.folder} --out FILE")
    unfinished = _find_unfinished(stage, report) if options.once else []
    for line in unfinished:
        _say(line)
    return 0 if is_clean(report) and not unfinished else 1


def _find_unfinished(stage: Stage, report: Report) -> list[str]:
    """Why a run that ends by itself is not at its end. A last heartbeat may be on each device's disk."""
    unfinished = []
    if not all(f.ear.ended for f in stage.fleets):
        unfinished.append(f"The scenario did not end within {ONCE_LIMIT_S:.0f} s; try a higher --speed.")
    waiting = report.waiting - report.with_clones
    if waiting > report.devices:
        unfinished.append(f"Not all is stored yet: {waiting} facts wait on their devices' disks.")
    return unfinished


def _summary(report: Report) -> list[str]:
    counts = ", ".join(
        f"{key} {getattr(report, key)}" for key in ("put", "stored", "lost", "duplicates", "altered", "rejected")
    )
    lines = [f"{counts}; worst delay {report.worst_delay_s} s; {report.seconds} s in all"]
    lines += [
        f"alarm {a['site']} {a['rule']}: {a['value']} at {a['raised_at']}, lead {a['lead_s']} s" for a in report.alarms
    ]
    lines += [_describe(fault) for fault in report.faults]
    lines += [] if report.ratings is None else [_describe_ratings(report.ratings)]
    return lines + [f"NOT KEPT: {what}" for what in find_shortcomings(report)]


def _describe(fault: dict[str, object]) -> str:
    if skipped := fault.get("skipped"):
        return f"fault {fault['name']}: NOT PLAYED: {skipped}"
    seen_by = fault["seen_by"]
    assert isinstance(seen_by, list)
    after = fault.get("seen_after_s")
    return f"fault {fault['name']}: seen by {len(seen_by)}" + ("" if after is None else f", after {after} s")


def _describe_ratings(ratings: RatingReport) -> str:
    presses = ", ".join(f"{outcome} {count}" for outcome, count in sorted(ratings.stored.items()))
    counted = (
        f"{ratings.ratings_counted} of {ratings.ratings_expected} ratings counted, {ratings.ratings_waiting} wait "
        f"for more of their clerk, {ratings.proofs_checked} proven"
    )
    return f"{counted}; presses: {presses}; {ratings.entries} entries and {ratings.heads} heads in the log"


class DemoMisused(Exception):
    """The demo was asked for something that cannot be; the text holds the remedy."""


class DemoFailed(Exception):
    """A part of the demo ended or did not start; the text holds the end of its log."""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
