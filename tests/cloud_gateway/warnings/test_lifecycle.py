"""The state of a warning from its messages: a table of chains, and laws that hold for every order of them."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.warnings.course import Closing, Course, State
from cloud_gateway.warnings.lifecycle import follow, next_change, state_of_message
from cloud_gateway.warnings.model import Alert, AlertKey, Level
from cloud_gateway.warnings.windows import infos_standing
from tests.cloud_gateway.warnings.messages import (
    STRANGER,
    alert,
    at,
    cancel,
    closing,
    info,
    key,
    lift,
    signal,
    update,
)

A, U, V = key("A", 8), key("U", 9), key("V", 10)
HEAD = alert("A", 8, info("orange", ends=20))
EVENT = alert("A", 8, info("orange", ends=20), issuer="KDMX", event_key="event")
OPEN = alert("A", 8, info("orange"))
LATER = alert("A", 8, info("orange", onset=12, ends=20))
NEVER_SEEN = key("N", 6)


def part(identifier: str, hour: float, color: str, places: str) -> Alert:
    """An Update of A for some places."""
    return alert(identifier, hour, info(color, ends=20, places=places), refs=(A,), kind="Update")


VTEC = "/O.{}.KAMA.FW.A.0021.260720T0600Z-260720T0700Z/"


class Case(NamedTuple):
    """Messages, the hour at which they are looked at, and what the one warning in them then is."""

    name: str
    messages: tuple[Alert, ...]
    hour: float
    state: State
    level: Level
    head: str


S, L = State, Level
CASES = (
    Case("one in force", (HEAD,), 9, S.IN_FORCE, L.SEVERE, "A"),
    Case("one to come", (LATER,), 9, S.SCHEDULED, L.SEVERE, "A"),
    Case("one that came to be", (LATER,), 12, S.IN_FORCE, L.SEVERE, "A"),
    Case("its last millisecond", (HEAD,), 19.9999, S.IN_FORCE, L.SEVERE, "A"),
    Case("over at its end", (HEAD,), 20, S.EXPIRED, L.NONE, "A"),
    Case("old when it came", (alert("A", 8, info(ends=7)),), 9, S.EXPIRED, L.NONE, "A"),
    Case("same level again", (HEAD, update("U", 9, "orange", A)), 9, S.UPDATED, L.SEVERE, "U"),
    Case("higher", (HEAD, update("U", 9, "red", A)), 9, S.UPGRADED, L.EXTREME, "U"),
    Case("lower", (HEAD, update("U", 9, "yellow", A)), 9, S.DOWNGRADED, L.MODERATE, "U"),
    Case(
        "an update while it is to come",
        (LATER, alert("U", 9, info("red", onset=12, ends=20), refs=(A,), kind="Update")),
        10,
        S.SCHEDULED,
        L.EXTREME,
        "U",
    ),
    Case("begun early, and higher", (LATER, update("U", 9, "red", A)), 9, S.UPGRADED, L.EXTREME, "U"),
    Case(
        "put off",
        (HEAD, alert("U", 9, info("orange", onset=15, ends=20), refs=(A,), kind="Update")),
        9,
        S.SCHEDULED,
        L.SEVERE,
        "U",
    ),
    Case("cancelled", (HEAD, cancel("C", 10, A)), 10, S.CANCELLED, L.NONE, "C"),
    Case("cancelled before it began", (LATER, cancel("C", 10, A)), 10, S.CANCELLED, L.NONE, "C"),
    Case("a cancel of a head never seen", (cancel("C", 10, NEVER_SEEN),), 10, S.CANCELLED, L.NONE, "C"),
    Case(
        "a cancel that names the update too",
        (HEAD, update("U", 9, "red", A), cancel("C", 10, A, U)),
        10,
        S.CANCELLED,
        L.NONE,
        "C",
    ),
    Case(
        "a cancel that names only the head",
        (HEAD, update("U", 9, "red", A), cancel("C", 10, A)),
        10,
        S.CANCELLED,
        L.NONE,
        "C",
    ),
    Case("a cancel after the end", (HEAD, cancel("C", 21, A)), 22, S.EXPIRED, L.NONE, "C"),
    Case("green", (HEAD, update("U", 9, "green", A)), 9, S.CANCELLED, L.NONE, "U"),
    Case(
        "all clear",
        (HEAD, alert("U", 9, info("orange", ends=20, response=("AllClear",)), refs=(A,), kind="Update")),
        9,
        S.CANCELLED,
        L.NONE,
        "U",
    ),
    Case(
        "taken back in its VTEC",
        (alert("A", 8, info(ends=20, parameters=(("VTEC", "/O.UPG.KAMA.FW.A.0021.260720T1800Z-260721T0200Z/"),))),),
        9,
        S.CANCELLED,
        L.NONE,
        "A",
    ),
    Case("an update of a head never seen", (update("U", 9, "red", NEVER_SEEN),), 9, S.IN_FORCE, L.EXTREME, "U"),
    Case(
        "two updates of a head never seen",
        (update("U", 9, "red", NEVER_SEEN), update("V", 10, "yellow", NEVER_SEEN)),
        10,
        S.DOWNGRADED,
        L.MODERATE,
        "V",
    ),
    Case(
        "back after its end",
        (HEAD, alert("U", 21, info(ends=23), refs=(A,), kind="Update")),
        22,
        S.IN_FORCE,
        L.SEVERE,
        "U",
    ),
    Case("an update that says nothing", (HEAD, alert("U", 9, refs=(A,), kind="Update")), 9, S.IN_FORCE, L.SEVERE, "A"),
    Case(
        "a late older message",
        (HEAD, update("V", 10, "red", A), update("U", 9, "yellow", A)),
        10,
        S.UPGRADED,
        L.EXTREME,
        "V",
    ),
    Case(
        "published again under its identifier",
        (HEAD, alert("A", 9, info("yellow", ends=20))),
        9,
        S.DOWNGRADED,
        L.MODERATE,
        "A",
    ),
    Case(
        "the gravest of several infos",
        (alert("A", 8, info("yellow", ends=20), info("red", ends=20)),),
        9,
        S.IN_FORCE,
        L.EXTREME,
        "A",
    ),
    Case(
        "the gravest info has ended",
        (alert("A", 8, info("yellow", ends=20), info("red", ends=10)),),
        10,
        S.DOWNGRADED,
        L.MODERATE,
        "A",
    ),
    Case(
        "a graver info has begun",
        (alert("A", 8, info("yellow", ends=20), info("red", onset=10, ends=12)),),
        10,
        S.UPGRADED,
        L.EXTREME,
        "A",
    ),
    Case(
        "between two spells",
        (alert("A", 8, info("red", ends=10), info("yellow", onset=12, ends=14)),),
        11,
        S.SCHEDULED,
        L.MODERATE,
        "A",
    ),
    Case("two languages", (alert("A", 8, info(ends=20), info(ends=20, language="en")),), 9, S.IN_FORCE, L.SEVERE, "A"),
    Case("no end", (OPEN,), 9000, S.IN_FORCE, L.SEVERE, "A"),
    Case(
        "the end of the product is not that of the hazard",
        (alert("A", 8, info(expires=9, ends=20)),),
        10,
        S.IN_FORCE,
        L.SEVERE,
        "A",
    ),
    Case(
        "until further notice",
        (alert("A", 8, info(expires=9, parameters=(("VTEC", "/O.NEW.KDVN.FL.W.0018.260720T0800Z-000000T0000Z/"),))),),
        10,
        S.IN_FORCE,
        L.SEVERE,
        "A",
    ),
    Case(
        "one part cancelled, one goes on",
        (
            alert("A", 8, info(ends=20, places="1 2")),
            alert("C", 9, info(places="1"), refs=(A,), kind="Cancel"),
            alert("U", 9, info(ends=20, places="2"), refs=(A,), kind="Update"),
        ),
        9,
        S.UPDATED,
        L.SEVERE,
        "U",
    ),
    Case(
        "one part ended within the update",
        (
            HEAD,
            alert(
                "U",
                9,
                info("red", parameters=(("layer:1.0:Alert_Location_Status", "ended"),)),
                info("yellow", ends=20),
                refs=(A,),
                kind="Update",
            ),
        ),
        9,
        S.DOWNGRADED,
        L.MODERATE,
        "U",
    ),
    Case(
        "an expired reference of the NWS",
        (
            HEAD,
            alert(
                "U",
                9,
                info(
                    "red",
                    ends=20,
                    parameters=(("expiredReferences", "office@example.org,A,2026-07-20T08:00:00+00:00"),),
                ),
            ),
        ),
        9,
        S.UPGRADED,
        L.EXTREME,
        "U",
    ),
    Case(
        "a reference to one's own message by another name",
        (HEAD, update("U", 9, "red", key("A", 8, "office"))),
        9,
        S.UPGRADED,
        L.EXTREME,
        "U",
    ),
    Case("an end before it was sent", (alert("A", 8, info(ends=7, expires=20)),), 9, S.IN_FORCE, L.SEVERE, "A"),
    Case(
        "an end before it was sent, over by its VTEC",
        (alert("A", 8, info(ends=7, expires=20, parameters=(("VTEC", VTEC.format("EXP")),))),),
        9,
        S.EXPIRED,
        L.NONE,
        "A",
    ),
    Case("an end before its onset", (alert("A", 8, info(onset=12, ends=10)),), 9, S.IN_FORCE, L.SEVERE, "A"),
    Case(
        "updates of the head for two places",
        (HEAD, part("U", 9, "red", "1"), part("V", 10, "yellow", "2")),
        10,
        S.UPDATED,
        L.EXTREME,
        "V",
    ),
    Case(
        "an update of the head for the same places",
        (HEAD, part("U", 9, "red", "1"), part("V", 10, "yellow", "1 2")),
        10,
        S.DOWNGRADED,
        L.MODERATE,
        "V",
    ),
    Case(
        "one part holds, a newer one is to come",
        (part("U", 9, "yellow", "1"), alert("V", 10, info("red", onset=12, places="2"), refs=(A,), kind="Update")),
        10,
        S.UPDATED,
        L.MODERATE,
        "U",
    ),
    Case(
        "a cycle",
        (update("X", 9, "red", key("Y", 9)), update("Y", 9, "yellow", key("X", 9))),
        9,
        S.IN_FORCE,
        L.MODERATE,
        "Y",
    ),
    Case("a signal replaced by time", (signal(8, "blue"), signal(9, "red")), 9, S.UPGRADED, L.EXTREME, "S9"),
    Case("a signal lifted", (signal(8, "blue"), lift(9)), 9, S.CANCELLED, L.NONE, "L9"),
    Case("a signal lifted twice", (signal(8, "blue"), lift(9), lift(10)), 11, S.CANCELLED, L.NONE, "L10"),
    Case("a signal and its lift in one second", (lift(8), signal(8, "blue")), 9, S.IN_FORCE, L.MINOR, "S8"),
    Case(
        "two segments of one event",
        (
            alert("A", 8, info("red", places="1", ends=9), event_key="v"),
            alert("B", 8, info("yellow", places="2", ends=20), event_key="v"),
        ),
        8.5,
        S.IN_FORCE,
        L.EXTREME,
        "A",
    ),
    Case("an exercise", (alert("A", 8, info(ends=20), status="Exercise"),), 9, S.NOT_FOR_PUBLIC, L.NONE, "A"),
    Case("a test", (alert("A", 8, info(ends=20), status="Test"),), 9, S.NOT_FOR_PUBLIC, L.NONE, "A"),
    Case("a system message", (alert("A", 8, status="System"),), 9, S.NOT_FOR_PUBLIC, L.NONE, "A"),
    Case("a draft", (alert("A", 8, info(ends=20), status="Draft"),), 9, S.NOT_FOR_PUBLIC, L.NONE, "A"),
    Case(
        "a foreign cancel of a head never seen",
        (cancel("C", 9, NEVER_SEEN, sender=STRANGER),),
        9,
        S.NOT_FOR_PUBLIC,
        L.NONE,
        "C",
    ),
    Case("a clock that is ahead", (HEAD, update("U", 9, "yellow", A)), 8.9, S.DOWNGRADED, L.MODERATE, "U"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_chain_amounts_to(case: Case) -> None:
    (course,) = follow(case.messages, (), at(case.hour))
    assert (course.state, course.level, course.head.identifier) == (case.state, case.level, case.head)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_order_and_repeats_do_not_matter(case: Case) -> None:
    straight = follow(case.messages, (), at(case.hour))
    assert follow((*reversed(case.messages), *case.messages), (), at(case.hour)) == straight


REAL = ("A", Level.SEVERE, State.IN_FORCE)
UNTOUCHED = [
    pytest.param(cancel("C", 9, A, sender=STRANGER), id="a cancel from another sender"),
    pytest.param(
        alert("C", 9, refs=(A,), kind="Cancel", sender=STRANGER, issuer="KDMX", event_key="event"),
        id="a cancel from another sender that copies office and event",
    ),
    pytest.param(alert("C", 9, refs=(A,), kind="Cancel", status="Test"), id="a test cancel"),
    pytest.param(alert("C", 9, refs=(A,), kind="Cancel", status="Exercise"), id="an exercise's cancel"),
    pytest.param(alert("C", 9, info("red"), refs=(A,), kind="Update", status="Draft"), id="a draft's update"),
    pytest.param(alert("C", 9, refs=(A,), kind="Ack"), id="an acknowledgement"),
    pytest.param(alert("C", 9, refs=(A,), kind="Error"), id="an error"),
    pytest.param(alert("A", 8, info(ends=20), status="Test"), id="a test under the same key"),
    pytest.param(cancel("C", 7, A), id="a cancel older than what it names"),
    pytest.param(cancel("C", 9), id="a cancel that names nothing"),
    pytest.param(update("U", 9, "red", key("B", 8, STRANGER)), id="an update of another's"),
]


@pytest.mark.parametrize("other", UNTOUCHED)
def test_a_warning_is_not_changed_by(other: Alert) -> None:
    courses = follow((other, EVENT), (), at(9))
    assert REAL in [(course.head.identifier, course.level, course.state) for course in courses]


def test_a_refused_cancel_is_named_in_the_warning_that_it_meant() -> None:
    courses = follow((HEAD, cancel("C", 9, A, sender=STRANGER)), (), at(9))
    assert [[finding.code for finding in course.findings] for course in courses] == [["foreign_sender"]] * 2


def test_an_update_of_anothers_warning_stands_for_itself() -> None:
    other = alert("U", 9, info("red", ends=20), refs=(A,), kind="Update", sender=STRANGER)
    courses = follow((HEAD, other), (), at(9))
    assert [(c.head.identifier, c.level) for c in courses] == [("A", Level.SEVERE), ("U", Level.EXTREME)]


def test_two_bodies_under_one_key_are_told_and_always_the_same_one_counts() -> None:
    bodies = (HEAD, alert("A", 8, info("red", ends=20)))
    (course,) = follow(bodies, (), at(9))
    assert [finding.code for finding in course.findings] == ["other_body"]
    assert follow(bodies[::-1], (), at(9)) == (course,)


def test_one_message_by_two_sources_is_no_doubt() -> None:
    copies = (HEAD, alert_from("mirror"))
    assert follow(copies, (), at(9))[0].findings == ()


def alert_from(source: str) -> Alert:
    """The head as another source delivers it."""
    return Alert(**{name: getattr(HEAD, name) for name in HEAD.__struct_fields__} | {"source": source})


STEPS = [
    (8, State.IN_FORCE, Level.MINOR),
    (9, State.UPGRADED, Level.MODERATE),
    (9.25, State.UPGRADED, Level.EXTREME),
    (9.5, State.DOWNGRADED, Level.SEVERE),
    (9.75, State.DOWNGRADED, Level.MODERATE),
    (10, State.UPDATED, Level.MODERATE),
    (11, State.CANCELLED, Level.NONE),
]
FLIPS = (
    signal(8, "blue"), signal(9, "yellow"), signal(9.25, "red"), signal(9.5, "orange"), signal(9.75, "yellow"),
    signal(10, "yellow"), lift(11),
)  # fmt: skip


def test_each_flip_within_an_hour_is_a_step() -> None:
    (course,) = follow(FLIPS, (), at(12))
    assert [(step.at, step.state, step.level) for step in course.steps] == [(at(h), s, level) for h, s, level in STEPS]
    assert [step.by.identifier for step in course.steps] == [message.identifier for message in FLIPS]


def test_two_hazards_of_one_office_are_two_warnings() -> None:
    messages = (signal(8, "red"), signal(8.5, "yellow", "gale"), lift(9, "gale"))
    assert [c.state for c in follow(messages, (), at(9))] == [State.IN_FORCE, State.CANCELLED]


EPISODES = [
    pytest.param((signal(8, "red"), lift(9), signal(700, "blue")), (), ["cancelled", "in-force"], id="after a lift"),
    pytest.param(
        (signal(8, "red"), signal(700, "blue")), (closing(key("S8", 8), 30),), ["cancelled", "in-force"],
        id="after a closing",
    ),
    pytest.param((signal(8, "red"), signal(700, "blue")), (), ["downgraded"], id="never lifted"),
    pytest.param(
        (alert("A", 8, info(ends=9), event_key="k"), alert("B", 700, info(), event_key="k")), (),
        ["expired", "in-force"], id="after its end",
    ),
    pytest.param(
        (alert("A", 8, info(ends=9), event_key="k"), alert("B", 700, info(), event_key="k", refs=(A,))), (),
        ["in-force"], id="after its end, by reference",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "closings", "states"), EPISODES)
def test_a_signal_given_again(messages: tuple[Alert, ...], closings: tuple[Closing, ...], states: list[str]) -> None:
    assert [course.state.value for course in follow(messages, closings, at(701))] == states


CLOSINGS = [
    pytest.param((OPEN,), A, 12, State.CANCELLED, id="no end"),
    pytest.param((OPEN, update("U", 9, "red", A, ends=None)), A, 12, State.CANCELLED, id="by an older member"),
    pytest.param((HEAD,), A, 12, State.IN_FORCE, id="an end of its own"),
    pytest.param((OPEN, update("U", 9, "red", A)), U, 12, State.UPGRADED, id="an end by its update"),
    pytest.param((OPEN, update("U", 13, "red", A, ends=None)), A, 12, State.IN_FORCE, id="an update came afterwards"),
    pytest.param((OPEN,), key("Z", 8), 12, State.IN_FORCE, id="another warning"),
]


@pytest.mark.parametrize(("messages", "member", "hour", "state"), CLOSINGS)
def test_a_closing_ends_what_has_no_end(
    messages: tuple[Alert, ...], member: AlertKey, hour: float, state: State
) -> None:
    (course,) = follow(messages, (closing(member, hour),), at(14))
    assert course.state is state


def test_of_two_closings_of_one_moment_always_the_same_is_named() -> None:
    messages = (OPEN, update("U", 9, "red", A, ends=None))
    signed = [closing(A, 12), closing(U, 12)]
    assert follow(messages, signed, at(14)) == follow(messages, signed[::-1], at(14))


ENDS = [
    pytest.param(OPEN, None, 8 + 3, id="no end: an orange rainstorm is fresh for 3 h"),
    pytest.param(HEAD, 20, None, id="ends"),
    pytest.param(alert("A", 8, info(expires=15)), 15, None, id="expires"),
    pytest.param(alert("A", 8, info(ends=24 * 365 * 70)), None, 11, id="an end beyond reason is none"),
    pytest.param(alert("A", 8, info(expires=24 * 365 * 70)), None, 11, id="an expiry beyond reason is none"),
    pytest.param(
        alert("A", 8, info(expires=15, parameters=(("VTEC", "/O.CON.KDVN.FL.W.0018.000000T0000Z-000000T0000Z/"),))),
        None, 15, id="until further notice: fresh until the product expires",
    ),
    pytest.param(alert("A", 8, info("red", ends=9), info("yellow", ends=11)), 11, None, id="the last of its infos"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "ends", "unconfirmed"), ENDS)
def test_the_end_and_the_freshness(message: Alert, ends: float | None, unconfirmed: float | None) -> None:
    (course,) = follow((message,), (), at(8.5))
    assert course.ends == (ends and at(ends))
    assert course.unconfirmed_since == (unconfirmed and at(unconfirmed))


TURNS = [
    pytest.param((LATER,), 9, 12, id="its onset"),
    pytest.param((LATER,), 12, 20, id="its end"),
    pytest.param((OPEN,), 9, 11, id="not confirmed any more"),
    pytest.param((OPEN,), 11, None, id="nothing more to come"),
    pytest.param((HEAD, cancel("C", 9, A)), 9, None, id="cancelled"),
    pytest.param((alert("A", 8, info("red", ends=10), info("yellow", ends=20)),), 9, 10, id="one of its infos ends"),
    pytest.param((alert("A", 8, info(ends=20), status="Test"),), 9, None, id="a test"),
]


@pytest.mark.parametrize(("messages", "hour", "turn"), TURNS)
def test_time_alone_changes_it_next_at(messages: tuple[Alert, ...], hour: float, turn: float | None) -> None:
    (course, *_) = follow(messages, (), at(hour))
    assert next_change(course, at(hour)) == (turn and at(turn))


def test_root_members_and_superseded_name_the_whole_chain() -> None:
    (course,) = follow((update("V", 10, "red", NEVER_SEEN, U), update("U", 9, "red", NEVER_SEEN)), (), at(10))
    assert (course.root, course.members, course.superseded) == (NEVER_SEEN, (U, V), (NEVER_SEEN, U))


def test_a_head_named_without_its_time_is_no_root() -> None:
    (course,) = follow((cancel("C", 9, A._replace(sent=0)),), (), at(10))
    assert (course.root.identifier, course.superseded) == ("C", (A._replace(sent=0),))


def test_a_new_warning_takes_no_place_of_the_one_before_it() -> None:
    ended, _ = follow((signal(8, "red"), lift(9), signal(700, "blue")), (), at(701))
    assert ended.superseded == (key("S8", 8),)


def test_a_message_is_replaced_once_and_by_the_first_that_names_it() -> None:
    first = alert("A", 8, info("red"), event_key="k")
    messages = (first, update("U", 9, "yellow", A), alert("B", 10, info("orange"), event_key="k"))
    (course,) = follow(messages, (), at(11))
    assert [step.level for step in course.steps] == [Level.EXTREME, Level.MODERATE, Level.SEVERE]


def test_segments_that_stand_side_by_side_are_all_named() -> None:
    parts = [alert(name, 9, info(ends=20, places=name), refs=(A,), kind="Update") for name in "UV"]
    (course,) = follow((HEAD, *parts), (), at(9))
    assert course.standing == (U, key("V", 9))


def test_a_cancelled_warning_tells_its_hazard_and_when_it_was_over() -> None:
    (course,) = follow((HEAD, cancel("C", 10, A)), (), at(15))
    assert (course.hazard, course.since, course.changed_at, course.ends) == ("rainstorm", at(8), at(10), at(10))


@pytest.mark.parametrize(
    ("message", "state"), [(HEAD, "in-force"), (cancel("C", 9, A), "cancelled")], ids=["alert", "cancel"]
)
def test_one_message_by_itself_has_a_state(message: Alert, state: str) -> None:
    assert state_of_message(message, at(9)).value == state


STANDING = [
    pytest.param(LATER, 9, ["orange"], id="to come"),
    pytest.param(alert("A", 8, info("red", ends=10), info("yellow", ends=20)), 10, ["yellow"], id="one has ended"),
    pytest.param(alert("A", 8, info("green"), info("yellow")), 10, ["yellow"], id="one is green"),
    pytest.param(alert("A", 8, info("red"), kind="Cancel"), 9, [], id="a cancel"),
]


@pytest.mark.parametrize(("message", "hour", "colors"), STANDING)
def test_infos_that_stand(message: Alert, hour: float, colors: list[str]) -> None:
    assert [info.color for info in infos_standing(message, at(hour))] == colors


IDENTIFIERS = "ABCDEF"
COLORS = st.sampled_from(["green", "blue", "yellow", "orange", "red"])
WINDOWS = st.tuples(COLORS, st.none() | st.integers(0, 12), st.none() | st.integers(0, 12)).map(
    lambda drawn: info(drawn[0], onset=drawn[1], ends=drawn[2])
)


@st.composite
def wild_messages(draw: st.DrawFn) -> Alert:
    """Any message of two senders that names any others: heads, cycles, strangers and tests among them."""
    sender = draw(st.sampled_from(["office@example.org", STRANGER]))
    senders = st.sampled_from([sender, sender, "office@example.org"])
    refs = draw(st.lists(st.builds(key, st.sampled_from(IDENTIFIERS), st.integers(0, 8), senders), max_size=2))
    return alert(
        draw(st.sampled_from(IDENTIFIERS)),
        draw(st.integers(0, 8)),
        *draw(st.lists(WINDOWS, max_size=2)),
        refs=tuple(refs),
        kind=draw(st.sampled_from(["Alert", "Update", "Update", "Cancel", "Ack"])),
        status=draw(st.sampled_from(["Actual", "Actual", "Actual", "Test"])),
        sender=sender,
        event_key=draw(st.sampled_from(["", "", "k"])),
    )


CHAINS = st.lists(wild_messages(), min_size=1, max_size=8)
CLOSED = st.lists(
    st.builds(closing, st.builds(key, st.sampled_from(IDENTIFIERS), st.integers(0, 8)), st.integers(0, 12))
)


@settings(max_examples=100, deadline=None)
@given(CHAINS, CLOSED, st.integers(-1, 14), st.randoms(use_true_random=False))
def test_every_order_and_every_repeat_gives_the_same(
    messages: list[Alert], closings: list[Closing], hour: int, chance: random.Random
) -> None:
    other = chance.sample(messages, len(messages)) + chance.choices(messages, k=3)
    signed = chance.sample(closings, len(closings))
    assert follow(other, signed, at(hour)) == follow(messages, closings, at(hour))


@settings(max_examples=100, deadline=None)
@given(CHAINS, CLOSED, st.integers(0, 14))
def test_every_message_is_in_one_course_and_every_course_is_sound(
    messages: list[Alert], closings: list[Closing], hour: int
) -> None:
    courses = follow(messages, closings, at(hour))
    assert sorted(member for course in courses for member in course.members) == sorted({m.key for m in messages})
    assert [fault for course in courses for fault in faults(course, at(hour))] == []


def faults(course: Course, now: int) -> list[str]:
    """What no course may be."""
    times = [step.at for step in course.steps]
    tellable = course.in_force or course.state is State.SCHEDULED
    broken = {
        "steps out of order": times != sorted(times),
        "a step ahead of its time": course.state is not State.NOT_FOR_PUBLIC and times[-1] > now,
        "not the state of its last step": (course.state, course.level)
        != (course.steps[-1].state, course.steps[-1].level),
        "a level that nothing holds": bool(course.level) != tellable,
        "nothing stands": bool(course.standing) != tellable,
        "a turn that has passed": any(turn <= now for turn in course.turns),
        "a head that is no member": course.head not in course.members,
        "two notices of one end": any(
            a.level == b.level == Level.NONE for a, b in zip(course.steps, course.steps[1:], strict=False)
        ),
    }
    return [name for name, is_so in broken.items() if is_so]


@settings(max_examples=100, deadline=None)
@given(CHAINS, st.integers(8, 12))
def test_what_was_told_is_never_told_otherwise_as_time_passes(messages: list[Alert], hour: int) -> None:
    told, later = (follow(messages, (), at(moment)) for moment in (hour, hour + 3))
    assert [course.steps for course in told] == [
        after.steps[: len(before.steps)] for before, after in zip(told, later, strict=True)
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(COLORS, min_size=1, max_size=6))
def test_a_growing_set_of_messages_never_takes_a_step_back(colors: list[str]) -> None:
    messages = [signal(hour, color) for hour, color in enumerate(colors, 1)]
    grown = [follow(messages[:count], (), at(count)) for count in range(1, len(messages) + 1)]
    final = follow(messages, (), at(len(messages)))
    assert [steps_of(courses) for courses in grown] == [steps_of(final)[: len(steps_of(c))] for c in grown]


def steps_of(courses: tuple[Course, ...]) -> list[tuple[int, State, Level]]:
    """All steps of all courses, in order."""
    return [(step.at, step.state, step.level) for course in courses for step in course.steps]


def test_a_chain_of_thousands_is_followed() -> None:
    refs = tuple(key(f"A{number}", number / 1000) for number in range(3000))
    parts = [alert(ref.identifier, number / 1000, info(ends=20)) for number, ref in enumerate(refs)]
    (course,) = follow((*parts, cancel("C", 4, *refs)), (), at(5))
    assert (len(course.members), course.state) == (3001, State.CANCELLED)
