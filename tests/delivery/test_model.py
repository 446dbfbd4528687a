"""The one invariant: what `put` returned for is stored exactly once in effect, whoever dies and wherever.

A failing seed is played again by its number: ``scripts/soak --first SEED --runs 1``, or ``-k`` here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.delivery.conftest import Play, Recall
from tests.delivery.kills import DEVICE_PLACES, GATEWAY_PLACES
from tests.delivery.model import Build
from tests.delivery.mutants import MUTANTS

SEEDS = range(1, 13)
#: A mutant has so many runs to show itself.
CHANCES = range(1, 11)


@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_what_was_promised_is_stored_once_whoever_dies(seed: int, recall: Recall) -> None:
    assert recall(seed).findings == []


def test_the_runs_together_stop_at_every_place(recall: Recall) -> None:
    assert set(sum((recall(seed).sprung for seed in SEEDS), Counter())) == {*DEVICE_PLACES, *GATEWAY_PLACES}


def test_the_runs_together_have_every_kind_of_fate(recall: Recall) -> None:
    deaths = sum((recall(seed).deaths for seed in SEEDS), Counter())
    assert min(deaths["device"], deaths["gateway"]) > 50
    assert deaths["broker"] > 20
    assert sum(recall(seed).gaps for seed in SEEDS) > 50
    assert sum(recall(seed).rejected for seed in SEEDS) > 50


def test_a_seed_decides_a_whole_run(play: Play, recall: Recall) -> None:
    assert play(SEEDS[0], Build()) == recall(SEEDS[0])


@pytest.mark.parametrize(("build", "words"), MUTANTS.values(), ids=MUTANTS)
def test_the_model_finds_a_mistake(build: Build, words: str, catch: Callable[[Build, str, range], int | None]) -> None:
    assert catch(build, words, CHANCES) is not None
