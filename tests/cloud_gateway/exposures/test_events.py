"""The event of one site and hazard: a table of what touches it in turn, and what of that is told."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.exposures.events import EventChange, HazardEvent, OwnAlarm, Touch, advance, nearness
from cloud_gateway.warnings.model import Level

BLANK = HazardEvent("event-1", "site-1", "rainstorm")
DISTRICT, CITY, PROVINCE = "440305", "440300", "440000"


def touch(holds: int, level: int = 0, issuer: str = "", warning: str = "w", onset: int = 0) -> Touch:
    """A warning that holds at one level, and may be going to hold at a higher one."""
    return Touch(warning, issuer, Level(holds), Level(max(holds, level)), onset)


def gauge(level: int, key: str = "yard/drain", raised_at: int = 5) -> OwnAlarm:
    """An own alarm that is open."""
    return OwnAlarm(key, Level(level), raised_at)


def play(*moments: tuple[Touch | OwnAlarm, ...]) -> tuple[HazardEvent, list[EventChange]]:
    """What the event is after each moment brought what it brought, and all that was told."""
    event, told = BLANK, list[EventChange]()
    for now, standing in enumerate(moments, 1):
        touches = [one for one in standing if isinstance(one, Touch)]
        alarms = [one for one in standing if isinstance(one, OwnAlarm)]
        event, changes = advance(event, touches, alarms, now)
        told += changes
    return event, told


class Case(NamedTuple):
    """What stands at each moment, and what is told: change, level, cause."""

    name: str
    moments: tuple[tuple[Touch | OwnAlarm, ...], ...]
    told: str


OFF: tuple[Touch | OwnAlarm, ...] = ()
CASES = (
    Case("nothing", (OFF,), ""),
    Case("raised, repeated, lifted", ((touch(2),), (touch(2),), OFF, OFF), "raised 2 w, cleared 0 w"),
    Case("up and down", ((touch(1),), (touch(3),), (touch(2),)), "raised 1 w, upgraded 3 w, downgraded 2 w"),
    Case("to come, then begun", ((touch(0, 3),), (touch(3),)), "advice 3 w, raised 3 w"),
    Case("to come, called off", ((touch(0, 3),), OFF), "advice 3 w, cleared 0 w"),
    Case("to come, graver", ((touch(0, 2),), (touch(0, 4),)), "advice 2 w, advice 4 w"),
    Case("to come, less grave", ((touch(0, 4),), (touch(0, 2),)), "advice 4 w, downgraded 2 w"),
    Case("in force, graver to come", ((touch(1, 4),), (touch(4),)), "raised 1 w, advice 4 w, upgraded 4 w"),
    Case("what was to come is called off", ((touch(1, 4),), (touch(1),)), "raised 1 w, advice 4 w, downgraded 1 w"),
    Case("put off", ((touch(3),), (touch(0, 3),), (touch(3),)), "raised 3 w, advice 3 w, raised 3 w"),
    Case("higher inhibits lower", ((touch(3),), (touch(3), touch(1, warning="v"))), "raised 3 w"),
    Case(
        "another warning takes over",
        ((touch(3),), (touch(3), touch(3, warning="v")), (touch(3, warning="v"),), OFF),
        "raised 3 w, cleared 0 v",
    ),
    Case(
        "a wider issuer's red is not hidden by a nearer one's yellow",
        (
            (touch(2, issuer=DISTRICT, warning="d"),),
            (touch(2, issuer=DISTRICT, warning="d"), touch(4, issuer=CITY, warning="c")),
            (touch(2, issuer=DISTRICT, warning="d"),),
        ),
        "raised 2 d, upgraded 4 c, downgraded 2 d",
    ),
    Case(
        "a nearer issuer's lower word changes nothing while a wider one's graver holds",
        (
            (touch(3, issuer=PROVINCE, warning="p"),),
            (touch(3, issuer=PROVINCE, warning="p"), touch(2, issuer=CITY, warning="c")),
            (touch(3, issuer=PROVINCE, warning="p"), touch(4, issuer=DISTRICT, warning="d")),
            (touch(3, issuer=PROVINCE, warning="p"), touch(1, issuer=DISTRICT, warning="d")),
        ),
        "raised 3 p, upgraded 4 d, downgraded 3 p",
    ),
    Case(
        "of equals the nearest issuer's counts",
        (
            (touch(2, issuer=CITY, warning="z", onset=-5), touch(2, issuer=DISTRICT, warning="d")),
            (touch(2, issuer=CITY, warning="z", onset=-5),),
        ),
        "raised 2 d",
    ),
    Case(
        "a farther issuer's red to come is told beside the nearer one's yellow",
        ((touch(2, issuer=DISTRICT, warning="d"), touch(0, 4, issuer=CITY, warning="c")),),
        "raised 2 d, advice 4 c",
    ),
    Case(
        "a nearer issuer's advice does not hide what is in force",
        ((touch(4, issuer=CITY, warning="c"), touch(0, 1, issuer=DISTRICT, warning="d")),),
        "raised 4 c",
    ),
    Case("gauge confirms, once", ((touch(3),), (touch(3), gauge(2)), (touch(3),), (touch(3), gauge(2))),
         "raised 3 w, confirmed 3 yard/drain"),
    Case("gauge before the warning", ((gauge(2),), (touch(2), gauge(2)), (touch(2),), OFF),
         "raised 2 yard/drain, confirmed 2 w, cleared 0 w"),
    Case("gauge before a graver warning", ((gauge(2),), (touch(4), gauge(2))), "raised 2 yard/drain, upgraded 4 w"),
    Case("gauge graver than the warning", ((touch(1),), (touch(1), gauge(3)), (touch(1),)),
         "raised 1 w, upgraded 3 yard/drain, downgraded 1 w"),
    Case("gauge keeps the event open", ((touch(3), gauge(2)), (gauge(2),), OFF),
         "raised 3 w, confirmed 3 yard/drain, downgraded 2 yard/drain, cleared 0 yard/drain"),
    Case("gauge alone, closed", ((gauge(3),), OFF), "raised 3 yard/drain, cleared 0 yard/drain"),
    Case("gauge where a warning is to come", ((touch(0, 3),), (touch(0, 3), gauge(2))),
         "advice 3 w, raised 2 yard/drain"),
    Case("a weaker warning begins under our gauge's alarm", ((gauge(3), touch(0, 1)), (gauge(3), touch(1))),
         "raised 3 yard/drain, confirmed 3 w"),
    Case("over for now, graver to come", ((touch(2, 4),), (touch(0, 4),)), "raised 2 w, advice 4 w, advice 4 w"),
    Case("both at once, equally grave", ((touch(2), gauge(2)),), "raised 2 w, confirmed 2 yard/drain"),
    Case("both at once", ((touch(2), gauge(3)),), "raised 3 yard/drain, confirmed 3 w"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told(case: Case) -> None:
    _, told = play(*case.moments)
    assert ", ".join(f"{c.change} {c.level} {c.cause}" for c in told) == case.told


def test_an_event_keeps_its_facts() -> None:
    event, told = play((touch(0, 2, onset=7),), (touch(2, onset=7),), (touch(3), gauge(2, raised_at=30)), ())
    assert (event.opened_at, event.warned_at, event.gauge_at, event.lead_ms) == (1, 1, 30, 29)
    assert (event.level, event.peak, event.changed_at, event.closed_at) == (Level.NONE, Level.SEVERE, 4, 4)
    assert [change.number for change in told] == [1, 2, 3, 4, 5] and event.number == 5


def test_a_warning_that_came_after_the_gauge_has_no_lead() -> None:
    event, _ = play((gauge(2, raised_at=-9),), (gauge(2, raised_at=-9), touch(2)))
    assert event.lead_ms == -11 and event.confirmed


def test_the_cause_may_change_without_a_word() -> None:
    event, told = play((touch(3),), (touch(3, warning="v", issuer=CITY),))
    assert (len(told), event.warning, event.changed_at) == (1, "v", 1)


@pytest.mark.parametrize(
    ("issuer", "rank"),
    [
        ("310115104203", 4),
        ("310115", 3),
        ("429004", 3),
        ("440300", 2),
        ("310000", 1),
        ("000000", 0),
        ("100000", 0),
        ("NWS Des Moines", 0),
        ("", 0),
    ],
)
def test_how_near_an_issuer_is(issuer: str, rank: int) -> None:
    assert nearness(issuer) == rank


TOUCHES = st.builds(
    touch, st.integers(0, 4), st.integers(0, 4), st.sampled_from(("", DISTRICT, CITY, PROVINCE)), st.sampled_from("uvw")
)
ALARMS = st.builds(gauge, st.integers(1, 4), st.sampled_from(("a/x", "b/y")))
STANDING = st.lists(TOUCHES | ALARMS, max_size=4)


@settings(max_examples=50, deadline=None)
@given(st.lists(STANDING, max_size=5), STANDING, st.randoms())
def test_only_what_stands_now_counts_and_its_order_does_not(
    before: list[list[Touch | OwnAlarm]], now: list[Touch | OwnAlarm], random: object
) -> None:
    mixed = sorted(now, key=lambda _: random.random())  # type: ignore[attr-defined]
    event, told = play(*map(tuple, before), tuple(now), tuple(mixed))
    fresh, _ = play(tuple(now))
    assert (event.holds, event.level) == (fresh.holds, fresh.level)
    assert all(change.at <= len(before) + 1 for change in told)


@settings(max_examples=50, deadline=None)
@given(st.lists(STANDING, max_size=6))
def test_whoever_was_told_of_danger_is_told_of_its_end(moments: list[list[Touch | OwnAlarm]]) -> None:
    event, told = play(*map(tuple, moments), ())
    assert event.level is Level.NONE
    assert not told or told[-1].change == "cleared"
