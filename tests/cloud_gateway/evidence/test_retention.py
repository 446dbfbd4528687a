"""Which text may be erased when: terms by dated rules, the person's own request, orders, and holds above all."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from cloud_gateway.evidence.retention import (
    RULES,
    UNREAD,
    Hold,
    Reason,
    Refusal,
    Rules,
    Verdict,
    judge_erasure,
    local_day,
    read_holds,
    rules_on,
)
from cloud_gateway.evidence.schemas import SCHEMAS

TODAY = date(2026, 11, 22)
OLD, MIDDLE, NEW = date(2016, 11, 1), date(2021, 11, 1), date(2026, 11, 21)
ASKED, OVER, ORDERED = Reason.PERSON_ASKED, Reason.RETENTION_OVER, Reason.ORDERED
CASE = Hold("case-7", frozenset({3}), frozenset({"complaint"}))


@pytest.mark.parametrize(
    ("type_", "made", "reason", "refusal"),
    [
        pytest.param("rating", NEW, ASKED, None, id="who wrote it asks"),
        pytest.param("rating", MIDDLE, OVER, Refusal.TOO_EARLY, id="its term is not over"),
        pytest.param("rating", OLD, OVER, None, id="its term is over"),
        pytest.param("complaint", NEW, ASKED, Refusal.TOO_EARLY, id="a complaint has to be kept though he asks"),
        pytest.param("complaint", MIDDLE, ASKED, None, id="not for ever"),
        pytest.param("complaint", NEW, ORDERED, None, id="an order"),
        pytest.param("hold", OLD, OVER, Refusal.TOO_EARLY, id="kept as long as the log"),
        pytest.param("press", OLD, ORDERED, Refusal.NO_RULE, id="a type without rule"),
    ],
)
def test_a_text_is_kept_as_the_rules_of_the_day_say(
    type_: str, made: date, reason: Reason, refusal: Refusal | None
) -> None:
    assert judge_erasure(9, type_, made, reason, TODAY, []) == Verdict(refusal, "2026-01")


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize(
    ("place", "type_"), [pytest.param(3, "rating", id="place"), pytest.param(9, "complaint", id="type")]
)
def test_a_hold_stands_above_every_reason(place: int, type_: str, reason: Reason) -> None:
    assert judge_erasure(place, type_, OLD, reason, TODAY, [CASE]) == Verdict(Refusal.HELD, "2026-01", "case-7")


def test_the_last_day_of_a_term_is_counted_whole() -> None:
    rules = [Rules("one", date(2026, 1, 1), RULES[0].classes)]
    term = RULES[0].classes[0].erase_days
    assert term is not None
    day = date.fromordinal(TODAY.toordinal() - term)
    assert judge_erasure(9, "rating", day, OVER, TODAY, [], rules).refusal is None
    assert judge_erasure(9, "rating", date.fromordinal(day.toordinal() + 1), OVER, TODAY, [], rules).refusal is not None


def test_rules_hold_from_their_day_on() -> None:
    later = Rules("later", date(2026, 12, 1), ())
    assert rules_on(date(2025, 12, 31)) is None
    assert rules_on(TODAY, [*RULES, later]) == RULES[0]
    assert rules_on(date(2026, 12, 1), [*RULES, later]) == later
    assert judge_erasure(9, "rating", OLD, OVER, date(2025, 12, 31), []) == Verdict(Refusal.NO_RULE, "")


def test_every_class_names_its_source_and_that_its_text_was_not_read() -> None:
    assert [one.name for one in RULES[0].classes if not one.source or not one.standing] == []
    assert [one.standing for one in RULES[0].classes].count(UNREAD) == 3


def test_no_type_stands_in_two_classes_and_each_that_holds_texts_in_one() -> None:
    ruled = sorted(type_ for one in RULES[0].classes for type_ in one.types)
    assert sorted(set(ruled)) == ruled
    bodies = [(name, body) for name, form in SCHEMAS.items() for body in get_args(form) or (form,)]
    hiding = {name for name, body in bodies if "Hidden" in str(body.__annotations__)}
    assert hiding - set(ruled) == set()


def hold(name: str, state: str, places: list[int]) -> dict[str, object]:
    return {"hold": name, "state": state, "places": places, "types": []}


def test_holds_end_and_begin_again_in_the_order_of_the_log() -> None:
    told = [
        hold("a", "on", [1]),
        hold("b", "on", [2]),
        hold("a", "off", []),
        hold("b", "on", [3]),
        hold("c", "off", []),
    ]
    assert read_holds(told) == [Hold("b", frozenset({3}), frozenset())]


def test_days_are_those_of_the_zone() -> None:
    assert local_day(1_795_305_600_000 - 1, "Asia/Shanghai") == TODAY
    assert local_day(1_795_305_600_000 - 1, "UTC") == date(2026, 11, 21)
