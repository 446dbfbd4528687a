"""What customers add to their ratings: counted by cell, with its interval, and never where few have said it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cloud_gateway.ratings.additions import Addition, Additions, Recommendation, compose_additions, recommend
from cloud_gateway.ratings.cells import Place
from cloud_gateway.ratings.figures import wilson

WHOLE = Place(0, "", "")


def add(
    counter: str = "1", settled: bool | None = None, score: int | None = None, reasons: Sequence[str] = ()
) -> Addition:
    """What a customer of a counter of the harbour has added."""
    return Addition("counter", 3, "counter", "harbour", counter, "1024", settled, score, reasons)


def test_shares_recommendations_and_reasons_of_a_cell() -> None:
    said = [add(settled=True, score=10, reasons=["manner", "waiting"]), add(settled=False, score=6, reasons=["manner"])]
    said += [add(settled=True, score=9), add(score=7)]
    cell = compose_additions(said, 2)["counter", 3][WHOLE]
    assert cell.settled is not None
    assert (cell.settled.n, cell.settled.share) == (3, wilson(2, 3))
    assert cell.recommend == recommend([1, 1, 2], [1, 1, 2])
    assert cell.reasons is not None
    assert (cell.reasons.n, cell.reasons.counts) == (2, {"manner": 2, "waiting": 1})


def test_each_is_left_out_where_fewer_than_k_have_said_it() -> None:
    said = [add(settled=True, score=9, reasons=["manner"]), add(settled=True, score=2), add(settled=True)]
    cell = compose_additions(said, 3)["counter", 3][WHOLE]
    assert (cell.settled is not None, cell.recommend, cell.reasons) == (True, None, None)


@pytest.mark.parametrize(
    ("small", "shown"),
    [pytest.param(0, True, id="nobody has said it"), pytest.param(1, False, id="one would be found by subtraction")],
)
def test_a_counter_goes_with_one_of_few(small: int, shown: bool) -> None:
    said = [add(settled=True)] * 5 + [add("2", settled=False)] * small + [add("2", score=1)]
    cells = compose_additions(said, 5)["counter", 3]
    assert (cells[Place(3, "harbour", "1")].settled is not None, cells[Place(3, "harbour", "2")]) == (
        shown,
        Additions(),
    )


@pytest.mark.parametrize(
    ("counts", "sign"),
    [pytest.param([30, 0, 0], -1, id="against"), pytest.param([0, 0, 30], 1, id="for")],
)
def test_a_recommendation_lies_in_its_interval_and_this_within_its_ends(counts: list[int], sign: int) -> None:
    found = recommend(counts, counts)
    assert isinstance(found, Recommendation)
    assert -1000 <= found.low < found.score < found.high <= 1000
    assert found.score * sign > 900


def test_scales_and_channels_are_never_added() -> None:
    said = [add(settled=True), Addition("phone", 5, "consultation", "", "", "", True, None, [])]
    assert {key: cells[WHOLE].settled is not None for key, cells in compose_additions(said, 1).items()} == {
        ("counter", 3): True,
        ("phone", 5): True,
    }
