"""Windows: one for each service, opened by its end, and one press counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.ratings import ServedBy, Uncounted
from kiosk.rating.windows import Concluded, Moment, Phase, Service, Windows

S = 1_000_000_000


def service(ticket: str, clerk: str = "3107", waited_s: int | None = None, second: float = 0) -> Service:
    return Service(f"w-{ticket}-{second}", ServedBy.COUNTER_SYSTEM, ticket, clerk, waited_s, 1000)


def at(second: float) -> Moment:
    return Moment(1000 + round(second * 1000), round(second * S))


def play(windows: Windows, story: str) -> list[Concluded]:
    """`b`egin or `e`nd of a ticket, `p`ress, `t`ick; each with its second: ``bA@0 eA@60 p@65``."""
    over: list[Concluded] = []
    for word in story.split():
        step, _, second = word.partition("@")
        now = at(float(second))
        match step[0], step[1:]:
            case "b", ticket:
                over += windows.begin(service(ticket, second=float(second)), now)
            case "e", ticket:
                over += windows.end(service(ticket, second=float(second)), now)
            case "p", _ if windows.verdict(now.mono) is Uncounted.NOT_AT_ALL:
                over.append(windows.answer(now))
            case "t", _:
                over += windows.tick(now)
    return over


def told(over: list[Concluded]) -> list[tuple[str, bool, bool, str]]:
    return [(one.service.ticket, one.invited, one.answered, one.why_not.value) for one in over]


STORIES = {
    "answered": ("bA@0 eA@60 p@65", Phase.ANSWERED, [("A", True, True, "")]),
    "a second press": ("bA@0 eA@60 p@65 p@66", Phase.ANSWERED, [("A", True, True, "")]),
    "nobody presses": ("bA@0 eA@60 t@90", Phase.CLOSED, [("A", True, False, "")]),
    "the time is not over": ("bA@0 eA@60 t@89.9", Phase.OPEN, []),
    "late, and then idle": ("eA@0 t@30 t@90", Phase.IDLE, [("A", True, False, "")]),
    "an end without a beginning": ("eA@60 p@61", Phase.ANSWERED, [("A", True, True, "")]),
    "the next begins in the window": ("eA@60 bB@70", Phase.SERVING, [("A", True, False, "")]),
    "a service that nobody ended": ("bA@0 bB@70", Phase.SERVING, [("A", False, False, "not-ended")]),
    "the end of another": ("bA@0 eB@70", Phase.OPEN, [("A", False, False, "not-ended")]),
    "the same end again": ("eA@60 p@61 eA@62", Phase.ANSWERED, [("A", True, True, "")]),
    "ends without tickets": ("e@0 p@1 e@40 p@41", Phase.ANSWERED, [("", True, True, "")] * 2),
    "the end of a service without a ticket": ("b@0 e@60 p@61", Phase.ANSWERED, [("", True, True, "")]),
    "the same end again in the window": ("eA@60 eA@62", Phase.OPEN, []),
    "two services one after the other": (
        "eA@60 p@61 bB@70 eB@80 p@85",
        Phase.ANSWERED,
        [("A", True, True, ""), ("B", True, True, "")],
    ),
}


@pytest.mark.parametrize(("story", "phase", "over"), STORIES.values(), ids=STORIES)
def test_course_of_services(story: str, phase: Phase, over: list[tuple[str, bool, bool, str]]) -> None:
    windows = Windows(30, 60)
    assert told(play(windows, story)) == over
    assert windows.phase is phase


VERDICTS = {
    "idle": ("t@0", 0, Uncounted.NO_WINDOW),
    "being served": ("bA@0", 1, Uncounted.NO_WINDOW),
    "open": ("eA@0", 29.9, Uncounted.NOT_AT_ALL),
    "its time is over although nobody has said so": ("eA@0", 30, Uncounted.LATE),
    "closed": ("eA@0 t@30", 31, Uncounted.LATE),
    "answered": ("eA@0 p@1", 2, Uncounted.REPEAT),
    "the next is being served": ("eA@0 t@30 bB@40", 41, Uncounted.NO_WINDOW),
    "long ago": ("eA@0 t@30 t@90", 91, Uncounted.NO_WINDOW),
}


@pytest.mark.parametrize(("story", "second", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_what_a_press_would_be(story: str, second: float, verdict: Uncounted) -> None:
    windows = Windows(30, 60)
    play(windows, story)
    assert windows.verdict(at(second).mono) is verdict


def test_clerk_and_waiting_are_those_known_at_the_end() -> None:
    windows = Windows(30, 60)
    windows.begin(service("A", clerk="", waited_s=200), at(0))
    windows.end(service("A", clerk="3107"), at(60))
    assert windows.service is not None
    assert (windows.service.clerk, windows.service.waited_s, windows.service.began_at) == ("3107", 200, 1000)


@pytest.mark.parametrize(("at_the_end", "named"), [("", "3107"), ("3108", "3108")], ids=["signed off", "taken over"])
def test_clerk_who_signs_off_before_the_end_has_served(at_the_end: str, named: str) -> None:
    windows = Windows(30, 60)
    windows.begin(service("A", clerk="3107"), at(0))
    windows.end(service("A", clerk=at_the_end), at(60))
    assert windows.answer(at(61)).service.clerk == named


def test_terminal_that_cannot_store_invites_nobody_and_says_so() -> None:
    windows = Windows(30, 60)
    over = windows.end(service("A"), at(0), in_service=False)
    assert told(over) == [("A", False, False, "out-of-service")]
    assert windows.verdict(at(1).mono) is Uncounted.NO_WINDOW


RESUMED = {
    "its end comes": ("eA@70 p@71", [("A", True, True, "")]),
    "its end never comes": ("bB@700", [("A", False, False, "restarted")]),
    "another after it": ("eA@70 p@71 bB@80 bC@90", [("A", True, True, ""), ("B", False, False, "not-ended")]),
}


@pytest.mark.parametrize(("story", "over"), RESUMED.values(), ids=RESUMED)
def test_service_goes_on_after_a_restart(story: str, over: list[tuple[str, bool, bool, str]]) -> None:
    windows = Windows(30, 60)
    assert windows.resume(service("A"), at(60)) == []
    assert told(play(windows, story)) == over


def test_window_that_was_open_at_a_restart_is_lost_and_told() -> None:
    windows = Windows(30, 60)
    windows.end(service("A"), at(0))
    assert windows.service is not None
    later = Windows(30, 60)
    assert told(later.resume(windows.service, at(5))) == [("A", True, False, "")]
    assert later.phase is Phase.IDLE


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["bA", "eA", "bB", "eB", "p", "t"]), st.integers(1, 50)), max_size=40))
def test_every_service_is_concluded_once_at_most(steps: list[tuple[str, int]]) -> None:
    windows = Windows(30, 60)
    """A window is named by when its service was heard of: time never stands still between the steps."""
    over: list[Concluded] = []
    second = 0
    for step, gap in steps:
        second += gap
        over += play(windows, f"{step}@{second}")
    concluded = [one.service.window for one in over]
    assert len(concluded) == len(set(concluded))
