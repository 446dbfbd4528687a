"""What verifying an export finds in the count: who keeps the log cannot alone make rows of ratings that nobody gave."""

from __future__ import annotations

import hashlib

import pytest

from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Entry, Json, Sealed, Text, encode_json
from tests.cloud_gateway.evidence.exports import judge, key_entry, make_export, signed_record, write_log
from tests.cloud_gateway.evidence.pieces import AT


def number_of(n: int) -> str:
    return hashlib.sha256(b"%d" % n).hexdigest()


def web(n: int, text: str = "") -> Entry:
    """A rating on the wall that names its row."""
    body: dict[str, Json] = {"channel": "web", "stage": "claim", "station": "", "scale": 5, "score": 1}
    said = [Text("text", text, published=True)] if text else []
    return Entry("rating", body | {"day": "2026-11-22", "count": number_of(n)}, said)


def count(*rows: dict[str, Json]) -> Entry:
    return Entry("count", {"rows": list(rows)})


def row(n: int, **other: Json) -> dict[str, Json]:
    """The row of the rating on the wall of that number."""
    facts: dict[str, Json] = {"channel": "web", "stage": "claim", "station": "", "scale": 5, "score": 1}
    facts |= {"day": "2026-11-22", "id": number_of(n), "counter": "", "clerk": "1024", "wait_s": None}
    return facts | other


@pytest.mark.parametrize(
    ("entries", "code", "index"),
    [
        pytest.param([web(1), web(2), count(row(1)), count(row(1))], "count-twice", 3, id="twice"),
        pytest.param([web(1), count(row(1, score=5))], "count-altered", 1, id="another score"),
        pytest.param([web(1), count(row(1, day="2026-10-22"))], "count-altered", 1, id="another day"),
        pytest.param([web(1), count(row(1), row(2))], "count-foreign", 1, id="that nobody gave"),
        pytest.param([count(row(1)), web(1)], "count-foreign", 0, id="before it was given"),
        pytest.param([web(1), count(row(1, channel="phone"))], "count-altered", 1, id="another channel"),
        pytest.param(
            [key_entry(), signed_record(1), count(row(1, channel="counter"), row(2, channel="counter"))],
            "count-foreign",
            2,
            id="more than terminals have sent",
        ),
        pytest.param([web(1), count(row(1, scale=3, score=4))], "form", 1, id="beyond its scale"),
    ],
)
def test_a_row_that_counts_no_rating_of_the_log_is_named(entries: list[Entry], code: str, index: int) -> None:
    found = judge(make_export(entries).lines)
    assert isinstance(found, verifier.Broken), found
    assert (found.reason, found.index) == (code, index)


def test_ratings_by_phone_are_counted_as_often_as_they_were_given() -> None:
    body: dict[str, Json] = {"channel": "phone", "given": {"sha256": number_of(0)}}
    phone = Sealed("rating", encode_json({"v": 1, "type": "rating", "at": AT, "body": body}), ())
    rows = [
        Sealed(
            "count", encode_json({"v": 1, "type": "count", "at": AT, "body": count(row(n, channel="phone")).body}), ()
        )
        for n in (1, 2)
    ]
    found = judge(write_log([phone, rows[0]]).lines)
    assert isinstance(found, verifier.Result)
    assert (found.counts.uncounted, found.counts.withheld) == (0, 0)
    assert isinstance(judge(write_log([phone, *rows]).lines), verifier.Broken)


def test_what_waits_and_what_is_withheld_is_said_and_no_break() -> None:
    made = make_export([web(1, "slow"), web(2, "rude"), count(row(1))])
    assert "Ask" not in tell(make_export([web(1, "slow"), count(row(1))]).lines)
    said = tell([line for line in made.lines if b"rude" not in line])
    assert "Ask: 1 texts of the wall are not here" in said
    assert "Ask: 1 ratings by phone or on the web wait" in said


def tell(lines: list[bytes]) -> str:
    found = judge(lines)
    assert isinstance(found, verifier.Result), found
    return verifier.tell(found)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("count", {}, id="no rows"),
        pytest.param("count", {"rows": [1]}, id="a row that is none"),
        pytest.param("count", {"rows": [row(1, scale=2**50)]}, id="a scale without end"),
        pytest.param("count", {"rows": [row(1, day=20261122)]}, id="a day that is a number"),
        pytest.param("service-day", {"not_invited": []}, id="reasons that are none"),
        pytest.param("publication", {"period": 1, "sha256": "", "edition": 1}, id="a period that is none"),
    ],
)
def test_what_publications_are_made_of_has_its_form(kind: str, body: dict[str, Json]) -> None:
    raw = encode_json({"v": 1, "type": kind, "at": AT, "body": body})
    found = judge(write_log([Sealed(kind, raw, ())]).lines)
    assert isinstance(found, verifier.Broken)
    assert (found.reason, found.index) == ("form", 0)
