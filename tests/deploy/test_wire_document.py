"""The AsyncAPI document of the wire: valid by the standard's own schema, whole, and true of real messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from deploy.wire_document import BODIES, describe_wire
from deploy.wire_tables import topic_reference
from edge_agent.wire import messages, ratings
from edge_agent.wire.rights import RIGHTS

SPECS = Path(__file__).parents[2] / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
EPOCH = "00000000000000a1"
RECORD = {"seq": 1, "kind": "reading/1", "at": 1, "clock": "ntp", "mono": 1, "body": [{"n": "tide", "v": 1.0}]}
FRAME = {"v": 1, "epoch": EPOCH, "lane": "reading", "boot": "b", "records": [RECORD]}
PRESENCE = {"v": 1, "state": "online", "epoch": EPOCH, "conn": 1, "at": 1}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is generated."""
    return describe_wire()


@pytest.fixture(scope="module")
def standard() -> jsonschema_rs.Draft7Validator:
    """The standard's schema of its documents."""
    return jsonschema_rs.Draft7Validator(json.loads(SPECS.read_text()))


def test_document_is_valid_asyncapi_3(document: dict[str, Any], standard: jsonschema_rs.Draft7Validator) -> None:
    assert [error.message for error in standard.iter_errors(document)] == []


@pytest.mark.parametrize("part", ["asyncapi", "info"])
def test_document_without_its_head_is_not(
    document: dict[str, Any], standard: jsonschema_rs.Draft7Validator, part: str
) -> None:
    assert not standard.is_valid({key: value for key, value in document.items() if key != part})


def test_every_topic_is_a_channel_with_its_operation(document: dict[str, Any]) -> None:
    addresses = [channel["address"] for channel in document["channels"].values()]
    assert (len(addresses), len(document["operations"])) == (len(RIGHTS), len(RIGHTS))
    assert all(f"`{address}`" in topic_reference() for address in addresses)


def test_every_body_of_the_wire_has_its_kind() -> None:
    bodies = {one for module in (messages, ratings) for name, one in vars(module).items() if name.endswith("Body")}
    assert bodies <= set(BODIES.values())


def test_patterns_mean_the_same_in_every_language(document: dict[str, Any]) -> None:
    assert "\\\\Z" not in json.dumps(document)


@pytest.mark.parametrize(
    ("message", "said", "fits"),
    [
        pytest.param("Frame", FRAME, True, id="a frame"),
        pytest.param("Frame", FRAME | {"records": []}, False, id="a frame of nothing"),
        pytest.param("Frame", FRAME | {"lane": "gossip"}, False, id="a lane that is none"),
        pytest.param("Presence", PRESENCE, True, id="a presence"),
        pytest.param("Presence", PRESENCE | {"epoch": EPOCH + "\n"}, False, id="an epoch with a line's end"),
        pytest.param("Presence", PRESENCE | {"conn": 0}, False, id="a connection before the first"),
    ],
)
def test_messages_fit_as_the_document_says(
    document: dict[str, Any], message: str, said: dict[str, Any], fits: bool
) -> None:
    payload = document["components"]["messages"][message]["payload"]
    schema = payload | {"components": document["components"]}
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(said) is fits
