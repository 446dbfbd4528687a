"""CAP 1.0, 1.1 and 1.2: every field comes over unchanged, mistakes of real publishers are mended and said."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.warnings.cap import MAX_AREAS, MAX_GEOCODES, MAX_INFOS, find_caps, parse_cap
from cloud_gateway.warnings.model import (
    Alert,
    AlertKey,
    Area,
    Certainty,
    Circle,
    Color,
    Geocode,
    Info,
    Level,
    MsgType,
    Refused,
    Severity,
    Status,
    Urgency,
)
from cloud_gateway.warnings.xml import Element, read_xml
from tests.cloud_gateway.warnings.cap_samples import CAP_10, CAP_11, SENT_MS, area, cap, info, pair

HOUR = 3_600_000
SQUARE = ((34.6, 113.5), (34.6, 113.8), (34.9, 113.8), (34.9, 113.5), (34.6, 113.5))

FULL = cap(
    """<info><language>zh-CN</language><category>Met</category><category>Safety</category><event>暴雨</event>
    <responseType>Shelter</responseType><responseType>Avoid</responseType><urgency>Expected</urgency>
    <severity>Extreme</severity><certainty>Observed</certainty><audience>all</audience>
    <eventCode><valueName>12379</valueName><value>11B03</value></eventCode>
    <effective>2026-07-20T08:00:00+08:00</effective><onset>2026-07-20T09:00:00+08:00</onset>
    <expires>2026-07-20T14:00:00+08:00</expires><senderName>某气象台</senderName>
    <headline>某气象台发布暴雨红色预警</headline><description>第一行
