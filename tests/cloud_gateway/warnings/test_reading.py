"""Reading: every shape is recognised, bounds hold, one bad entry never stops the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.warnings.entries import MAX_BYTES, MAX_ENTRIES
from cloud_gateway.warnings.reading import Reading, read_alerts
from cloud_gateway.warnings.shapes import KINDS
from tests.cloud_gateway.warnings import samples

CAP = (
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{}</identifier><sender>x@example.org</sender>'
    "<sent>2026-07-20T00:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>"
)
JUNK: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 1e308, "", "\u0000\u202e", "9999-99-99", "x" * 3000, [], [[[]]], {}, {"a": {}}]
)
CORPUS = tuple(samples.as_bytes(document) for document in samples.DOCUMENTS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_shape_is_recognised_by_its_content(kind: str) -> None:
    (alert,) = read_alerts(samples.as_bytes(samples.DOCUMENTS[kind])).alerts
    assert alert.format == kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_named_shape_reads_the_same(kind: str) -> None:
    document = samples.as_bytes(samples.DOCUMENTS[kind])
    assert read_alerts(document, kind) == read_alerts(document)


@pytest.mark.parametrize(
    "document",
    [
        {"type": "FeatureCollection", "features": []},
        {"code": "200", "warning": []},
        {"metadata": {"zeroResult": True}, "alerts": []},
        {"warnings": []},
        {"data": {"page": {"list": []}}},
        {"result": {"alert": {"content": []}}},
        {"alertData": []},
    ],
    ids=["features", "qweather 7", "qweather 1", "meteoalarm", "nmc", "two digits", "12379"],
)
def test_a_feed_without_a_warning_is_no_mistake(document: object) -> None:
    assert read_alerts(samples.as_bytes(document)) == Reading()


def test_of_246_entries_with_a_broken_one_245_are_read() -> None:
    features = [samples.nws(id=f"urn:{number}") for number in range(246)]
    features[3]["properties"]["sent"] = "+0:15"
    reading = read_alerts(samples.as_bytes({"type": "FeatureCollection", "features": features}))
    assert (len(reading.alerts), [refused.field for refused in reading.refused]) == (245, ["sent"])
    assert json.loads(reading.refused_raws[0])["properties"]["id"] == "urn:3"


def test_each_message_comes_with_its_own_bytes() -> None:
    reading = read_alerts(samples.as_bytes([samples.modelled(id="1_1"), samples.modelled(id="1_2")]))
    assert [json.loads(raw)["id"] for raw in reading.raws] == ["1_1", "1_2"]


def test_cap_is_read_by_what_it_is_whatever_the_source_is_called() -> None:
    raw = CAP.format("one").encode()
    reading = read_alerts(raw, "nws")
    assert ([alert.identifier for alert in reading.alerts], reading.raws) == (["one"], (raw,))


def test_cap_in_utf_16_is_seen_to_be_xml() -> None:
    raw = ('<?xml version="1.0" encoding="UTF-16"?>' + CAP.format("wide")).encode("utf-16")
    assert [alert.identifier for alert in read_alerts(raw).alerts] == ["wide"]


def test_an_index_gives_its_links_against_its_own_address() -> None:
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a</id><link href="one.cap"/></entry></feed>'
    reading = read_alerts(feed, base="https://example.org/feeds/index.atom")
    assert [entry.link for entry in reading.entries] == ["https://example.org/feeds/one.cap"]


def test_chinese_json_in_its_own_encoding_is_read() -> None:
    raw = json.dumps(samples.DOCUMENTS["12379"], ensure_ascii=False).encode("gb18030")
    assert read_alerts(raw).alerts[0].infos[0].event == "道路结冰"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_a_warning"),
        (b"\x00\xff\xfe", "not_a_warning"),
        (b"{", "not_json"),
        (b"127.0.0.1", "not_a_warning"),
        (b'"text"', "not_a_warning"),
        (b"{}", "not_a_warning"),
        (b'{"error": {"status": 401}}', "not_a_warning"),
        (b'{"features": [{"properties": {}}]}', "not_a_warning"),
        (b"[1, 2, 3]", "not_a_warning"),
        (b"<html><body>Down</body></html>", "not_a_warning"),
        (b"[" * 5000, "too_deep"),
        (b'{"a":' * 5000, "too_deep"),
        (b"[" * 4_000_000, "too_large"),
        (b"[" + b"{}," * 600_000 + b"{}]", "too_large"),
        (b" " * (MAX_BYTES + 1), "too_large"),
    ],
    ids=[
        "empty",
        "bytes",
        "cut off",
        "number",
        "text",
        "no members",
        "an error",
        "other features",
        "numbers",
        "a page",
        "deep",
        "deep objects",
        "very deep",
        "many values",
        "large",
    ],
)
def test_what_is_no_warning_is_refused_with_its_reason(raw: bytes, code: str) -> None:
    reading = read_alerts(raw)
    assert ([refused.code for refused in reading.refused], reading.alerts) == ([code], ())


def test_entries_beyond_the_bound_are_left_out_and_told() -> None:
    entries = [{"id": f"1_{number}", "type_code": "11B01"} for number in range(MAX_ENTRIES + 1)]
    entries[0] = samples.modelled()
    reading = read_alerts(samples.as_bytes(entries))
    assert (len(reading.alerts), len(reading.refused)) == (1, MAX_ENTRIES)
    assert reading.refused[-1].code == "too_many_entries"


@given(st.data())
def test_no_change_of_bytes_makes_it_fall_over(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(CORPUS)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=10))
    reading = read_alerts(bytes(raw))
    assert len(reading.alerts) == len(reading.raws)
    assert len(reading.refused) == len(reading.refused_raws)


@given(st.sampled_from(sorted(samples.DOCUMENTS)), st.data())
def test_no_wrong_type_of_a_field_makes_it_fall_over(kind: str, data: st.DataObject) -> None:
    document = json.loads(samples.as_bytes(samples.DOCUMENTS[kind]))
    _spoil(document, data)
    reading = read_alerts(samples.as_bytes(document), kind)
    assert len(reading.alerts) == len(reading.raws)
    assert len(reading.alerts) <= 1


def _spoil(value: object, data: st.DataObject) -> None:
    """Put something else in the place of one value, at any depth."""
    places = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    while places:
        place = data.draw(st.sampled_from(places))
        inner = value[place]  # type: ignore[index]  # a key of an object or an index of an array
        deeper = list(inner) if isinstance(inner, dict) else list(range(len(inner))) if isinstance(inner, list) else []
        if not deeper or data.draw(st.booleans()):
            value[place] = data.draw(JUNK)  # type: ignore[index]
            return
        value, places = inner, deeper
