"""The demo is the main job from end to end: a real storm, real processes, and a report that cannot flatter."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.stories import PROMISED, run_demo, surges

pytestmark = pytest.mark.timeout(400)

SITES = {"charleston", "wilmington", "beaufort"}
CALM_UNTIL = "1989-09-21T04:00:00Z"
#: The changes of the typhoon alone: how rain is seen on site depends on when it is looked at.
TYPHOON = """SELECT change, count(*) FROM event_change JOIN hazard_event ON hazard_event.id = event_change.event
WHERE hazard = 'typhoon' GROUP BY change"""


@pytest.fixture(scope="module")
def hugo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Hugo on SQLite, as fast as possible."""
    return run_demo(tmp_path_factory.mktemp("hugo"))


def test_everything_promised_is_stored_once_and_unaltered(hugo: dict[str, Any]) -> None:
    assert hugo["put"] >= 10_000
    assert (hugo["lost"], hugo["duplicates"], hugo["altered"], hugo["rejected"]) == (0, 0, 0, 0)
    assert (hugo["stored"] + hugo["waiting"], hugo["gaps"], hugo["store"]) == (hugo["put"], 0, "sqlite")
    assert hugo["waiting"] <= hugo["devices"]  # a heartbeat of the last moment may still be on its device's disk


def test_every_gauge_hour_of_every_station_comes_back(hugo: dict[str, Any]) -> None:
    assert hugo["gauge_hours"] == {f"{site}/tide": [73, 73] for site in SITES}


def test_each_site_is_alarmed_an_hour_before_its_peak_and_not_in_the_calm(hugo: dict[str, Any]) -> None:
    assert {alarm["site"] for alarm in surges(hugo)} == SITES
    assert all(alarm["lead_s"] >= 3600 for alarm in surges(hugo))
    assert not [alarm for alarm in hugo["alarms"] if alarm["raised_at"] < CALM_UNTIL]


def test_hugos_warnings_are_told_and_lifted_and_the_test_of_the_line_reaches_nobody(hugo: dict[str, Any]) -> None:
    told = hugo["warnings"]
    assert [told[name] for name in PROMISED] == [0] * len(PROMISED)
    assert (told["published"], told["stored"]) == (8, 8)
    assert told["by_state"] == {"not-for-public": 1, "cancelled": 1, "expired": 2}
    assert told["changes"]["advice"] >= 3  # the watch, at each site
    assert told["letters"] and told["answered"]


def test_chinese_signals_are_raised_lowered_and_lifted_for_every_site(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    told = run_demo(tmp_path, "--scenario", "shanghai-typhoon", "--keep", str(kept))["warnings"]
    assert [told[name] for name in PROMISED] == [0] * len(PROMISED)
    assert (told["stored"], told["by_state"]) == (13, {"cancelled": 4})
    assert told["events_opened"] >= 4 + 2 + 2 + 4  # typhoon, rainstorm, gale, lightning
    assert told["letters"] and told["answered"]
    with closing(sqlite3.connect(kept / "gateway" / "gateway.db")) as database:
        changes = dict(database.execute(TYPHOON).fetchall())
    assert changes == {"raised": 4, "upgraded": 4 * 3, "downgraded": 4, "cleared": 4}  # yellow, orange, red at each
