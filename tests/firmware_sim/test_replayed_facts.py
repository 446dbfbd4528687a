"""The scenario cedar-rapids-2024 has the facts of the weather service's messages, and none of their texts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.reading import read_alerts
from firmware_sim.feed import CAP_TYPE, write_documents
from firmware_sim.scenario import load_scenario

FACTS = Path(__file__).parents[3] / "shared" / "data" / "nws-geojson" / "cedar_rapids_tornado_flood.absolute.json"
needs_facts = pytest.mark.skipif(not FACTS.exists(), reason="shared/data/nws-geojson is not beside the checkout")


@cache
def replayed() -> list[Alert]:
    story = load_scenario("cedar-rapids-2024")
    bodies = [body for kind, body in write_documents(story, story.end_ms).values() if kind == CAP_TYPE]
    return [alert for body in bodies for alert in read_alerts(body).alerts]


@cache
def issued() -> list[Alert]:
    return list(read_alerts(FACTS.read_bytes(), "nws").alerts)


def facts_of(alert: Alert) -> str:
    info = alert.infos[0]
    times = (alert.sent, info.onset, info.expires, info.ends)
    corners = [(round(y, 3), round(x, 3)) for area in info.areas for ring in area.polygons for y, x in ring]
    where = (corners, sorted(str(code) for area in info.areas for code in area.geocodes))
    return str((alert.event_key, info.event, alert.msg_type, info.level, info.urgency, info.certainty, times, where))


def test_forty_eight_messages_are_replayed() -> None:
    assert len(replayed()) == 48
    assert {info.sender_name.startswith("NWS ") for alert in replayed() for info in alert.infos[:1]} == {True}


@needs_facts
def test_office_event_times_level_and_outline_are_those_that_were_issued() -> None:
    assert sorted(map(facts_of, replayed())) == sorted(map(facts_of, issued()))


@needs_facts
def test_no_text_of_theirs_is_in_the_scenario() -> None:
    theirs = json.loads(FACTS.read_text())["features"]
    lines = {
        line.strip()
        for one in theirs
        for name in ("headline", "description", "instruction")
        for line in (one["properties"][name] or "").splitlines()
        if len(line.split()) >= 4
    }
    scenario = (Path(__file__).parents[2] / "firmware_sim/scenarios/cedar-rapids-2024/scenario.toml").read_text()
    assert len(lines) > 100
    assert [line for line in lines if line in scenario] == []
