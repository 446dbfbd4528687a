"""How long a device can be cut off, and what it writes to its card: a model of the outbox for given streams.

The model, checked by a test against a real outbox:
- a reading costs `quotas.cost` of its body, an alarm, record or diagnostic as many bytes as given here;
- a stream that reports every value has one reading each `interval_s`; one that reports changes has at least one each
  `max_interval_s`, and at most one each `interval_s`, which is what is counted;
- readings lie whole until 90 % of their quota is full; thinned, a stream has three values a minute at most;
- a commit writes its rows, and PAGES_A_COMMIT pages beside them, to the log; its rows go into the file once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.settings import AgentSettings, AnySensor
from edge_agent.storage.quotas import DETAIL_SHARE, HIGH_WATER, PAGE_BYTES, Quotas, cost
from edge_agent.wire.topics import Lane

DAY_S = 86_400
#: Bytes of typical bodies: a pack of one number, and what the other lanes carry.
READING_BODY = 45
HEARTBEAT_BODY = 400
ALARM_BODY = 150
RECORD_BODY = 600
#: What is counted of the lanes whose facts come from people and storms.
ALARMS_A_DAY = 48
RECORDS_A_DAY = 200
#: Pages that a commit writes beside those that its rows fill: the end of a lane, what leads there, the lane's count.
PAGES_A_COMMIT = 4
FRAME_BYTES = PAGE_BYTES + 24
#: Readings wait at most so long for their commit.
GROUP_S = 1.0
THINNED_A_MINUTE = 3


class LanePlan(NamedTuple):
    """One lane: facts a day, its quota, and hours until something happens without a gateway.

    `hours_whole`: until the first reading is thinned, or a record refused; `hours`: until the first is dropped.
    """

    lane: Lane
    facts_a_day: int
    quota_mb: float
    hours_whole: float
    hours: float


class Plan(NamedTuple):
    """The lanes, and bytes written to the card a day while the gateway acknowledges nothing."""

    lanes: tuple[LanePlan, ...]
    written_mb_a_day: float


def make_plan(settings: AgentSettings) -> Plan:
    """The plan of a device with these settings."""
    bounds = settings.outbox
    quotas = Quotas(bounds.alarm_share, bounds.record_share, bounds.reading_share, bounds.diagnostic_share)
    heartbeats = DAY_S / settings.heartbeat_s
    facts = {
        Lane.ALARM: (ALARMS_A_DAY, ALARM_BODY),
        Lane.RECORD: (RECORDS_A_DAY, RECORD_BODY),
        Lane.DIAGNOSTIC: (heartbeats, HEARTBEAT_BODY),
    }
    size = bounds.max_mb * 1024 * 1024
    lanes = [_plan_lane(lane, *facts[lane], quotas.bytes_of(lane, size)) for lane in facts]
    lanes.append(_plan_readings(settings.sensor, quotas.bytes_of(Lane.READING, size)))
    written = written_a_day(settings.sensor, heartbeats + ALARMS_A_DAY + RECORDS_A_DAY)
    return Plan(tuple(lanes), round(written / 1e6, 1))


def readings_a_day(sensors: Sequence[AnySensor]) -> float:
    """As many readings as the streams can have."""
    return sum(DAY_S / sensor.interval_s for sensor in sensors)


def written_a_day(sensors: Sequence[AnySensor], others_a_day: float) -> float:
    """Bytes a day that go to the card: to the log, and from there into the file."""
    commits = min(DAY_S / GROUP_S, readings_a_day(sensors)) + others_a_day
    rows = readings_a_day(sensors) * cost(READING_BODY) + others_a_day * cost(HEARTBEAT_BODY)
    log = commits * PAGES_A_COMMIT * FRAME_BYTES + rows
    return log + rows + log / 8


def _plan_lane(lane: Lane, facts: float, body: int, quota: int) -> LanePlan:
    hours = _hours(quota, facts * cost(body))
    return LanePlan(lane, round(facts), round(quota / 2**20, 2), hours, hours)


def _plan_readings(sensors: Sequence[AnySensor], quota: int) -> LanePlan:
    facts = readings_a_day(sensors)
    thinned = sum(min(DAY_S / s.interval_s, THINNED_A_MINUTE * DAY_S / 60) for s in sensors)
    whole = _hours(quota * HIGH_WATER, facts * cost(READING_BODY))
    detail = _hours(quota * DETAIL_SHARE, facts * cost(READING_BODY))
    older = _hours(quota * (HIGH_WATER - DETAIL_SHARE), thinned * cost(READING_BODY))
    return LanePlan(Lane.READING, round(facts), round(quota / 2**20, 2), whole, max(whole, round(detail + older, 2)))


def _hours(quota: float, bytes_a_day: float) -> float:
    return round(quota / bytes_a_day * 24, 2) if bytes_a_day else float("inf")
