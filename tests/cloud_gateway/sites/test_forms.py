"""The form of a site: what it takes, what it refuses by field, and that what nobody touched stays as it was."""

from __future__ import annotations

import pytest

from cloud_gateway.exposures.store_sites import Risk
from cloud_gateway.sites.changes import Facts, compare_facts, digest_of
from cloud_gateway.sites.corners import Doubt
from cloud_gateway.sites.forms import EMPTY, read_form, write_form
from cloud_gateway.sites.money import say_amount
from cloud_gateway.sites.store import NewSite

FINE = "0000000123456"
OUTLINE = f'{{"type":"Polygon","coordinates":[[[121.5,31.2],[121.51,31.2{FINE}],[121.51,31.21],[121.5,31.2]]]}}'
SITE = NewSite("depot-1", "Depot 1", "一号仓库", 31.2000000000123, 121.5, "Asia/Shanghai", simulated=True)
RISK = Risk(OUTLINE, (("SAME", "045019"), ("adcode", "310115")), 1_250_000_050, "CNY", low_ground=True)
KNOWN = Facts(SITE, RISK, 1_798_646_400_000)
SQUARE = "31.20, 121.50\n31.20, 121.51\n31.21, 121.51\n31.21, 121.50"
ENTERED = EMPTY | {"code": "depot-1", "name": "Depot 1", "latitude": "31.205", "longitude": "121.505"}


def read(changes: dict[str, str], known: Facts | None = None, may_insure: bool = True) -> Facts:
    found = read_form((write_form(known) if known else ENTERED) | changes, known, may_insure=may_insure)
    assert isinstance(found, Facts), found
    return found


def doubts(changes: dict[str, str], known: Facts | None = None) -> tuple[Doubt, ...]:
    found = read_form((write_form(known) if known else ENTERED) | changes, known, may_insure=True)
    assert isinstance(found, tuple), found
    return found


def test_untouched_form_changes_nothing() -> None:
    found = read({}, KNOWN)
    assert (found, compare_facts(KNOWN, found), digest_of(found)) == (KNOWN, (), digest_of(KNOWN))


def test_change_of_a_name_leaves_all_digits() -> None:
    assert [one.field for one in compare_facts(KNOWN, read({"name": "Depot one"}, KNOWN))] == ["name"]


def test_drawn_outline_is_stored_closed_and_longitude_first() -> None:
    said = '{"type":"Polygon","coordinates":[[[121.5,31.2],[121.51,31.2],[121.51,31.21],[121.5,31.21],[121.5,31.2]]]}'
    assert read({"outline": SQUARE}).risk.outline == said


def test_position_may_be_left_to_the_outline() -> None:
    found = read({"outline": SQUARE, "latitude": "", "longitude": ""})
    assert (found.site.latitude, found.site.longitude) == (31.205, 121.505)


def test_positions_in_gcj_02_are_brought_to_wgs_84() -> None:
    found = read({"outline": SQUARE, "datum": "GCJ-02"})
    assert (found.site.latitude, found.site.longitude) == pytest.approx((31.20702, 121.50056), abs=2e-4)
    assert '"coordinates":[[[121.4955' in found.risk.outline


def test_day_of_retirement_begins_at_midnight_of_the_site() -> None:
    assert read({"retired": "2026-12-31"}).retired_at == 1_798_646_400_000


def test_who_may_not_insure_changes_the_place_only() -> None:
    sent = {"insured_value": "1", "low_ground": "", "poor_drainage": "yes", "latitude": "31.2001"}
    found = read(sent, KNOWN, may_insure=False)
    assert [one.field for one in compare_facts(KNOWN, found)] == ["position"]


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"outline": "31.2, 121.5\n31.21, 121.51\n31.2, 121.51\n31.21, 121.5"}, "The outline crosses itself"),
        ({"outline": "31.2, 121.5\n31.2, 122.5\n31.9, 122.5"}, "The outline is %(size)s km across"),
        ({"outline": "31.5, 121.5\n31.51, 121.5\n31.51, 121.51"}, "The outline lies more than"),
        ({"outline": "31.2, 121.5\n31.21, 121.5\n31.22, 121.5"}, "The outline has no inside"),
        ({"outline": "31.2, 121.5\n31.21, 121.51"}, "A piece of the outline has fewer than three"),
        ({"outline": "31.2, 121.5\nnorth\n31.2, 121.6"}, "Line %(line)s is not a latitude"),
        ({"outline": "31.2, 121.5\n31.2, 1e400"}, "Line %(line)s is not a latitude"),
        ({"outline": "121.5, 31.2"}, "Line %(line)s does not lie on the Earth"),
        ({"outline": "31.2, 181"}, "Line %(line)s does not lie on the Earth"),
        ({"outline": "31.2, 121.5\n" * 2001}, "The outline has more than"),
        ({"retired": "tomorrow"}, "This is no day"),
        ({"retired": "0001-01-01"}, "This is no day"),
        ({"latitude": "91"}, "This cannot be used"),
        ({"longitude": "nan"}, "This cannot be used"),
        ({"zone": "Shanghai"}, "This cannot be used"),
        ({"code": "new"}, "This cannot be used"),
        ({"insured_value": "1.234"}, "This cannot be used"),
        ({"currency": "yuan"}, "This cannot be used"),
        ({"adcode": "31"}, "This cannot be used"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_wrong_field_is_named_with_its_remedy(sent: dict[str, str], wrong: str) -> None:
    (found,) = doubts(sent)
    assert (found.field, found.text.startswith(wrong), bool(found.remedy)) == (next(iter(sent)), True, True)


def test_all_wrong_fields_are_named_at_once() -> None:
    found = doubts({"outline": "x", "name": "", "insured_value": "-1"})
    assert {one.field for one in found} == {"outline", "name", "insured_value"}


def test_swapped_degrees_are_recognised() -> None:
    assert "the other way round" in doubts({"outline": "121.5, 31.2"})[0].remedy


def test_imported_outline_that_crosses_itself_does_not_stop_another_change() -> None:
    crossed = (
        '{"type":"Polygon","coordinates":[[[121.5,31.2],[121.51,31.21],[121.51,31.2],[121.5,31.21],[121.5,31.2]]]}'
    )
    known = Facts(SITE, Risk(outline=crossed))
    assert read({"name": "Depot one"}, known).risk.outline == crossed
    assert doubts({"latitude": "31.3"}, known)[0].field == "outline"


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [(0, "CNY", ""), (1250, "CNY", "12.50 CNY"), (8_000_000_000, "CNY", "80,000,000 CNY"), (1250, "JPY", "1,250 JPY")],
)
def test_amount_is_said_in_whole_units(minor: int, currency: str, said: str) -> None:
    assert say_amount(minor, currency) == said
