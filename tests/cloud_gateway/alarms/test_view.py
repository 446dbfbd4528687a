"""What the list of alarms says of one."""

from __future__ import annotations

import pytest

from cloud_gateway.alarms.hand import stand
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.alarms.store_hand import Choice, Held
from cloud_gateway.alarms.view import compose_list, make_line
from cloud_gateway.console.labels import Labels
from cloud_gateway.devices.condition import Moment
from edge_agent.web.words import ENGLISH, read_words

RAISED, NOW, STORY = 622_440_000_000, 1_795_000_000_000, 622_440_600_000
LABELS = Labels(ENGLISH, read_words([]).of(ENGLISH))


def held(cleared_at: int | None, *, simulated: bool) -> Held:
    one = Alarm(
        *("tide-1", "e", 1, "quay", "flood", "tide", "threshold", "urgent", "Flood", "洪水", 3.1, 2.9, "m"),
        *(RAISED, RAISED, NOW, cleared_at),
    )
    return Held(one, stand([], cleared_at is None), "Quay", "码头", "UTC", simulated)


AGES = [
    pytest.param(None, True, 600_000, False, id="it stands, by the clock of the story"),
    pytest.param(None, False, NOW - RAISED, False, id="it stands, by the clock of the gateway"),
    pytest.param(RAISED + 5000, True, 5000, True, id="it lasted until it was cleared"),
    pytest.param(RAISED - 5000, False, 0, True, id="a clock that went back"),
]


@pytest.mark.parametrize(("cleared_at", "simulated", "age", "lasted"), AGES)
def test_an_alarm_says_how_long_it_stands_or_how_long_it_lasted(
    cleared_at: int | None, simulated: bool, age: int, lasted: bool
) -> None:
    line = make_line(held(cleared_at, simulated=simulated), Moment(NOW, STORY), LABELS)
    assert (line.age_ms, line.lasted) == (age, lasted)


def test_a_list_that_is_cut_off_counts_what_it_shows_and_no_more() -> None:
    three = [held(None, simulated=False)] * 3
    page = compose_list(three, Choice(), 2, [], None, Moment(NOW, STORY), LABELS)
    assert (len(page.lines), page.more, page.crossed, page.lonely) == (2, True, 2, 2)
