"""A story's modelled warnings: published as its time passes, real CAP and real Chinese signals, marked SIMULATED."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_gateway.warnings.course import Course, State
from cloud_gateway.warnings.lifecycle import follow
from cloud_gateway.warnings.model import Color, Level, MsgType, Status
from cloud_gateway.warnings.reading import read_alerts
from firmware_sim.feed import CAP_TYPE, INDEX, SIGNALS, write_documents
from firmware_sim.feed_server import FeedServer
from firmware_sim.scenario import Scenario, check_scenario, load_scenario
from firmware_sim.series import parse_time
from tests.firmware_sim.stories import STORY, write_story

WARNINGS = """
[[issuer]]
id = "quay-office"
name = "Quay weather office"
name_zh = "码头气象台"
adcode = "330203"

[[zone]]
id = "quay"
name = "Quay and harbour"
polygon = [[29.9, 120.9], [29.9, 121.1], [30.1, 121.1], [30.1, 120.9]]
codes = { adcode = ["330203"] }

[[warning]]
id = "watch"
at = 2026-01-01T00:10:00Z
issuer = "quay-office"
event = "Rainstorm"
event_zh = "暴雨"
kind = "11B03"
color = "blue"
severity = "Minor"
onset = 2026-01-01T00:30:00Z
ends = 2026-01-01T01:00:00Z
zones = ["quay"]
text = "Rain < 50 mm & wind."
text_zh = "预计有雨。"

[[warning]]
id = "raised"
at = 2026-01-01T00:20:00Z
issuer = "quay-office"
type = "update"
replaces = ["watch"]
event = "Rainstorm"
event_zh = "暴雨"
kind = "11B03"
color = "orange"
severity = "Severe"
zones = ["quay"]

[[warning]]
id = "over"
at = 2026-01-01T00:50:00Z
issuer = "quay-office"
type = "cancel"
replaces = ["raised"]
event = "Rainstorm"
event_zh = "暴雨"
kind = "11B03"
zones = ["quay"]

