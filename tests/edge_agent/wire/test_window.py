"""The sender's window: bounded, alarms first, and nothing is forgotten when an ack stays out."""

from edge_agent.wire.messages import LaneAck, Rejection
from edge_agent.wire.topics import Lane
from edge_agent.wire.window import LONGEST_TIMEOUT_S, Flow, Window

ALARM, READING, DIAGNOSTIC = Flow(Lane.ALARM), Flow(Lane.READING), Flow(Lane.DIAGNOSTIC)
LIVE = Flow(Lane.READING, live=True)


def test_one_place_is_kept_for_alarms_and_records() -> None:
    window = Window(3, 10.0)
    window.send(READING, 1, 50, 0.0)
    window.send(READING, 51, 100, 0.0)
    assert not window.has_room(READING)
    assert not window.has_room(DIAGNOSTIC)
    assert window.has_room(ALARM)
    window.send(ALARM, 1, 1, 0.0)
    assert not window.has_room(ALARM)


def test_a_window_of_one_lets_readings_through() -> None:
    assert Window(1, 10.0).has_room(READING)


def test_an_ack_takes_off_only_frames_that_are_stored_whole() -> None:
    window = Window(8, 10.0)
    for first in (1, 11, 21):
        window.send(READING, first, first + 9, 0.0)
    window.acknowledge(Lane.READING, LaneAck(15, [(21, 30)]))
    assert [f.first for f in window.frames] == [11]
    assert window.on_way(Lane.READING) == 10


def test_rejected_records_count_as_dealt_with() -> None:
    window = Window(8, 10.0)
    window.send(READING, 1, 1, 0.0)
    window.acknowledge(Lane.READING, LaneAck(0, [], [Rejection(1, "bad_value")]))
    assert window.frames == []


def test_rewinding_sends_again_from_the_oldest_unacknowledged() -> None:
    window = Window(8, 10.0)
    window.send(READING, 1, 10, 0.0)
    window.send(READING, 11, 20, 1.0)
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
    window.send(ALARM, 1, 1, 0.0)
    window.acknowledge(Lane.ALARM, LaneAck(1))
    assert window.patience_s == 10.0


def test_an_ack_ahead_of_the_cursor_moves_it() -> None:
    window = Window(8, 10.0)
    window.acknowledge(Lane.RECORD, LaneAck(70))
    assert window.cursor[Lane.RECORD] == 70


def a_window_with_backlog() -> Window:
    window = Window(11, 10.0, live_share=0.7)
    window.begin_live(5001)
    return window


def room(window: Window, flow: Flow) -> int:
    sent = 0
    while window.has_room(flow):
        first = window.sent_up_to(flow) + 1
        window.send(flow, first, first + 9, 0.0)
        sent += 1
    return sent


def test_live_readings_and_backlog_share_the_window() -> None:
    window = a_window_with_backlog()
    assert (room(window, READING), room(window, LIVE), room(window, ALARM)) == (3, 7, 1)
    assert (window.sent_up_to(LIVE), window.sent_up_to(READING)) == (5070, 30)


def test_without_a_backlog_there_are_no_live_readings() -> None:
    window = Window(11, 10.0)
    assert (room(window, LIVE), room(window, READING)) == (0, 10)


def test_backlog_that_has_been_sent_leaves_one_flow() -> None:
    window = a_window_with_backlog()
    window.send(LIVE, 5001, 5100, 0.0)
    window.send(READING, 1, 5000, 0.0)
    window.end_live()
    assert window.sent_up_to(READING) == 5100
    assert not window.has_room(LIVE)


def test_rewinding_takes_each_flow_back_to_its_own_first_frame() -> None:
    window = a_window_with_backlog()
    window.send(READING, 1, 10, 0.0)
    window.send(LIVE, 5001, 5010, 0.0)
    window.acknowledge(Lane.READING, LaneAck(5, [(5001, 5005)]))
    window.rewind()
    assert (window.sent_up_to(READING), window.sent_up_to(LIVE)) == (0, 5000)


def test_gateway_that_lost_facts_is_sent_them_again() -> None:
    window = Window(8, 10.0)
    window.acknowledge(Lane.RECORD, LaneAck(70))
    window.go_back(Lane.RECORD, 31)
    assert window.cursor[Lane.RECORD] == 30


def test_thinned_facts_on_their_way_are_counted_without_their_holes() -> None:
    window = Window(8, 10.0)
    window.send(READING, 1, 100, 0.0, rows=4)
    assert window.on_way(Lane.READING) == 4
