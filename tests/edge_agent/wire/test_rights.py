"""The table of rights is whole, and agrees with what the gateway asks the broker for."""

from __future__ import annotations

from edge_agent.wire.rights import RIGHTS, Way
from edge_agent.wire.topics import GATEWAY_FILTERS, Lane, Leaf, Topic


def test_every_topic_has_one_direction() -> None:
    assert sorted(str(right.part) for right in RIGHTS) == sorted([*Lane, *Leaf])


def test_the_gateway_listens_to_all_that_devices_say() -> None:
    said = {str(Topic("+", right.part)) for right in RIGHTS if right.way is Way.UP and isinstance(right.part, Leaf)}
    assert set(GATEWAY_FILTERS) == said | {"weiran/1/+/up/+"}


def test_no_frame_is_retained() -> None:
    assert {right.part for right in RIGHTS if not right.retained} == {*Lane, Leaf.ACK}
