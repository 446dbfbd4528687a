"""Messages taken one by one in any order leave the same warnings; the chains of the shared data do, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.warnings.course import Course, State
from cloud_gateway.warnings.lifecycle import follow
from cloud_gateway.warnings.model import Alert, Level
from cloud_gateway.warnings.reading import read_alerts
from cloud_gateway.warnings.replay import ORDERS, arrange, replay
from edge_agent.web.times import rfc3339
from tests.cloud_gateway.warnings.messages import alert as message
from tests.cloud_gateway.warnings.messages import at, info, key, lift, signal, update

SHARED = Path(__file__).parents[4] / "shared" / "data"
CHAINS = SHARED / "cap-chains-derived"
MODELLED = SHARED / "cn-alerts-modelled" / "shanghai_typhoon_upgrade_downgrade_cancel.json"
needs_chains = pytest.mark.skipif(not CHAINS.is_dir(), reason="shared data not here: cap-chains-derived")
needs_modelled = pytest.mark.skipif(not MODELLED.is_file(), reason="shared data not here: cn-alerts-modelled")

STORM = (
    signal(1, "blue"), signal(9, "yellow"), signal(13, "orange"), signal(18, "red"),
    signal(31, "yellow"), lift(37),
    signal(8, "orange", "rainstorm"), signal(8, "yellow", "gale"),
)  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_every_arrival_ends_alike(order: str) -> None:
    courses = [taken.course for taken in replay(arrange(STORM, order, seed=7))]
    last = {course.hazard: course.state for course in courses if course.hazard}
    assert last == {"gale": State.IN_FORCE, "rainstorm": State.IN_FORCE, "typhoon": State.CANCELLED}


def test_each_message_is_shown_as_it_stood_when_it_came() -> None:
    taken = replay(arrange(STORM[:6], "sent"))
    states = [(one.course.state, one.course.level) for one in taken]
    assert states == [
        (State.IN_FORCE, Level.MINOR),
        (State.UPGRADED, Level.MODERATE),
        (State.UPGRADED, Level.SEVERE),
        (State.UPGRADED, Level.EXTREME),
        (State.DOWNGRADED, Level.MODERATE),
        (State.CANCELLED, Level.NONE),
    ]


def test_an_old_message_that_comes_late_changes_nothing() -> None:
    head = message("A", 8, info("orange", ends=20))
    newest, late = replay([update("U", 9, "red", key("A", 8)), head])
    assert (newest.course.level, late.course.level, late.now) == (Level.EXTREME, Level.EXTREME, at(9))


def alerts_in(folder: Path) -> list[Alert]:
    """All messages of a folder's files."""
    return [alert for path in sorted(folder.iterdir()) for alert in read_alerts(path.read_bytes()).alerts]


def last_courses(alerts: list[Alert], order: str, seed: int) -> tuple[Course, ...]:
    """How all stand at the newest message."""
    arranged = arrange(alerts, order, seed)
    return follow(arranged, (), max(alert.sent for alert in arranged))


@needs_chains
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("chain", sorted(path.name for path in CHAINS.glob("*")))
def test_a_real_chain_is_one_warning_in_force_led_by_its_newest_message(chain: str, order: str) -> None:
    alerts = alerts_in(CHAINS / chain)
    (course,) = last_courses(alerts, order, seed=1)
    assert course.head == max(alert.key for alert in alerts if alert.sent == max(one.sent for one in alerts))
    assert (len(course.members), course.standing, course.in_force) == (len(alerts), (course.head,), True)
    assert course == last_courses(alerts, "sent", 0)[0]


@needs_chains
@pytest.mark.parametrize("chain", sorted(path.name for path in CHAINS.glob("*")))
def test_a_real_chain_is_over_at_the_end_that_its_newest_message_gives(chain: str) -> None:
    alerts = alerts_in(CHAINS / chain)
    newest = max(alerts, key=lambda alert: alert.sent)
    ends = max(info.ends or 0 for info in newest.infos)
    assert [follow(alerts, (), ends - before)[0].in_force for before in (1, 0)] == [True, False]


TYPHOON = [
    ("2024-09-14T08:00", State.IN_FORCE, Level.MINOR),
    ("2024-09-15T08:30", State.UPGRADED, Level.MODERATE),
    ("2024-09-15T12:00", State.UPGRADED, Level.SEVERE),
    ("2024-09-15T17:00", State.UPGRADED, Level.EXTREME),
    ("2024-09-16T06:30", State.DOWNGRADED, Level.MODERATE),
    ("2024-09-16T12:00", State.CANCELLED, Level.NONE),
]


@needs_modelled
@pytest.mark.parametrize("order", ORDERS)
def test_the_modelled_typhoon_has_exactly_its_steps(order: str) -> None:
    courses = last_courses(list(read_alerts(MODELLED.read_bytes()).alerts), order, seed=3)
    (typhoon,) = [course for course in courses if course.hazard == "typhoon"]
    assert [(moment(step.at), step.state, step.level) for step in typhoon.steps] == TYPHOON


@needs_modelled
def test_two_signals_of_one_second_are_two_warnings() -> None:
    courses = last_courses(list(read_alerts(MODELLED.read_bytes()).alerts), "sent", 0)
    standing = [(course.hazard, course.ends) for course in courses if course.in_force]
    assert sorted(standing) == [("gale", None), ("rainstorm", None)]


def moment(at_ms: int) -> str:
    """To the minute, UTC."""
    return rfc3339(at_ms)[:16]
