"""Plays many seeds of the delivery model, several at a time, and says what they did: ``scripts/soak``."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cloud_gateway.migrations import migrate
from tests.delivery.kills import DEVICE_PLACES, GATEWAY_PLACES
from tests.delivery.model import Build, Report, run

MOST_FINDINGS = 10


def play(seed: int) -> Report:
    """One run in a folder of its own, which is gone afterwards."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix=f"weiran-soak-{seed}-") as folder:
        template = Path(folder) / "template.db"
        migrate(template)
        return run(seed, Path(folder), template, Build())


def main(arguments: Sequence[str]) -> int:
    """The command: 0 when every run kept the invariant, 1 when one did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how many seeds are played (200)")
    parser.add_argument("--first", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time (one a processor)")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=spawn) as pool:
        reports = list(map(_show, pool.map(play, range(options.first, options.first + options.runs))))
    _say(_summary(reports, time.monotonic() - begun))
    return 1 if any(report.findings for report in reports) else 0


def _show(report: Report) -> Report:
    _say(str(report))
    for finding in report.findings[:MOST_FINDINGS]:
        _say(f"    {finding}")
    return report


def _summary(reports: Iterable[Report], seconds: float) -> str:
    reports = list(reports)
    failed = [report.seed for report in reports if report.findings]
    deaths = sum((report.deaths for report in reports), Counter[str]())
    sprung = sum((report.sprung for report in reports), Counter())
    places = {*DEVICE_PLACES, *GATEWAY_PLACES}
    return (
        f"soak: {len(reports)} runs in {seconds:.0f} s, {len(failed)} failed{f': seeds {failed}' if failed else ''}; "
        f"promised {sum(r.promised for r in reports)}, lives ended: "
        f"{', '.join(f'{name} {count}' for name, count in sorted(deaths.items()))}; "
        f"stopped {sum(sprung.values())} times at {len(sprung)} of {len(places)} places"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
