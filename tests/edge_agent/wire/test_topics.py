"""Topics are built and parsed in one place, and nothing else gets through."""

import pytest

from edge_agent.wire.topics import Lane, Leaf, Topic, TopicError, parse_topic


@pytest.mark.parametrize("part", [*Lane, *Leaf])
def test_every_topic_parses_back_to_itself(part: Lane | Leaf) -> None:
    assert parse_topic(str(Topic("tide-charleston", part))) == Topic("tide-charleston", part)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("weiran/2/dev1/up/alarm", id="another version"),
        pytest.param("weiran/1/dev1/up/alarm/x", id="too deep"),
        pytest.param("weiran/1/dev1", id="too short"),
        pytest.param("weiran/1/dev1/up/gossip", id="unknown lane"),
        pytest.param("weiran/1/gateway.ingest-1/up/alarm", id="a service is no device"),
        pytest.param("weiran/1/DEV1/up/alarm", id="upper case"),
        pytest.param("weiran/1/../up/alarm", id="dots"),
        pytest.param("weiran/1/abc/up/alarm", id="short id"),
        pytest.param("weiran/1/" + "a" * 33 + "/up/alarm", id="long id"),
        pytest.param("weiran/1/dev1\n/up/alarm", id="newline"),
        pytest.param("", id="empty"),
    ],
)
def test_other_topics_are_refused(text: str) -> None:
    with pytest.raises(TopicError):
        parse_topic(text)
