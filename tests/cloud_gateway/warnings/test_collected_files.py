"""The collected alerts, where they are at hand: everything is read, nothing falls over, names and codes are known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cloud_gateway.warnings.course import State
from cloud_gateway.warnings.lifecycle import follow
from cloud_gateway.warnings.reading import read_alerts

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the collected files (../shared/data) are not here")
#: 2024-09-16T13:00Z: the modelled typhoon signal is lifted, the county's signals stand without an end.
EVENING = 1_726_491_600_000


@pytest.mark.parametrize(
    ("name", "count", "with_event", "areas"),
    [
        ("cedar_rapids_tornado_flood.absolute.json", 48, 48, 34),
        ("us_active_246_guam7day.absolute.json", 246, 225, 14),
    ],
)
def test_all_nws_alerts_are_read_without_a_doubt(name: str, count: int, with_event: int, areas: int) -> None:
    reading = read_alerts((DATA / "nws-geojson" / name).read_bytes())
    assert (len(reading.alerts), reading.refused) == (count, ())
    assert sum(bool(alert.event_key) for alert in reading.alerts) == with_event
    assert sum(bool(alert.infos[0].areas[0].polygons) for alert in reading.alerts) == areas
    assert not any(alert.findings for alert in reading.alerts)


def test_only_statements_without_a_hazard_in_their_name_are_other() -> None:
    reading = read_alerts((DATA / "nws-geojson" / "us_active_246_guam7day.absolute.json").read_bytes())
    unknown = Counter(alert.infos[0].event for alert in reading.alerts if alert.hazard == "other")
    assert unknown == {"Special Weather Statement": 12}


def test_the_modelled_typhoon_is_one_warning_beside_three_others() -> None:
    (file,) = (DATA / "cn-alerts-modelled").glob("*.json")
    alerts = read_alerts(file.read_bytes()).alerts
    courses = {course.hazard: course for course in follow(alerts, (), EVENING)}
    assert {hazard: (course.state, len(course.members)) for hazard, course in courses.items()} == {
        "typhoon": (State.CANCELLED, 6),
        "rainstorm": (State.IN_FORCE, 1),
        "gale": (State.IN_FORCE, 1),
        "lightning": (State.EXPIRED, 1),
    }
    assert [step.state.value for step in courses["typhoon"].steps] == [
        "in-force",
        *["upgraded"] * 3,
        "downgraded",
        "cancelled",
    ]


def test_the_swiss_message_says_the_same_in_both_forms() -> None:
    (in_json,) = read_alerts((DATA / "alert-json" / "alertswiss-POA-1216107687-4.json").read_bytes()).alerts
    (in_xml,) = read_alerts((DATA / "cap-xml" / "alertswiss.ch__POA-1216107687-4__cap1.2.xml").read_bytes()).alerts
    assert in_json.key == in_xml.key
    assert in_json.infos[0].response_types == in_xml.infos[0].response_types
    assert len(in_json.infos[0].areas[0].polygons[0]) == len(in_xml.infos[0].areas[0].polygons[0])


@pytest.mark.parametrize("folder", ["cap-hostile-generated", "cap-malformed", "feeds"])
def test_every_file_is_taken_or_refused_with_a_reason(folder: str) -> None:
    for file in sorted((DATA / folder).iterdir()):
        reading = read_alerts(file.read_bytes())
        assert all(refused.code and refused.text and refused.remedy for refused in reading.refused), file.name
        assert len(reading.alerts) == len(reading.raws), file.name
