"""What the live page says, composed from snapshots: the answer first, in both languages."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cloud_gateway import app
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.console.field import main_zone
from cloud_gateway.console.labels import Labels
from cloud_gateway.console.overview import compose_overview
from cloud_gateway.console.places import find_key, pick_streams
from cloud_gateway.console.store import Snapshot
from cloud_gateway.console.views import Overview
from cloud_gateway.devices.condition import Tone
from cloud_gateway.devices.store import Device, Health, Rule, Stream
from cloud_gateway.sites.store import Site
from edge_agent.web.words import CHINESE, ENGLISH, LOCALE, read_words

NOW = 1_800_000_000_000
MIN = 60_000
HOUR = 60 * MIN
WORDS = read_words([LOCALE, Path(app.__file__).parent / "locale"])
SITE = Site("1", "dock", "Dock", "码头", 31.2, 121.5, "Asia/Shanghai", False)
STREAM = Stream("tide-1", "tide", "m", 60, "Water level", "潮位", None, 2.13, NOW - MIN, NOW)
DEVICE = Device(
    id="tide-1", role="sensor-node", software="1", serial="1", simulated=False, site="dock", heartbeat_s=60,
    birth_at=NOW, presence="online", presence_at=NOW, heard_at=NOW - 2000, heartbeat_at=NOW, depth=0, oldest_at=None,
)  # fmt: skip
ALARM = Alarm(
    device="tide-1", epoch="e", seq=1, site="dock", rule="high", stream="tide", type="threshold", severity="urgent",
    label="High water", label_zh="高水位", value=4.27, limit=2.9, unit="m", since=NOW, raised_at=NOW - 42 * MIN,
    received_at=NOW, cleared_at=None,
)  # fmt: skip
CALM = Snapshot(sites=[SITE], devices=[DEVICE], streams={"tide-1": [STREAM]})


def compose(snapshot: Snapshot, language: str = ENGLISH, *, in_scenario: bool = True) -> Overview:
    return compose_overview(snapshot, NOW, Labels(language, WORDS.of(language)), in_scenario=in_scenario)


def with_(**changes: object) -> Snapshot:
    return dataclasses.replace(CALM, **changes)  # type: ignore[arg-type]  # the cases below are the check


SILENT = dataclasses.replace(DEVICE, heard_at=NOW - 6 * MIN)
LATE = dataclasses.replace(DEVICE, depth=214, oldest_at=NOW - 6 * MIN)
MILD = dataclasses.replace(ALARM, severity="attention")
CASES = [
    ("nothing at all", Snapshot(), Tone.OFF, "No device has reported yet.", "还没有设备上报。"),
    ("calm", CALM, Tone.OK, "No alarm is open; there has been none so far.", "没有未处理的告警；至今没有出现过告警。"),
    (
        "calm again",
        with_(last_closed=NOW - 3 * HOUR),
        Tone.OK,
        "No alarm is open; the last was closed 3 h ago.",
        "没有未处理的告警；最近一条在 3 小时前解除。",
    ),
    ("an urgent alarm", with_(alarms=[ALARM]), Tone.BAD, "1 urgent alarm: Dock", "1 条紧急告警：码头"),
    (
        "alarms of two kinds",
        with_(alarms=[MILD, ALARM, ALARM]),
        Tone.BAD,
        "2 urgent alarms: Dock",
        "2 条紧急告警：码头",
    ),
    ("a mild alarm", with_(alarms=[MILD]), Tone.LATE, "1 alarm needs attention: Dock", "1 条告警需要注意：码头"),
    (
        "a silent device",
        with_(devices=[SILENT]),
        Tone.LATE,
        "1 device needs attention; no alarm is open.",
        "1 台设备需要注意；没有未处理的告警。",
    ),
]


@pytest.mark.parametrize(("snapshot", "tone", "english", "chinese"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_page_opens_with_the_answer(snapshot: Snapshot, tone: Tone, english: str, chinese: str) -> None:
    pages = [compose(snapshot, language) for language in (ENGLISH, CHINESE)]
    assert [p.headline.title for p in pages] == [english, chinese]
    assert {p.headline.tone for p in pages} == {tone}


def test_alarm_says_by_how_much_where_and_since_when() -> None:
    alarm = compose(with_(alarms=[ALARM]), CHINESE).alarms[0]
    assert (alarm.label, alarm.site, alarm.detail) == ("高水位", "码头", "4.27 m ≥ 2.90 m，现在 2.13 m")
    assert (alarm.age_ms, alarm.zone, alarm.severity) == (42 * MIN, "Asia/Shanghai", "紧急")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("threshold", "4.27 m ≥ 2.90 m, now 2.13 m"),
        ("residual", "4.27 m above prediction, limit 2.90 m, now 0.13 m"),
        ("rise", "rising 4.27 m, limit 2.90 m"),
        ("contact", "contact active"),
        (None, "4.27 m ≥ 2.90 m"),
        ("of the future", "4.27 m ≥ 2.90 m"),
    ],
)
def test_alarm_is_told_by_its_kind(kind: str | None, expected: str) -> None:
    predicted = Stream("tide-1", "tide_predicted", "m", 360, "", "", "tide", 2.0, NOW, NOW)
    snapshot = with_(alarms=[dataclasses.replace(ALARM, type=kind)], streams={"tide-1": [STREAM, predicted]})
    assert compose(snapshot).alarms[0].detail == expected


@pytest.mark.parametrize(
    ("device", "english"),
    [
        (SILENT, "nothing heard for 6 min"),
        (LATE, "214 records wait on the device, the oldest for 6 min"),
        (dataclasses.replace(DEVICE, presence="lost", presence_at=NOW - 3000), "connection broke 3 s ago"),
        (dataclasses.replace(DEVICE, heard_at=None), "placed, but nothing has come from it yet"),
        (DEVICE, ""),
    ],
)
def test_device_says_what_is_amiss(device: Device, english: str) -> None:
    assert compose(with_(devices=[device])).devices[0].detail == english


def test_urgent_alarms_come_first_then_the_oldest() -> None:
    older = dataclasses.replace(ALARM, raised_at=NOW - HOUR, seq=2)
    mild = dataclasses.replace(MILD, raised_at=NOW - 9 * HOUR, seq=3)
    page = compose(with_(alarms=[ALARM, mild, older]))
    assert [a.age_ms // MIN for a in page.alarms] == [60, 42, 540]


def test_simulated_alarms_age_in_scenario_time() -> None:
    then = NOW - 40_000 * HOUR
    snapshot = with_(
        devices=[dataclasses.replace(DEVICE, simulated=True, heartbeat_at=then, birth_at=then)],
        streams={"tide-1": [dataclasses.replace(STREAM, at=then)]},
        alarms=[dataclasses.replace(ALARM, raised_at=then - 42 * MIN)],
    )
    page = compose(snapshot)
    assert (page.clock, page.simulated, page.alarms[0].age_ms) == (then, True, 42 * MIN)


def test_sites_with_trouble_are_charted_first() -> None:
    calm = dataclasses.replace(SITE, id="2", code="a-yard")
    worse = dataclasses.replace(SITE, id="3", code="z-pier")
    more = [dataclasses.replace(ALARM, site="z-pier", seq=n) for n in (2, 3)]
    page = compose(with_(sites=[calm, SITE, worse], alarms=[ALARM, *more]))
    assert [s.code for s in page.charted] == ["z-pier", "dock", "a-yard"]


def test_site_shows_the_stream_people_ask_for() -> None:
    rain = Stream("yard-1", "rain", "mm", 300, "Rain", "雨量", None, 0.2, NOW, NOW)
    door = Stream("yard-1", "door", "", 300, "Door", "门", None, True, NOW, NOW)
    predicted = Stream("tide-1", "tide_predicted", "m", 360, "", "", "tide", 2.0, NOW, NOW)
    rule = Rule("yard-1", "wet", "rain", "threshold", 9.0, "mm", "urgent", "", "")
    found = [
        find_key(streams, rules)
        for streams, rules in (([door, rain, STREAM, predicted], [rule]), ([door, STREAM, rain], [rule]), ([door], []))
    ]
    assert found == [STREAM, rain, None]


def test_zone_of_most_sites_is_the_pages() -> None:
    harbour = dataclasses.replace(SITE, zone="America/New_York")
    assert [main_zone(z) for z in ([], [SITE], [harbour, SITE, harbour])] == [
        "UTC",
        "Asia/Shanghai",
        "America/New_York",
    ]


def test_a_simulated_device_sets_no_clock_outside_a_scenario() -> None:
    ahead = dataclasses.replace(DEVICE, simulated=True, heartbeat_at=NOW + 70 * 365 * 24 * HOUR)
    page = compose(with_(devices=[ahead]), in_scenario=False)
    assert (page.clock, page.simulated_clock) == (NOW, False)


@pytest.mark.parametrize(
    ("health", "state", "detail"),
    [
        (Health(1, {}, ["siren"]), "degraded", "does not work: siren"),
        (Health(1, {}, hours_left={"record": 3.0}), "nearly full", "records: full in 3 h"),
        (Health(1, {}, disk_free_mb=80.0), "nearly full", "80 MB left on its disk"),
        (Health(1, {}, undervoltage=True), "low voltage", "its supply voltage is too low"),
        (Health(1, {}, hours_left={"record": 30.0}, disk_free_mb=800.0), "normal", ""),
        (None, "normal", ""),
    ],
    ids=["degraded", "outbox", "disk", "voltage", "room enough", "says nothing"],
)
def test_device_in_trouble_is_told_although_it_reports(health: Health | None, state: str, detail: str) -> None:
    page = compose(with_(devices=[dataclasses.replace(DEVICE, health=health)]))
    site, device = page.sites[0], page.devices[0]
    assert (device.state, device.detail) == (state, detail)
    assert {page.headline.tone, site.tone, device.tone} == {Tone.OK if state == "normal" else Tone.LATE}


def test_site_counts_its_devices_by_how_they_stand_the_worst_first() -> None:
    lost = dataclasses.replace(DEVICE, presence="lost", presence_at=NOW)
    devices = [dataclasses.replace(one, id=str(n)) for n, one in enumerate([DEVICE, lost, DEVICE, LATE, lost, lost])]
    nowhere = dataclasses.replace(SILENT, id="nowhere", site=None)
    page = compose(with_(devices=[*devices, nowhere]))
    assert [(one.tone, one.word, one.count) for one in page.sites[0].devices] == [
        (Tone.LATE, "late", 1), (Tone.OFF, "connection lost", 3), (Tone.OK, "normal", 2),
    ]  # fmt: skip
    assert page.tally == "7 devices · 3 reporting · 1 at no site"
    assert sum(one.count for one in page.tallies) == 7


def test_a_storm_over_many_places_names_a_few() -> None:
    sites = [dataclasses.replace(SITE, id=str(n), code=f"s{n}", name=f"Dock {n}") for n in range(6)]
    alarms = [dataclasses.replace(ALARM, site=f"s{n}", seq=n) for n in range(6)]
    page = compose(with_(sites=sites, alarms=alarms))
    assert page.headline.title == "6 urgent alarms: Dock 0, Dock 1, Dock 2, Dock 3 and 2 more sites"


def test_site_of_many_streams_charts_those_that_are_asked_for_first() -> None:
    streams = [dataclasses.replace(STREAM, name=f"s{n:02}") for n in range(20)]
    predicted = dataclasses.replace(STREAM, name="s19-predicted", predicts="s19")
    rule = Rule("tide-1", "wet", "s17", "threshold", 9.0, "m", "urgent", "", "")
    alarm = dataclasses.replace(ALARM, stream="s18")
    found = pick_streams([*streams, predicted], streams[19], [rule], [alarm])
    assert [one.name for one in found] == ["s00", "s01", "s02", "s03", "s04", "s17", "s18", "s19", "s19-predicted"]
    site = compose(with_(streams={"tide-1": [*streams, predicted]})).charted[0]
    assert (len(site.plots), site.unplotted) == (9, 12)


def test_a_device_that_lives_today_does_not_age_by_a_story() -> None:
    then = NOW - 40_000 * HOUR
    story = dataclasses.replace(DEVICE, id="story", simulated=True, heartbeat_at=then, birth_at=then)
    today = dataclasses.replace(DEVICE, simulated=True)
    page = compose(with_(devices=[story, today], streams={"tide-1": [STREAM]}, alarms=[ALARM]))
    assert (page.clock, page.alarms[0].age_ms, {one.tone for one in page.devices}) == (then, 42 * MIN, {Tone.OK})


def test_streams_of_one_name_are_told_apart_by_their_devices() -> None:
    rain = dataclasses.replace(STREAM, name="rain", label="Rain")
    other = dataclasses.replace(STREAM, device="tide-2")
    devices = [DEVICE, dataclasses.replace(DEVICE, id="tide-2")]
    site = compose(with_(devices=devices, streams={"tide-1": [STREAM, rain], "tide-2": [other]})).charted[0]
    assert sorted(one.label for one in site.plots) == ["Rain", "Water level · tide-1", "Water level · tide-2"]
