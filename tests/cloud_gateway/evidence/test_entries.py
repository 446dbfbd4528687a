"""Entries: one form for one value, nothing that their type does not have, and texts by their salted hashes."""

from __future__ import annotations

import hashlib
import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.evidence.entries import (
    Entry,
    EntryError,
    Json,
    Text,
    encode_entry,
    encode_json,
    hash_text,
    seal_entry,
)
from tests.cloud_gateway.evidence.pieces import AT, record_entry

names = st.text(st.characters(max_codepoint=127), max_size=8)
whole = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | whole | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)

ROW: dict[str, Json] = {
    "id": "ab" * 32,
    "scale": 3,
    "score": 3,
    "station": "st-1",
    "counter": "c-1",
    "clerk": "101",
    "channel": "counter",
    "stage": "service",
    "day": "2026-11-22",
    "wait_s": None,
}


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(names, values, max_size=5))
def test_the_bytes_of_an_entry_are_those_of_rfc_8785(value: dict[str, Json]) -> None:
    assert encode_json(value) == rfc8785.dumps(value)


def test_an_entry_is_its_version_type_time_and_body() -> None:
    body = encode_entry("service-day", AT, service_day({"no-event": 2}))
    assert body.decode() == (
        '{"at":1795305600000,"body":{"answered":1,"clerk":"101","counter":"c-1","day":"2026-11-22","invited":2,'
        '"not_invited":{"no-event":2},"served":4,"station":"st-1"},"type":"service-day","v":1}'
    )


def service_day(not_invited: Json) -> dict[str, Json]:
    body: dict[str, Json] = {"station": "st-1", "counter": "c-1", "clerk": "101", "day": "2026-11-22"}
    return body | {"served": 4, "invited": 2, "answered": 1, "not_invited": not_invited}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(Entry("rumour", {}), id="no such type"),
        pytest.param(record_entry(1, extra="x"), id="a field too many"),
        pytest.param(Entry("record", {"device": "terminal-01"}), id="fields missing"),
        pytest.param(record_entry(2**53), id="a number that JSON readers do not hold exactly"),
        pytest.param(record_entry(1, sig="no signature"), id="a signature that is none"),
        pytest.param(record_entry(1, device="\ud800"), id="text that is no UTF-8"),
        pytest.param(Entry("count", {"rows": [ROW | json.loads('{"wait_s":1.5}')]}), id="a float"),
        pytest.param(Entry("count", {"rows": [ROW | {"score": True}]}), id="a boolean for a number"),
        pytest.param(Entry("service-day", service_day({"Ärger": 1})), id="a name that is no code"),
        pytest.param(record_entry(1)._replace(texts=[Text("device", "x")]), id="a text in the place of a field"),
        pytest.param(record_entry(1)._replace(texts=[Text("reply.text", "x")]), id="a text in no object"),
    ],
)
def test_what_is_no_entry_is_refused(entry: Entry) -> None:
    with pytest.raises(EntryError):
        seal_entry(entry, AT)


def test_rows_of_a_count_are_taken() -> None:
    assert b'"wait_s":null' in seal_entry(Entry("count", {"rows": [ROW]}), AT).body


def test_a_text_goes_only_where_its_type_has_a_place_for_one() -> None:
    with pytest.raises(EntryError, match="remark"):
        seal_entry(record_entry(1)._replace(texts=[Text("remark", "x")]), AT)


def test_the_hash_of_a_text_is_of_salt_and_text() -> None:
    assert hash_text(b"\x01" * 16, "谢谢") == hashlib.sha256(b"\x01" * 16 + "谢谢".encode()).hexdigest()
