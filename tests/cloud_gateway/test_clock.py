"""The time that warnings and outreach go by in a story: told by a file, never back, never torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.clock import open_clock, tell_clock
from cloud_gateway.running import now_ms


def test_without_a_file_it_is_the_machines() -> None:
    assert open_clock(None) is now_ms


def test_it_follows_what_is_told(tmp_path: Path) -> None:
    clock = open_clock(tmp_path / "clock")
    tell_clock(tmp_path / "clock", 1000)
    before = clock()
    tell_clock(tmp_path / "clock", 2000)
    assert (before, clock()) == (1000, 2000)


def test_it_never_goes_back(tmp_path: Path) -> None:
    clock = open_clock(tmp_path / "clock")
    tell_clock(tmp_path / "clock", 2000)
    assert clock() == 2000
    tell_clock(tmp_path / "clock", 1000)
    assert clock() == 2000


@pytest.mark.parametrize("content", [pytest.param("", id="empty"), pytest.param("noon", id="no number")])
def test_it_stands_still_while_the_file_is_spoiled(tmp_path: Path, content: str) -> None:
    clock = open_clock(tmp_path / "clock")
    tell_clock(tmp_path / "clock", 1000)
    assert clock() == 1000
    (tmp_path / "clock").write_text(content)
    assert clock() == 1000


def test_before_anything_is_told_it_is_the_beginning(tmp_path: Path) -> None:
    assert open_clock(tmp_path / "clock")() == 0
