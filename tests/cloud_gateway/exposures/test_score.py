"""The ranked call list: which site is called first, and the reasons that are shown for it."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.exposures.model import Exposure, Sure, Vulnerability, Why
from cloud_gateway.exposures.score import RULES, Reason, rules_of, score
from cloud_gateway.warnings.model import Level

DAY = date(2026, 9, 1)
MILLION = 100_000_000
sites = st.builds(
    Vulnerability,
    claims=st.integers(0, 5),
    water_sensitive=st.booleans(),
    low_ground=st.booleans(),
    poor_drainage=st.booleans(),
    open_rectifications=st.integers(0, 20),
)


@pytest.mark.parametrize(
    ("vulnerability", "grade"),
    [
        (Vulnerability(), "none"),
        (Vulnerability(low_ground=True), "low"),
        (Vulnerability(claims=2, poor_drainage=True), "medium"),
        (Vulnerability(claims=1, water_sensitive=True, low_ground=True), "high"),
        (Vulnerability(1, True, True, True), "high"),
    ],
    ids=["none", "one", "two", "three", "four"],
)
def test_criteria_met_make_the_class(vulnerability: Vulnerability, grade: str) -> None:
    assert score(vulnerability, Level.SEVERE, 0, DAY).reasons[0].rule == f"vulnerability-{grade}"


@pytest.mark.parametrize(
    ("vulnerability", "level", "insured_minor", "value", "rules"),
    [
        (Vulnerability(), Level.MINOR, 0, 1.0, ["vulnerability-none", "severity", "insured-value"]),
        (Vulnerability(), Level.NONE, MILLION, 0.0, ["vulnerability-none", "severity", "insured-value"]),
        (Vulnerability(1, True, True), Level.EXTREME, 10 * MILLION, 324.0,
         ["vulnerability-high", "severity", "insured-value"]),
        (Vulnerability(open_rectifications=2), Level.SEVERE, MILLION, 21.6,
         ["vulnerability-none", "severity", "insured-value", "rectifications"]),
        (Vulnerability(open_rectifications=99), Level.SEVERE, MILLION, 27.0,
         ["vulnerability-none", "severity", "insured-value", "rectifications"]),
    ],
    ids=["least", "green", "high and red", "open rectifications", "rectifications are bounded"],
)  # fmt: skip
def test_score_is_the_product_of_its_reasons(
    vulnerability: Vulnerability, level: Level, insured_minor: int, value: float, rules: list[str]
) -> None:
    ranked = score(vulnerability, level, insured_minor, DAY)
    assert (ranked.value, [r.rule for r in ranked.reasons], ranked.version) == (value, rules, "2026-1")


@given(sites, st.sampled_from(Level), st.integers(0, 10**14))
def test_score_grows_with_each_of_its_causes(site: Vulnerability, level: Level, insured_minor: int) -> None:
    value = score(site, level, insured_minor, DAY).value
    worse = Vulnerability(site.claims, True, True, True, site.open_rectifications + 1)
    assert score(worse, level, insured_minor, DAY).value >= value
    assert score(site, Level.EXTREME, insured_minor, DAY).value >= value
    assert score(site, level, insured_minor * 10, DAY).value >= value


def test_drains_say_nothing_of_heat() -> None:
    site = Vulnerability(claims=1, water_sensitive=True, low_ground=True, poor_drainage=True)
    assert score(site, Level.SEVERE, 0, DAY, wet=False).reasons[0].text == "vulnerability low: claims in five years: 1"


def test_red_at_a_sturdy_site_comes_before_yellow_at_a_weak_one() -> None:
    weak = score(Vulnerability(1, True, True, True), Level.MODERATE, MILLION, DAY)
    assert score(Vulnerability(), Level.EXTREME, MILLION, DAY).value > weak.value


@pytest.mark.parametrize(
    ("day", "version"),
    [(date(2020, 1, 1), "2026-1"), (date(2026, 12, 31), "2026-1"), (date(2027, 1, 1), "2027-1")],
    ids=["before any", "the last day", "the first day"],
)
def test_rules_of_the_day_count(day: date, version: str) -> None:
    later = msgspec.structs.replace(RULES[0], version="2027-1", since=date(2027, 1, 1))
    assert rules_of(day, (*RULES, later)).version == version


def test_what_was_paid_for_claims_raises_up_to_a_bound() -> None:
    values = [
        score(Vulnerability(1, paid_minor=paid), Level.MINOR, 0, DAY).value for paid in (0, MILLION // 10, 10**15)
    ]
    assert values == [1.5, 1.65, 2.25]


def test_a_storms_winds_raise_by_how_sure_they_are_and_are_a_reason() -> None:
    reached = [
        Exposure("a", Why.WIND_RADIUS, sure, Level.SEVERE, "within 48 kt") for sure in (Sure.LIKELY, Sure.POSSIBLE)
    ]
    found = [score(Vulnerability(), Level.MINOR, 0, DAY, storm=one) for one in reached]
    assert [one.value for one in found] == [1.5, 1.2]
    assert [one.reasons[-1] for one in found] == [
        Reason("storm-likely", 1.5, "within 48 kt"),
        Reason("storm-possible", 1.2, "within 48 kt"),
    ]