第二行</description><instruction>{{ 7*7 }} &lt;b&gt;</instruction><web>https://example.org/1</web>
    <contact>555-0100</contact><parameter><valueName>p</valueName><value/></parameter>
    <resource><resourceDesc>map</resourceDesc><mimeType>image/png</mimeType></resource>
    <area><areaDesc>某县</areaDesc><polygon>34.6,113.5 34.6,113.8 34.9,113.8 34.9,113.5 34.6,113.5</polygon>
    <circle>34.7,113.6 5.5</circle><geocode><valueName>CPEAS</valueName><value>410100000000</value></geocode>
    <altitude>1000</altitude><ceiling>2000</ceiling></area></info>""",
    inside="""<source>desk</source><scope>Restricted</scope><code>a</code><code>b</code><note>drill follows</note>
    <references>office@example.org,X0,2026-07-20T07:00:00+08:00</references><incidents>one "two words"</incidents>""",
    msg_type="Update",
)


def read(text: str) -> Alert:
    """The alert in a text."""
    return parse_cap(read_xml(text.encode()))


def codes_of(alert: Alert) -> list[tuple[str, str]]:
    """What was found, by code and field."""
    return [(finding.code, finding.field) for finding in alert.findings]


def test_every_field_of_a_message_comes_over() -> None:
    assert read(FULL) == Alert(
        identifier="X1",
        sender="office@example.org",
        sent=SENT_MS,
        status=Status.ACTUAL,
        msg_type=MsgType.UPDATE,
        format="cap-1.2",
        scope="Restricted",
        issuer="某气象台",
        note="drill follows",
        source="desk",
        codes=("a", "b"),
        references=(AlertKey("office@example.org", "X0", SENT_MS - HOUR),),
        incidents=("one", "two words"),
        infos=(
            Info(
                event="暴雨",
                hazard="rainstorm",
                language="zh-CN",
                categories=("Met", "Safety"),
                response_types=("Shelter", "Avoid"),
                urgency=Urgency.EXPECTED,
                severity=Severity.EXTREME,
                certainty=Certainty.OBSERVED,
                color=Color.RED,
                effective=SENT_MS,
                onset=SENT_MS + HOUR,
                expires=SENT_MS + 6 * HOUR,
                sender_name="某气象台",
                headline="某气象台发布暴雨红色预警",
                description="第一行\n第二行",
                instruction="{{ 7*7 }} <b>",
                web="https://example.org/1",
                contact="555-0100",
                audience="all",
                event_codes=(("12379", "11B03"),),
                parameters=(("p", ""),),
                areas=(
                    Area(
                        description="某县",
                        polygons=(SQUARE,),
                        circles=(Circle(34.7, 113.6, 5500.0),),
                        geocodes=(Geocode("CPEAS", "410100000000"),),
                        altitude_m=304.8,
                        ceiling_m=609.6,
                    ),
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "form", "codes"),
    [
        pytest.param(cap(), "cap-1.2", [], id="1.2"),
        pytest.param(cap(namespace=CAP_11), "cap-1.1", [], id="1.1"),
        pytest.param(cap(namespace=CAP_10), "cap-1.0", [], id="1.0"),
        pytest.param(cap(namespace=""), "cap", [("unknown_namespace", "alert")], id="no namespace"),
        pytest.param(cap(namespace="urn:x:cap:9"), "cap", [("unknown_namespace", "alert")], id="another version"),
        pytest.param(
            cap().replace("<", "<c:").replace("<c:/", "</c:").replace("xmlns=", "xmlns:c="), "cap-1.2", [], id="prefix"
        ),
    ],
)
def test_every_version_is_read(text: str, form: str, codes: list[tuple[str, str]]) -> None:
    alert = read(text)
    assert (alert.format, alert.infos[0].event, alert.infos[0].areas[0].polygons) == (form, "暴雨", (SQUARE,))
    assert codes_of(alert) == codes


def test_the_words_and_pairs_of_cap_1_0_are_read() -> None:
    inside = "<eventCode>same=SVR</eventCode><parameter>HSAS=ORANGE</parameter>"
    place = area("<geocode>fips6=006109</geocode>")
    only = read(cap(info(inside, place, event="STORM", certainty="Very Likely"), namespace=CAP_10)).infos[0]
    assert (only.certainty, only.event_codes, only.parameters) == (
        Certainty.LIKELY,
        (("same", "SVR"),),
        (("HSAS", "ORANGE"),),
    )
    assert only.areas[0].geocodes == (Geocode("fips6", "006109"),)


def test_every_language_keeps_its_own_text_and_all_have_one_hazard() -> None:
    english = info("<language>en-US</language>", event="thunderstorm")
    other = info("<language>xx-XX</language>", event="words that no table knows")
    alert = read(cap(other + english))
    assert [(one.language, one.event) for one in alert.infos] == [
        ("xx-XX", "words that no table knows"),
        ("en-US", "thunderstorm"),
    ]
    assert {one.hazard for one in alert.infos} == {"thunderstorm"}


def test_an_extension_with_the_name_of_a_field_is_none() -> None:
    alert = read(cap(inside='<scope>Public</scope><x:status xmlns:x="urn:x">Test</x:status>'))
    assert (alert.status, alert.findings) == (Status.ACTUAL, ())


def test_a_signature_is_left_alone() -> None:
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature>'
    signed = cap().replace("</alert>", f"{signature}</alert>")
    assert read(signed) == read(cap())


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        pytest.param("<feed/>", "not_cap", "feed", id="no alert"),
        pytest.param(cap(identifier=""), "missing_field", "identifier", id="no identifier"),
        pytest.param(cap(sender=" "), "missing_field", "sender", id="no sender"),
        pytest.param(cap(sent=""), "missing_field", "sent", id="no time"),
        pytest.param(cap(sent="yesterday"), "bad_time", "sent", id="time that is none"),
        pytest.param(cap(sent="9999-01-01T00:00:00Z"), "bad_time", "sent", id="year 9999"),
        pytest.param(cap(status=""), "missing_field", "status", id="no status"),
        pytest.param(cap(status="Aktuell"), "unknown_word", "status", id="unknown status"),
        pytest.param(cap(msg_type="Retract"), "unknown_word", "msgType", id="unknown type"),
        pytest.param(cap(identifier="x" * 501), "too_long", "identifier", id="endless identifier"),
    ],
)
def test_a_message_that_cannot_be_followed_is_refused_by_name(text: str, code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert refused.value.args[0]
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(cap(inside=""), ("missing_field", "scope"), id="no scope"),
        pytest.param(cap(""), ("missing_field", "info"), id="no info"),
        pytest.param(cap(info(event="")), ("missing_field", "info[0].event"), id="no event"),
        pytest.param(cap(info(event="暴雨&#13;&#10;Bcc: a@example.org")), ("line_break", "info[0].event"), id="line"),
        pytest.param(cap(info(certainty="Sure")), ("unknown_word", "info[0].certainty"), id="unknown word"),
        pytest.param(cap(info(certainty="")), ("missing_field", "info[0].certainty"), id="empty word"),
        pytest.param(cap(identifier="a b, c"), ("key_characters", "identifier"), id="spaces in the identifier"),
        pytest.param(cap(sent="2026-07-20T00:00:00"), ("no_offset", "sent"), id="no offset"),
        pytest.param(cap(sent="2569-07-20T08:00:00+08:00"), ("buddhist_year", "sent"), id="Buddhist year"),
        pytest.param(
            cap(info("<expires>9999-12-31T00:00:00Z</expires>")),
            ("year_out_of_range", "info[0].expires"),
            id="expires in 9999",
        ),
        pytest.param(
            cap(info("<severity>Minor</severity>")), ("repeated_field", "info[0].severity"), id="two severities"
        ),
        pytest.param(
            cap(info(areas=area("<altitude>high</altitude>"))), ("bad_height", "info[0].area[0].altitude"), id="height"
        ),
        pytest.param(
            cap(info(areas=area("<altitude>nan</altitude>"))), ("bad_height", "info[0].area[0].altitude"), id="nan"
        ),
        pytest.param(
            cap(info(areas=area("<circle>1,2 0</circle>"))), ("point_only", "info[0].area[0].circle"), id="point"
        ),
        pytest.param(cap(info(areas=area("<polygon>1,2 3,4</polygon>"))), ("bad_polygon", "polygon"), id="no polygon"),
        pytest.param(
            cap(inside="<scope>Public</scope><references>a X0 2026</references>"),
            ("bad_reference", "references"),
            id="references",
        ),
    ],
)
def test_a_mistake_is_said_and_the_message_is_read(text: str, found: tuple[str, str]) -> None:
    alert = read(text)
    assert codes_of(alert) == [found]
    assert alert.identifier


def test_a_cancel_needs_no_info() -> None:
    alert = read(cap("", msg_type="Cancel"))
    assert (alert.msg_type, alert.infos, alert.findings) == (MsgType.CANCEL, (), ())


@pytest.mark.parametrize(
    ("sent", "times", "expected"),
    [
        pytest.param("2026-07-20T08:00:00", "<expires>2026-07-20T14:00:00+08:00</expires>", SENT_MS, id="one other"),
        pytest.param("2026-07-20T08:00:00", "", SENT_MS + 8 * HOUR, id="no other: UTC"),
        pytest.param(
            "2026-07-20T08:00:00",
            "<onset>2026-07-20T09:00:00+07:00</onset><expires>2026-07-20T14:00:00+08:00</expires>",
            SENT_MS + 8 * HOUR,
            id="others that differ: UTC",
        ),
        pytest.param(
            "2026-07-20T08:00:00",
            "<onset>tomorrow</onset><expires>2026-07-20T14:00:00+08:00</expires>",
            SENT_MS,
            id="one of them no time",
        ),
    ],
)
def test_a_time_without_offset_has_that_of_the_other_times(sent: str, times: str, expected: int) -> None:
    alert = read(cap(info(times), sent=sent))
    assert (alert.sent, codes_of(alert)[0]) == (expected, ("no_offset", "sent"))


def test_an_end_without_offset_has_that_of_the_sending() -> None:
    alert = read(cap(info("<expires>2026-07-20T14:00:00</expires>")))
    assert (alert.infos[0].expires, codes_of(alert)) == (SENT_MS + 6 * HOUR, [("no_offset", "info[0].expires")])


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_other_statuses_stay_what_they_are(status: str) -> None:
    assert read(cap(status=status)).status == status


@pytest.mark.parametrize("code", ["RWT", "RMT", "NPT", "DMO"])
def test_a_test_by_its_event_code_is_one_although_its_status_is_actual(code: str) -> None:
    alert = read(cap(info(pair("eventCode", "SAME", code), event="Required Test")))
    assert (alert.status, codes_of(alert)) == (Status.TEST, [("test_by_code", "status")])


def test_several_codes_in_one_value_are_told_apart_and_names_are_not() -> None:
    codes = (
        pair("geocode", "FIPS6", "009007 009009") + pair("geocode", "name", "Two Words") + pair("geocode", "UGC", "")
    )
    assert read(cap(info(areas=area(codes)))).infos[0].areas[0].geocodes == (
        Geocode("FIPS6", "009007"),
        Geocode("FIPS6", "009009"),
        Geocode("name", "Two Words"),
    )


VTEC = "/O.CON.KOAX.TO.W.0076.000000T0000Z-260720T0300Z/"


def test_a_us_message_has_the_key_and_the_end_of_its_event() -> None:
    inside = pair("parameter", "VTEC", VTEC) + pair("parameter", "eventEndingTime", "2026-07-20T04:00:00+00:00")
    alert = read(cap(info(inside, event="An event of no table")))
    assert (alert.event_key, alert.infos[0].ends, alert.infos[0].hazard) == (
        "vtec:KOAX.TO.W.0076.2026",
        SENT_MS + 4 * HOUR,
        "tornado",
    )


def test_without_a_stated_end_that_of_the_vtec_counts() -> None:
    assert read(cap(info(pair("parameter", "VTEC", VTEC)))).infos[0].ends == SENT_MS + 3 * HOUR


def test_references_that_have_expired_are_references_still() -> None:
    expired = pair("parameter", "expiredReferences", "a@example.org,X0,2026-07-20T07:00:00+08:00 a@example.org,Y0,")
    named = "<scope>Public</scope><references>a@example.org,X0,2026-07-20T07:00:00+08:00</references>"
    alert = read(cap(info(expired), inside=named))
    assert alert.references == (AlertKey("a@example.org", "X0", SENT_MS - HOUR), AlertKey("a@example.org", "Y0", 0))


@pytest.mark.parametrize(
    ("inside", "color", "level"),
    [
        pytest.param(
            pair("parameter", "awareness_level", "3; orange; Severe"), Color.ORANGE, Level.SEVERE, id="orange"
        ),
        pytest.param(pair("parameter", "awareness_level", "1; green; Minor"), Color.GREEN, Level.NONE, id="green"),
        pytest.param(
            pair("parameter", "eventtype", "TC") + pair("parameter", "alertlevel", "Red"),
            Color.RED,
            Level.EXTREME,
            id="GDACS red",
        ),
        pytest.param(pair("parameter", "alertlevel", "Red"), None, Level.SEVERE, id="anybody's alert level"),
        pytest.param(pair("eventCode", "AREA_COLOR", "255 255 0"), None, Level.SEVERE, id="German area colour"),
        pytest.param("<headline>某气象台发布暴雨蓝色预警信号</headline>", Color.BLUE, Level.MINOR, id="Chinese signal"),
    ],
)
def test_the_colour_is_the_issuers_own(inside: str, color: Color | None, level: Level) -> None:
    only = read(cap(info(inside))).infos[0]
    assert (only.color, only.level) == (color, level)


@pytest.mark.parametrize(
    ("inside", "hazard"),
    [
        pytest.param(pair("parameter", "awareness_type", "3; Thunderstorm"), "thunderstorm", id="MeteoAlarm"),
        pytest.param(pair("parameter", "eventtype", "EQ"), "earthquake", id="GDACS"),
        pytest.param(pair("eventCode", "12379", "11B03"), "rainstorm", id="national warning centre"),
    ],
)
def test_the_hazard_is_told_by_the_codes_of_the_profile(inside: str, hazard: str) -> None:
    assert read(cap(info(inside, event="xyz"))).infos[0].hazard == hazard


def test_the_episodes_of_a_gdacs_event_have_one_key() -> None:
    inside = pair("parameter", "eventtype", "TC") + pair("parameter", "eventid", "1001")
    assert read(cap(info(inside))).event_key == "gdacs:TC.1001"


def test_a_chinese_signal_has_the_office_and_the_type_in_its_key() -> None:
    text = cap(info(pair("eventCode", "12379", "11B03")), identifier="31000041600000_20260720080000")
    alert = read(text)
    assert (alert.issuer, alert.event_key) == ("310000", "cn:310000:11B03")


def test_a_colour_that_the_signal_does_not_have_is_doubted() -> None:
    inside = pair("eventCode", "12379", "11B15") + "<headline>某气象台发布冰雹蓝色预警</headline>"
    alert = read(cap(info(inside, event="冰雹"), identifier="31000041600000_20260720080000"))
    assert codes_of(alert) == [("impossible_signal", "color")]


def test_many_mistakes_of_one_kind_are_one_finding() -> None:
    alert = read(cap(info(areas=area("<circle>x</circle>") * 500)))
    assert [(finding.code, "(and 499 more)" in finding.text) for finding in alert.findings] == [("bad_circle", True)]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        pytest.param(cap(info() * (MAX_INFOS + 1)), "info", id="infos"),
        pytest.param(cap(info(areas="<area/>" * (MAX_AREAS // 2)) * 3), "area", id="areas"),
        pytest.param(
            cap(info(areas=area(pair("geocode", "a", "1 " * 900) * (MAX_GEOCODES // 900 + 1)))),
            "geocode",
            id="geocodes",
        ),
        pytest.param(cap(info(pair("parameter", "a", "b") * 1001)), "info[0].parameter", id="parameters"),
    ],
)
def test_what_is_too_much_is_left_out_and_said(text: str, field: str) -> None:
    assert codes_of(read(text)) == [("too_many", field)]


def test_the_areas_left_are_those_allowed() -> None:
    alert = read(cap(info(areas="<area/>" * (MAX_AREAS // 2)) * 3))
    assert sum(len(one.areas) for one in alert.infos) == MAX_AREAS


def test_alerts_are_found_inside_an_envelope() -> None:
    envelope = read_xml(f"<e:list xmlns:e='urn:e'><e:body>{cap()}</e:body>{cap(identifier='X2')}</e:list>".encode())
    assert [parse_cap(found).identifier for found in find_caps(envelope)] == ["X1", "X2"]


@settings(max_examples=150, deadline=None)
@given(st.integers(), st.integers(1, 12))
def test_a_damaged_message_is_read_or_refused_and_nothing_else(seed: int, changes: int) -> None:
    damaged = bytearray(FULL.encode())
    chance = random.Random(seed)
    for _ in range(changes):
        place = chance.randrange(len(damaged))
        damaged[place : place + chance.choice((0, 1, 1, 20))] = chance.choice(
            (b"", b"<", b"-", b"9", b"\xff", b"&#x1;")
        )
    assert outcome(bytes(damaged)) in (Alert, Refused)


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["sent", "expires", "polygon", "circle", "references", "status", "altitude"])
)
def test_any_text_in_a_field_is_read_or_refused_and_nothing_else(text: str, name: str) -> None:
    root = read_xml(FULL.encode())
    next(root.iter(f"{{*}}{name}")).text = "".join(letter for letter in text if letter.isprintable())
    assert outcome_of(root) in (Alert, Refused)


def outcome(raw: bytes) -> type:
    """Alert or Refused."""
    try:
        return outcome_of(read_xml(raw))
    except Refused as exc:
        return type(exc)


def outcome_of(root: Element) -> type:
    """The same of a root."""
    try:
        return type(parse_cap(root))
    except Refused as exc:
        return type(exc)
