"""Guessing passwords slows down."""

from __future__ import annotations

import pytest

from cloud_gateway.staff import throttle
from cloud_gateway.staff.throttle import Throttle

TABLE = [(0, 0), (4, 0), (5, 30_000), (6, 60_000), (8, 240_000), (10, 900_000), (99, 900_000)]


@pytest.mark.parametrize(("failures", "wait"), TABLE)
def test_waits_longer_with_every_failure(failures: int, wait: int) -> None:
    guard = Throttle()
    for _ in range(failures):
        guard.fail("a|1", 1_000)
    assert guard.wait_ms("a|1", 1_000) == wait


def test_wait_runs_out() -> None:
    guard = Throttle()
    for _ in range(5):
        guard.fail("a|1", 0)
    assert [guard.wait_ms("a|1", now) for now in (29_999, 30_000)] == [1, 0]


def test_other_accounts_and_addresses_do_not_wait() -> None:
    guard = Throttle()
    for _ in range(9):
        guard.fail("a|1", 0)
    assert [guard.wait_ms(key, 0) for key in ("a|2", "b|1")] == [0, 0]


def test_success_and_time_forgive() -> None:
    guard = Throttle()
    for key in ("a|1", "b|1"):
        for _ in range(9):
            guard.fail(key, 0)
    guard.forget("a|1")
    guard.fail("b|1", throttle.FORGET_MS)
    assert [guard.wait_ms(key, throttle.FORGET_MS) for key in ("a|1", "b|1")] == [0, 0]


def test_memory_is_bounded() -> None:
    guard = Throttle()
    for number in range(throttle.REMEMBERED + 50):
        guard.fail(f"{number}|1", number)
    assert len(guard._failures) == throttle.REMEMBERED
