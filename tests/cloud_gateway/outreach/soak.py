"""Kills the outreach process with many seeds and says what they did: ``scripts/soak outreach``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.cloud_gateway.outreach.kills import Report, play


def main(arguments: Sequence[str]) -> int:
    """The command: 0 when all held for every seed, 1 when something did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds are played (100)")
    parser.add_argument("--first", type=int, default=1, help="the first of them (1)")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    reports = [_play(seed) for seed in range(options.first, options.first + options.seeds)]
    failed = [report.seed for report in reports if report.findings]
    lives = sum(len(report.moments) for report in reports)
    _say(
        f"soak outreach: {len(reports)} seeds in {time.monotonic() - begun:.0f} s, "
        f"{len(failed)} failed{f': {failed}' if failed else ''}; {lives} lives ended, "
        f"{sum(r.messages for r in reports)} messages, {sum(r.requests for r in reports)} requests, "
        f"{sum(r.repeated for r in reports)} messages came again"
    )
    return 1 if failed else 0


def _play(seed: int) -> Report:
    with tempfile.TemporaryDirectory(prefix=f"weiran-outreach-{seed}-") as folder:
        report = asyncio.run(play(seed, Path(folder)))
    _say(str(report))
    for finding in report.findings:
        _say(f"    {finding}")
    return report


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
