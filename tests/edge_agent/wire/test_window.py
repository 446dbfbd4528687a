"""The sender's window: bounded, alarms first, and nothing is forgotten when an ack stays out."""

from edge_agent.wire.messages import LaneAck, Rejection
from edge_agent.wire.topics import Lane
from edge_agent.wire.window import LONGEST_TIMEOUT_S, Window


def test_one_place_is_kept_for_alarms_and_records() -> None:
    window = Window(3, 10.0)
    window.send(Lane.READING, 1, 50, 0.0)
    window.send(Lane.READING, 51, 100, 0.0)
    assert not window.has_room(Lane.READING)
    assert not window.has_room(Lane.DIAGNOSTIC)
    assert window.has_room(Lane.ALARM)
    window.send(Lane.ALARM, 1, 1, 0.0)
    assert not window.has_room(Lane.ALARM)


def test_a_window_of_one_lets_readings_through() -> None:
    assert Window(1, 10.0).has_room(Lane.READING)


def test_an_ack_takes_off_only_frames_that_are_stored_whole() -> None:
    window = Window(8, 10.0)
    for first in (1, 11, 21):
        window.send(Lane.READING, first, first + 9, 0.0)
    window.acknowledge(Lane.READING, LaneAck(15, [(21, 30)]))
    assert [f.first for f in window.frames] == [11]
    assert window.on_way(Lane.READING) == 10


def test_rejected_records_count_as_dealt_with() -> None:
    window = Window(8, 10.0)
    window.send(Lane.READING, 1, 1, 0.0)
    window.acknowledge(Lane.READING, LaneAck(0, [], [Rejection(1, "bad_value")]))
    assert window.frames == []


def test_rewinding_sends_again_from_the_oldest_unacknowledged() -> None:
    window = Window(8, 10.0)
    window.send(Lane.READING, 1, 10, 0.0)
    window.send(Lane.READING, 11, 20, 1.0)
    window.acknowledge(Lane.READING, LaneAck(10))
    assert window.overdue_in(4.0) == 7.0
    window.rewind()
    assert window.cursor[Lane.READING] == 10
    assert window.overdue_in(4.0) is None


def test_patience_doubles_up_to_a_limit_and_comes_back_with_progress() -> None:
    window = Window(8, 10.0)
    for _ in range(10):
        window.rewind()
    assert window.patience_s == LONGEST_TIMEOUT_S
    window.send(Lane.ALARM, 1, 1, 0.0)
    window.acknowledge(Lane.ALARM, LaneAck(1))
    assert window.patience_s == 10.0


def test_an_ack_ahead_of_the_cursor_moves_it() -> None:
    window = Window(8, 10.0)
    window.acknowledge(Lane.RECORD, LaneAck(70))
    assert window.cursor[Lane.RECORD] == 70
