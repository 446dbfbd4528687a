"""Refused bodies are halved until the bad lines stand alone; everything else reaches the server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.readings.delivery import BodyRefused, check_answer, deliver
from cloud_gateway.readings.series import StoreUnavailable


class Shelf:
    """A server that refuses bodies with a line "bad" or of more than `limit` bytes."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.limit = limit
        self.stored: list[str] = []
        self.requests = 0

    def send(self, body: bytes) -> None:
        self.requests += 1
        lines = body.decode().split("\n")
        if len(body) > self.limit or any(line.startswith("bad") for line in lines):
            raise BodyRefused("no")
        self.stored += lines


@given(st.lists(st.booleans(), max_size=200))
def test_bad_lines_are_named_and_the_rest_is_stored_once_in_order(pattern: list[bool]) -> None:
    shelf = Shelf()
    lines = [f"good {n}" if good else f"bad {n}" for n, good in enumerate(pattern)]
    refused = deliver(lines, shelf.send)
    assert refused == [(n, "no") for n, good in enumerate(pattern) if not good]
    assert shelf.stored == [line for line in lines if line.startswith("good")]


def test_too_large_a_body_is_split_and_nothing_is_refused() -> None:
    shelf = Shelf(limit=1000)
    lines = [f"good {n:04d}" for n in range(1000)]
    assert deliver(lines, shelf.send) == []
    assert shelf.stored == lines


def test_one_bad_line_of_5000_costs_few_requests() -> None:
    shelf = Shelf()
    assert deliver(["good"] * 3210 + ["bad"] + ["good"] * 1789, shelf.send) == [(3210, "no")]
    assert shelf.requests < 30


def test_unavailable_store_ends_the_delivery() -> None:
    def send(_body: bytes) -> None:
        raise StoreUnavailable("down")

    with pytest.raises(StoreUnavailable):
        deliver(["a", "b"], send)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_refusals_keep_the_words_of_the_server(status: int) -> None:
    with pytest.raises(BodyRefused, match="field type conflict"):
        check_answer(status, " field type conflict\n", None)


@pytest.mark.parametrize(
    ("status", "retry_after", "wait_s"),
    [
        pytest.param(503, None, 1.0, id="no header"),
        pytest.param(429, "7", 7.0, id="seconds"),
        pytest.param(429, "0", 0.1, id="at once is not a busy loop"),
        pytest.param(503, "86400", 300.0, id="a day is cut"),
        pytest.param(503, "Sun, 06 Nov 1994 08:49:37 GMT", 0.1, id="a date that is past"),
        pytest.param(503, "Fri, 31 Dec 2160 23:59:59 GMT", 300.0, id="a date far off"),
        pytest.param(503, "soon", 1.0, id="nonsense"),
        pytest.param(500, None, 1.0, id="fault of the server"),
        pytest.param(404, None, 1.0, id="database gone"),
        pytest.param(401, None, 10.0, id="wrong secret"),
        pytest.param(302, None, 1.0, id="captive portal"),
    ],
)
def test_everything_else_is_to_be_tried_again(status: int, retry_after: str | None, wait_s: float) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        check_answer(status, "x", retry_after)
    assert caught.value.retry_after_s == wait_s
