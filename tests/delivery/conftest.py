"""Runs of the model, each played once for all tests that look at it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.databases import make_database
from tests.delivery.model import Build, Report, run

#: Plays a seed, with the programs as they are or with a mistake in them.
Play = Callable[[int, Build], Report]
#: The report of a seed with the programs as they are; played when it is first asked for.
Recall = Callable[[int], Report]


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    template = tmp_path_factory.mktemp("template") / "gateway.db"
    make_database(template)

    def play_once(seed: int, build: Build) -> Report:
        return run(seed, tmp_path_factory.mktemp(f"seed-{seed}-"), template, build)

    return play_once


@pytest.fixture(scope="session")
def recall(play: Play) -> Recall:
    played: dict[int, Report] = {}

    def recall_one(seed: int) -> Report:
        if seed not in played:
            played[seed] = play(seed, Build())
        return played[seed]

    return recall_one


@pytest.fixture(scope="session")
def catch(play: Play) -> Callable[[Build, str, range], int | None]:
    """The first seed in which a mutant shows itself by a finding with these words."""

    def catch_one(build: Build, words: str, seeds: range) -> int | None:
        reports = ((seed, play(seed, build)) for seed in seeds)
        return next((seed for seed, report in reports if any(words in f for f in report.findings)), None)

    return catch_one