[[warning]]
id = "siren-test"
at = 2026-01-01T00:30:00Z
issuer = "quay-office"
status = "test"
event = "Rainstorm"
event_zh = "暴雨"
severity = "Extreme"
zones = ["quay"]
"""
CHINESE = WARNINGS.split('\n[[warning]]\nid = "siren-test"', maxsplit=1)[0]

AS_SIGNALS = 'warnings_as = "12379"\n'


def at(time: str) -> int:
    return parse_time(f"2026-01-01T{time}:00Z")


@pytest.fixture
def story(tmp_path: Path) -> Scenario:
    return load_scenario(write_story(tmp_path, STORY + WARNINGS))


@pytest.fixture
def chinese(tmp_path: Path) -> Scenario:
    return load_scenario(write_story(tmp_path, AS_SIGNALS + STORY + CHINESE))


class Time:
    """Story time that the test sets."""

    def __init__(self) -> None:
        self.now = at("00:00")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def server(story: Scenario, time: Time) -> Iterator[FeedServer]:
    server = FeedServer(story, lambda: time.now)
    server.start()
    yield server
    server.stop()


def get(url: str, tag: str = "") -> tuple[bytes, str, str]:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": tag}), timeout=30) as answer:
        return answer.read(), answer.headers["Content-Type"], answer.headers["ETag"]


def courses_of(bodies: list[bytes], now: int) -> tuple[Course, ...]:
    return follow([alert for body in bodies for alert in read_alerts(body).alerts], [], now)


def caps_at(story: Scenario, now: int) -> list[bytes]:
    return [body for media_type, body in write_documents(story, now).values() if media_type == CAP_TYPE]


def test_messages_appear_when_their_time_has_come(server: FeedServer, time: Time) -> None:
    assert read_alerts(get(server.url)[0], base=server.url).entries == ()
    time.now = at("00:20")
    links = [entry.link for entry in read_alerts(get(server.url)[0], base=server.url).entries]
    origin = server.url.removesuffix(INDEX)
    assert links == [f"{origin}/cap/raised.xml", f"{origin}/cap/watch.xml"]
    assert get(links[0])[1] == CAP_TYPE


def test_what_is_not_published_yet_is_not_there(server: FeedServer) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(server.url.replace(INDEX, "/cap/over.xml"))


def test_an_index_that_is_known_is_not_sent_again_until_it_grows(server: FeedServer, time: Time) -> None:
    tag = get(server.url)[2]
    with pytest.raises(urllib.error.HTTPError, match="304"):
        get(server.url, tag)
    time.now = at("00:10")
    assert b"watch.xml" in get(server.url, tag)[0]


def test_cap_says_who_what_where_and_when_in_both_languages(story: Scenario) -> None:
    (alert,) = read_alerts(caps_at(story, at("00:10"))[0]).alerts
    english, chinese = alert.infos
    assert (alert.identifier, alert.sent, alert.msg_type) == ("SIM-small-watch", at("00:10"), MsgType.ALERT)
    assert (english.language, english.event, english.hazard) == ("en-US", "Rainstorm", "rainstorm")
    assert (english.description, english.onset, english.ends) == ("Rain < 50 mm & wind.", at("00:30"), at("01:00"))
    assert (chinese.language, chinese.event, chinese.hazard) == ("zh-CN", "暴雨", "rainstorm")
    assert english.areas[0].polygons[0][0] == english.areas[0].polygons[0][-1] == (29.9, 120.9)
    assert english.areas[0].geocodes[0].code == "330203"
    assert alert.findings == ()


def test_every_message_is_marked_as_simulated(story: Scenario, chinese: Scenario) -> None:
    alerts = [alert for body in caps_at(story, at("01:00")) for alert in read_alerts(body).alerts]
    assert {alert.note[:15] for alert in alerts} == {"SIMULATED / 模拟:"}
    assert {info.sender_name[-11:] for alert in alerts for info in alert.infos[:1]} == {"(SIMULATED)"}
    signals = read_alerts(write_documents(chinese, at("01:00"))[SIGNALS][1], "12379").alerts
    assert {alert.sender for alert in signals} == {"码头气象台（模拟）"}


@pytest.mark.parametrize(
    ("now", "state", "level"),
    [
        pytest.param("00:15", State.SCHEDULED, Level.MINOR, id="announced"),
        pytest.param("00:25", State.UPGRADED, Level.SEVERE, id="upgraded"),
        pytest.param("00:55", State.CANCELLED, Level.NONE, id="cancelled"),
    ],
)
def test_the_messages_make_one_chain(story: Scenario, now: str, state: State, level: Level) -> None:
    chain = next(c for c in courses_of(caps_at(story, at(now)), at(now)) if c.state is not State.NOT_FOR_PUBLIC)
    assert (chain.state, chain.level) == (state, level)


def test_a_test_is_published_as_a_test(story: Scenario) -> None:
    alerts = [alert for body in caps_at(story, at("00:30")) for alert in read_alerts(body).alerts]
    assert [alert.identifier for alert in alerts if alert.status is Status.TEST] == ["SIM-small-siren-test"]


def test_chinese_signals_make_one_chain_in_the_national_shape(chinese: Scenario) -> None:
    reading = read_alerts(write_documents(chinese, at("01:00"))[SIGNALS][1], "12379")
    watch, raised, over = reading.alerts
    assert watch.identifier == "33020341600000_20260101081000.11B03"
    assert (watch.infos[0].color, raised.infos[0].color) == (Color.BLUE, Color.ORANGE)
    assert (raised.msg_type, over.msg_type) == (MsgType.UPDATE, MsgType.CANCEL)
    assert [course.state for course in follow(reading.alerts, [], at("01:00"))] == [State.CANCELLED]
    assert not reading.refused


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        pytest.param('zones = ["quay"]', 'zones = ["key"]', "warning[watch].zones", "there is no zone", id="zone"),
        pytest.param('issuer = "quay-', 'issuer = "key-', "warning[watch].issuer", "there is no issuer", id="issuer"),
        pytest.param('["watch"]', '["over"]', "warning[raised].replaces", "there is no earlier", id="later"),
        pytest.param('id = "raised"', 'id = "watch"', "warning[watch]", "stands there twice", id="twice"),
        pytest.param("T00:10:00Z", "T09:10:00Z", "warning[watch].at", "is not within the story", id="time"),
        pytest.param("ends = 2026-01-01T01", "ends = 2025-01-01T01", "warning[watch].ends", "not after", id="end"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, field: str, what: str) -> None:
    path = write_story(tmp_path, STORY + WARNINGS.replace(old, new, 1))
    assert [what in problem.what for problem in check_scenario(path) if problem.field == field] == [True]


def test_a_chinese_signal_needs_its_office_and_kind(tmp_path: Path) -> None:
    bare = CHINESE.replace('adcode = "330203"\n', "", 1).replace('kind = "11B03"\n', "", 1)
    path = write_story(tmp_path, AS_SIGNALS + STORY + bare)
    assert {problem.field for problem in check_scenario(path)} == {"issuer[quay-office].adcode", "warning[watch].kind"}
