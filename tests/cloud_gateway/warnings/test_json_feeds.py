"""NWS, MeteoAlarm, GDACS and Alertswiss in their JSON forms."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud_gateway.warnings.alertswiss import parse_alertswiss
from cloud_gateway.warnings.course import State
from cloud_gateway.warnings.gdacs import CENTRE_RADIUS_M, parse_gdacs
from cloud_gateway.warnings.lifecycle import follow
from cloud_gateway.warnings.meteoalarm import parse_meteoalarm
from cloud_gateway.warnings.model import Alert, Circle, Color, Geocode, Level, MsgType, Refused, Status
from cloud_gateway.warnings.nws import parse_nws
from tests.cloud_gateway.warnings import samples

RING = ((22.0, 113.0), (22.0, 114.0), (23.0, 114.0), (23.0, 113.0), (22.0, 113.0))


def _nws(**changes: object) -> Alert:
    return parse_nws(samples.as_bytes(samples.nws(**changes)))


def test_an_nws_feature_becomes_a_message() -> None:
    alert = _nws()
    (info,) = alert.infos
    assert (alert.format, alert.msg_type, alert.issuer, alert.sent) == (
        "nws",
        MsgType.UPDATE,
        "NWS Example",
        1716319800000,
    )
    assert (info.event, info.hazard, info.level) == ("Flood Warning", "flood", Level.SEVERE)
    assert alert.event_key == "vtec:KDMX.FL.W.0046.2024"
    assert alert.findings == ()


def test_the_vtec_tells_a_gale_at_sea_from_one_on_land() -> None:
    vtec = {"VTEC": ["/O.NEW.KMFL.GL.W.0001.240521T1900Z-240522T0000Z/"]}
    assert [_nws(event="Gale Warning", parameters=given).hazard for given in (vtec, {})] == ["marine-gale", "gale"]


def test_references_and_expired_references_are_both_kept() -> None:
    assert [(key.identifier[-5:], key.sent) for key in _nws().references] == [
        ("000.1", 1716318000000),
        ("000.0", 1716314400000),
    ]


def test_longitude_comes_first_and_codes_stand_beside_the_shape() -> None:
    (area,) = _nws().infos[0].areas
    assert area.polygons == (RING,)
    assert area.geocodes == (Geocode("SAME", "019153"), Geocode("UGC", "IAC153"))


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"ends": "2024-05-22T01:00:00+00:00"}, 1716339600000),
        ({}, 1716336000000),
        ({"parameters": {"eventEndingTime": ["2024-05-21T20:00:00-05:00"]}}, 1716339600000),
        ({"parameters": {"VTEC": ["/O.NEW.KDMX.FL.W.0046.240521T1900Z-000000T0000Z/"]}}, None),
    ],
    ids=["stated", "by VTEC", "by parameter", "until further notice"],
)
def test_the_end_of_the_hazard_is_not_the_products(changes: dict[str, object], ends: int | None) -> None:
    (info,) = _nws(**changes).infos
    assert (info.ends, info.expires) == (ends, 1716322500000)


def test_a_warning_until_further_notice_outlives_its_product() -> None:
    alert = _nws(parameters={"VTEC": ["/O.NEW.KDMX.FL.W.0046.240521T1900Z-000000T0000Z/"]}, references=[])
    (course,) = follow((alert,), (), 1716322500000 + 86_400_000)
    assert course.in_force


@pytest.mark.parametrize(
    ("geometry", "rings", "codes"),
    [
        (None, 0, []),
        ({"type": "MultiPolygon", "coordinates": [samples.SQUARE, samples.SQUARE]}, 2, []),
        ({"type": "Polygon", "coordinates": samples.SQUARE * 2}, 1, ["holes_left_out"]),
        ({"type": "Polygon", "coordinates": [[[200.0, 22.0], [114.0, 22.0], [114.0, 23.0]]]}, 0, ["bad_polygon"]),
        ({"type": "Polygon", "coordinates": [[[113.0], [114.0, 22.0], [114.0, 23.0]]]}, 0, ["bad_polygon"]),
        ({"type": "GeometryCollection", "geometries": []}, 0, []),
    ],
    ids=["none", "several", "hole", "off the globe", "no pairs", "other type"],
)
def test_geometries_are_read_or_marked(geometry: object, rings: int, codes: list[str]) -> None:
    alert = parse_nws(samples.as_bytes(samples.nws() | {"geometry": geometry}))
    assert len(alert.infos[0].areas[0].polygons) == rings
    assert [finding.code for finding in alert.findings] == codes


def test_an_open_ring_is_closed() -> None:
    geometry = {"type": "Polygon", "coordinates": [samples.SQUARE[0][:-1]]}
    alert = parse_nws(samples.as_bytes(samples.nws() | {"geometry": geometry}))
    assert alert.infos[0].areas[0].polygons == (RING,)


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (samples.nws(sent="in 5 minutes"), "missing_field"),
        (samples.nws(event=" "), "missing_field"),
        (samples.nws(id=None), "missing_field"),
        (samples.nws(parameters={"VTEC": "no list"}), "bad_entry"),
        (samples.nws() | {"properties": 5}, "bad_entry"),
        (samples.nws() | {"geometry": {"type": "Polygon", "coordinates": "far"}}, "bad_entry"),
        (
            samples.nws() | {"geometry": {"type": "Polygon", "coordinates": [[[1.0, 2.0]] * 100_001]}},
            "too_many_points",
        ),
    ],
    ids=["relative time", "no event", "no id", "wrong type", "no properties", "no coordinates", "many points"],
)
def test_a_broken_feature_is_refused_by_name(sample: samples.Sample, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_nws(samples.as_bytes(sample))
    assert refused.value.code == code


def test_a_word_that_cap_does_not_know_is_doubtful_not_fatal() -> None:
    alert = _nws(severity="Horrible")
    assert (alert.level, [finding.code for finding in alert.findings]) == (Level.MODERATE, ["unknown_word"])


def _meteoalarm(**changes: object) -> Alert:
    return parse_meteoalarm(samples.as_bytes(samples.meteoalarm("3; orange; Severe", **changes)))


@pytest.mark.parametrize(
    ("word", "code"), [("Aktuell", "unknown_word"), ("", "missing_field"), (None, "missing_field")]
)
@pytest.mark.parametrize(
    ("parse", "field"),
    [(_nws, "status"), (_nws, "messageType"), (_meteoalarm, "status"), (_meteoalarm, "msgType")],
    ids=["nws status", "nws type", "meteoalarm status", "meteoalarm type"],
)
def test_what_decides_who_is_told_is_never_guessed(
    parse: Callable[..., Alert], field: str, word: str | None, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        parse(**{field: word})
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("parse", [_nws, _meteoalarm], ids=["nws", "meteoalarm"])
def test_a_time_without_offset_has_that_of_the_others(parse: Callable[..., Alert]) -> None:
    written = parse(sent="2026-07-31T10:00:00")
    assert written.sent != parse(sent="2026-07-31T10:00:00Z").sent
    assert [(finding.code, finding.field) for finding in written.findings] == [("no_offset", "sent")]


@pytest.mark.parametrize(
    ("level", "color", "state"),
    [
        ("3; orange; Severe", Color.ORANGE, State.IN_FORCE),
        ("4;red;Extreme", Color.RED, State.IN_FORCE),
    ],
)
def test_meteoalarms_level_and_type_count(level: str, color: Color, state: State) -> None:
    alert = parse_meteoalarm(samples.as_bytes(samples.meteoalarm(level)))
    (course,) = follow((alert,), (), 1785600000000)
    assert (alert.infos[0].color, alert.hazard, course.state) == (color, "heat", state)
    assert alert.infos[0].areas[0].geocodes == (Geocode("EMMA_ID", "AT901"),)


def test_green_is_no_warning() -> None:
    alert = parse_meteoalarm(samples.as_bytes(samples.meteoalarm("1; green; Minor")))
    assert alert.level is Level.NONE
    assert not any(course.in_force for course in follow((alert,), (), 1785600000000))


def test_meteoalarm_references_and_polygons_are_caps() -> None:
    sample = samples.meteoalarm(references="x@example.org,one,2026-07-30T10:00:00+02:00", msgType="Update")
    sample["alert"]["info"][0]["area"] = [{"areaDesc": "Beispiel", "polygon": ["22,113 22,114 23,114 23,113 22,113"]}]
    alert = parse_meteoalarm(samples.as_bytes(sample))
    assert [(key.identifier, key.sent) for key in alert.references] == [("one", 1785398400000)]
    assert alert.infos[0].areas[0].polygons == (RING,)


def test_gdacs_counts_by_the_episodes_level_around_its_centre() -> None:
    alert = parse_gdacs(samples.as_bytes(samples.gdacs()))
    assert (alert.hazard, alert.level, alert.event_key) == ("typhoon", Level.SEVERE, "gdacs:TC.1001")
    assert alert.infos[0].areas[0].circles == (Circle(25.1, 144.5, CENTRE_RADIUS_M),)
    assert alert.sent == 1789481003000


def test_gdacs_green_is_no_warning() -> None:
    assert parse_gdacs(samples.as_bytes(samples.gdacs(episodealertlevel="Green"))).level is Level.NONE


def test_alertswiss_all_clear_ends_its_event() -> None:
    alert = parse_alertswiss(samples.as_bytes(samples.alertswiss()))
    (course,) = follow((alert,), (), alert.sent + 1)
    assert (alert.sent, alert.infos[0].response_types) == (1750406460000, ("AllClear",))
    assert alert.infos[0].areas[0].polygons == (((46.3, 6.8), (46.4, 6.8), (46.4, 6.9), (46.3, 6.8)),)
    assert not course.in_force


@pytest.mark.parametrize("mark", ["testAlert", "technicalTestAlert"])
def test_alertswiss_tests_are_tests(mark: str) -> None:
    assert parse_alertswiss(samples.as_bytes(samples.alertswiss(**{mark: True}))).status is Status.TEST


@pytest.mark.parametrize(
    ("parse", "sample"),
    [
        (parse_gdacs, samples.gdacs(eventid=None)),
        (parse_gdacs, samples.gdacs(datemodified="2026-13-13", fromdate=None)),
        (parse_meteoalarm, {"alert": {"info": []}}),
        (parse_meteoalarm, {"alert": "text"}),
        (parse_alertswiss, samples.alertswiss(sent="Fri")),
        (parse_alertswiss, samples.alertswiss(areas=[{"polygons": [{"coordinates": [["north", "east"]]}]}])),
    ],
)
def test_broken_entries_are_refused(parse: Callable[[bytes], Alert], sample: samples.Sample) -> None:
    with pytest.raises(Refused):
        parse(samples.as_bytes(sample))
