"""Who is near, what is free, and how a request goes on."""

from __future__ import annotations

from itertools import permutations

import pytest

from cloud_gateway.plans.network import NEXT, CannotFollow, Kind, Offer, RequestState, distance_m, follow, rank_offers

ASKED, ACCEPTED, DECLINED, ARRIVED, RETURNED = RequestState
ALLOWED = {(ASKED, ACCEPTED), (ASKED, DECLINED), (ACCEPTED, ARRIVED), (ACCEPTED, DECLINED), (ARRIVED, RETURNED)}


def offer(name: str, latitude: float, longitude: float, count: int, held: int = 0) -> Offer:
    return Offer(name, name, name, "", latitude, longitude, Kind.PUMP, count, held)


def test_nearest_with_enough_comes_first() -> None:
    offers = [
        offer("far", 31.9, 121.5, 9),
        offer("near", 31.3, 121.5, 2),
        offer("nearest", 31.21, 121.5, 4, held=3),
        offer("all out", 31.2, 121.5, 4, held=4),
    ]
    assert [reach.offer.name for reach in rank_offers(offers, 31.2, 121.5)] == ["nearest", "near", "far"]
    assert [reach.offer.name for reach in rank_offers(offers, 31.2, 121.5, 2)] == ["near", "far"]


def test_distance_is_geodesic() -> None:
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_319.491, abs=0.001)  # a degree of the WGS-84 equator
    assert distance_m(0, 179.5, 0, -179.5) == pytest.approx(111_319.491, abs=0.001)


@pytest.mark.parametrize(("state", "new"), sorted(ALLOWED))
def test_requests_move_as_the_table_says(state: RequestState, new: RequestState) -> None:
    assert follow(state, new)


@pytest.mark.parametrize(("state", "new"), sorted(set(permutations(RequestState, 2)) - ALLOWED))
def test_requests_do_not_move_otherwise(state: RequestState, new: RequestState) -> None:
    with pytest.raises(CannotFollow):
        follow(state, new)


def test_same_state_again_is_no_move() -> None:
    assert not any(follow(state, state) for state in NEXT)
