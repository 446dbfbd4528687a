"""Chinese signals of every feed: one model, chains without references, ids that two signals share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud_gateway.warnings.chinese.modelled import parse_modelled
from cloud_gateway.warnings.chinese.national import parse_national
from cloud_gateway.warnings.chinese.nmc import parse_nmc
from cloud_gateway.warnings.chinese.qweather import parse_qweather_1, parse_qweather_7
from cloud_gateway.warnings.chinese.two_digit import parse_two_digit
from cloud_gateway.warnings.course import State
from cloud_gateway.warnings.lifecycle import follow
from cloud_gateway.warnings.model import Alert, Color, Geocode, Level, MsgType, Refused, Severity
from tests.cloud_gateway.warnings import samples

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("parse", "sample", "facts"),
    [
        (parse_modelled, samples.modelled(), ("310000", "cn:310000:11B01", "typhoon", Color.BLUE, 1726300800000)),
        (parse_national, samples.national(), ("120000", "cn:120000:11B21", "ice", Color.YELLOW, 1705847798000)),
        (parse_nmc, samples.nmc(), ("440100", "cn:440100:11B03", "rainstorm", Color.YELLOW, 1718317080000)),
        (parse_two_digit, samples.two_digit(), ("440100", "cn:440100:11B14", "lightning", Color.YELLOW, 1718317080000)),
        (
            parse_qweather_7,
            samples.qweather_7(),
            ("示例县气象台", "cn:示例县气象台:11B06", "gale", Color.BLUE, 1710646140000),
        ),
        (
            parse_qweather_1,
            samples.qweather_1(),
            ("示例区气象台", "cn:示例区气象台:11B06", "gale", Color.BLUE, 1729739940000),
        ),
    ],
    ids=["modelled", "12379", "nmc", "two digits", "qweather 7", "qweather 1"],
)
def test_every_feed_tells_office_hazard_colour_and_time(
    parse: Callable[[bytes], Alert], sample: samples.Sample, facts: tuple[object, ...]
) -> None:
    alert = parse(samples.as_bytes(sample))
    assert (alert.issuer, alert.event_key, alert.hazard, alert.infos[0].color, alert.sent) == facts
    assert alert.infos[0].language == "zh-CN"


@pytest.mark.parametrize("digit", ["1", "2", "3", "4"])
def test_the_level_digit_of_a_picture_agrees_with_the_title(digit: str) -> None:
    word = {"1": "红", "2": "橙", "3": "黄", "4": "蓝"}[digit]
    alert = parse_nmc(samples.as_bytes(samples.nmc(title=f"示例台发布暴雨{word}色预警信号", pic=f"p000200{digit}.png")))
    assert alert.findings == ()


def test_of_code_and_title_the_title_counts_and_the_conflict_is_told() -> None:
    alert = parse_two_digit(samples.as_bytes(samples.two_digit(code="0904")))
    assert alert.infos[0].color is Color.YELLOW
    assert [finding.code for finding in alert.findings] == ["color_conflict"]


def test_an_irregular_picture_leaves_it_to_the_title() -> None:
    alert = parse_nmc(samples.as_bytes(samples.nmc(pic="p0000001.png", title="示例台发布大雾橙色预警信号")))
    assert (alert.hazard, alert.level) == ("fog", Level.SEVERE)


def test_two_signals_of_one_office_and_second_stay_apart() -> None:
    rain = parse_modelled(
        samples.as_bytes(samples.modelled(title="示例市气象台发布暴雨橙色预警信号", type_code="11B03"))
    )
    wind = parse_modelled(
        samples.as_bytes(samples.modelled(title="示例市气象台发布大风黄色预警信号", type_code="11B06"))
    )
    assert rain.key != wind.key
    assert rain.event_key != wind.event_key


def test_a_reference_by_the_feeds_id_finds_the_message() -> None:
    first = parse_modelled(samples.as_bytes(samples.modelled()))
    second = parse_modelled(
        samples.as_bytes(
            samples.modelled(
                id="31000041600000_20240915163000", action="update", supersedes=["31000041600000_20240914160000"]
            )
        )
    )
    assert second.references[0].identifier == first.identifier


def test_a_feed_without_references_replaces_by_office_and_hazard() -> None:
    first = parse_nmc(samples.as_bytes(samples.nmc()))
    second = parse_nmc(
        samples.as_bytes(
            samples.nmc(
                alertid="44010041600000_20240614082133",
                issuetime="2024/06/14 08:18",
                title="示例市气象台发布暴雨橙色预警信号",
                pic="p0002002.png",
            )
        )
    )
    (course,) = follow((second, first), (), second.sent + 1)
    assert (course.state, course.level, course.head) == (State.UPGRADED, Level.SEVERE, second.key)


@pytest.mark.parametrize(
    ("parse", "sample"),
    [
        (parse_nmc, samples.nmc(title="示例市气象台解除暴雨黄色预警信号")),
        (parse_modelled, samples.modelled(action="cancel")),
        (parse_qweather_7, samples.qweather_7(status="cancel")),
        (parse_qweather_1, samples.qweather_1(messageType={"code": "cancel"})),
        (parse_qweather_7, samples.qweather_7(title="示例县气象台解除大风蓝色预警")),
    ],
    ids=["title", "modelled", "qweather 7", "qweather 1", "title over status"],
)
def test_a_lift_is_a_cancel(parse: Callable[[bytes], Alert], sample: samples.Sample) -> None:
    assert parse(samples.as_bytes(sample)).msg_type is MsgType.CANCEL


def test_the_feeds_own_day_is_no_end() -> None:
    alert = parse_qweather_7(samples.as_bytes(samples.qweather_7()))
    (course,) = follow((alert,), (), alert.sent + 3 * DAY_MS)
    assert alert.infos[0].expires is None
    assert "end_assumed" in {finding.code for finding in alert.findings}
    assert course.in_force


def test_an_end_that_the_office_gave_stays() -> None:
    alert = parse_qweather_1(samples.as_bytes(samples.qweather_1()))
    assert (alert.infos[0].expires, alert.infos[0].onset) == (1729771200000, 1729742400000)
    assert alert.references[0].identifier == "202410181140100706230391.11B06"


def test_a_kind_that_nobody_listed_keeps_its_name() -> None:
    event = {"name": "中小河流洪水气象风险", "code": "1211"}
    title = "示例区气象台发布中小河流洪水气象风险黄色预警"
    alert = parse_qweather_1(samples.as_bytes(samples.qweather_1(eventType=event, headline=title)))
    assert (alert.infos[0].event, alert.hazard) == ("中小河流洪水气象风险", "flood")


def test_a_blue_hail_signal_is_marked_and_kept() -> None:
    alert = parse_modelled(
        samples.as_bytes(samples.modelled(title="示例市气象台发布冰雹蓝色预警信号", type_code="11B15"))
    )
    assert (alert.hazard, alert.level) == ("hail", Level.MINOR)
    assert "impossible_signal" in {finding.code for finding in alert.findings}


def test_the_division_is_the_area_where_the_id_holds_it() -> None:
    national = parse_national(samples.as_bytes(samples.national()))
    relayed = parse_qweather_7(samples.as_bytes(samples.qweather_7()))
    assert national.infos[0].areas[0].geocodes == (Geocode("adcode", "120000"),)
    assert relayed.infos[0].areas[0].geocodes == ()
    assert "no_area" in {finding.code for finding in relayed.findings}


def test_an_english_relay_is_told_by_its_fields() -> None:
    sample = samples.qweather_7(title="Example issued gale yellow warning", severityColor="Yellow", typeName="Gale")
    alert = parse_qweather_7(samples.as_bytes(sample))
    assert (alert.infos[0].event, alert.infos[0].language, alert.infos[0].severity) == ("Gale", "en", Severity.MODERATE)


@pytest.mark.parametrize(
    ("parse", "sample", "field"),
    [
        (parse_nmc, samples.nmc(issuetime="soon"), "issuetime"),
        (parse_nmc, samples.nmc(alertid=None), "alertid"),
        (parse_modelled, samples.modelled(issued="0001-13-99"), "issued"),
        (parse_two_digit, samples.two_digit(pubtimestamp=-5), "pubtimestamp"),
        (parse_two_digit, samples.two_digit(pubtimestamp=1e300), "pubtimestamp"),
        (parse_qweather_1, samples.qweather_1(id=7), "$.id"),
        (parse_national, samples.national(headline=""), "headline"),
    ],
    ids=["no time", "no id", "impossible time", "before 1970", "far future", "id no text", "no title"],
)
def test_what_cannot_be_told_apart_or_placed_in_time_is_refused(
    parse: Callable[[bytes], Alert], sample: samples.Sample, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        parse(samples.as_bytes(sample))
    assert refused.value.field == field
