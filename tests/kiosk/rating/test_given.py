"""Where a rating is: what the gateway's words about its record mean for the customer."""

from __future__ import annotations

import pytest

from edge_agent.wire.messages import LaneAck, Rejection
from edge_agent.wire.topics import Lane
from kiosk.rating.given import Given, Kept

CASES = {
    "all up to it": (7, Lane.RECORD, LaneAck(7), Kept.RECEIVED),
    "a range with it": (7, Lane.RECORD, LaneAck(3, [(5, 8)]), Kept.RECEIVED),
    "all before it": (7, Lane.RECORD, LaneAck(6), Kept.SAVED),
    "a range beside it": (7, Lane.RECORD, LaneAck(3, [(8, 9)]), Kept.SAVED),
    "another lane": (7, Lane.READING, LaneAck(99), Kept.SAVED),
    "refused": (7, Lane.RECORD, LaneAck(7, rejected=[Rejection(7, "bad_body")]), Kept.REFUSED),
    "another refused": (7, Lane.RECORD, LaneAck(7, rejected=[Rejection(6, "bad_body")]), Kept.RECEIVED),
    "not on the disk yet": (0, Lane.RECORD, LaneAck(99), Kept.SAVING),
}


@pytest.mark.parametrize(("seq", "lane", "ack", "state"), CASES.values(), ids=CASES)
def test_ack_counts_for_the_very_record(seq: int, lane: Lane, ack: LaneAck, state: Kept) -> None:
    given = Given("0" * 32, Kept.SAVED if seq else Kept.SAVING, seq)
    given.acknowledge(lane, ack)
    assert given.state is state


def test_what_was_refused_is_never_called_received() -> None:
    given = Given("0" * 32, Kept.SAVED, 7)
    given.acknowledge(Lane.RECORD, LaneAck(7, rejected=[Rejection(7, "bad_body")]))
    given.acknowledge(Lane.RECORD, LaneAck(9))
    assert given.state is Kept.REFUSED
