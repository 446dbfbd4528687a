"""The wire as an AsyncAPI 3 document, made from the topics, rights and structs of `edge_agent.wire`."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import msgspec

from deploy.wire_tables import LANES, LEAVES
from edge_agent.wire import messages as m
from edge_agent.wire import ratings as r
from edge_agent.wire.rights import RIGHTS, Right, Way
from edge_agent.wire.senml import Pack
from edge_agent.wire.topics import DEVICE_ID, Lane, Leaf, Topic

#: What each topic carries; lanes carry frames.
PAYLOADS: dict[Leaf, type] = {
    Leaf.PRESENCE: m.Presence,
    Leaf.BIRTH: m.Birth,
    Leaf.REPORTED: m.Reported,
    Leaf.ACK: m.Ack,
    Leaf.NOTICE: m.Notice,
    Leaf.DESIRED: m.Desired,
}
#: The body of a record, by its kind.
BODIES: dict[str, Any] = {
    m.READING: Pack,
    m.ALARM: m.AlarmBody,
    m.GAP: m.GapBody,
    m.DAMAGED: m.GapBody,
    m.HEARTBEAT: m.HeartbeatBody,
    m.CLOCK_STEP: m.ClockStepBody,
    m.SENSOR_STATE: m.SensorStateBody,
    r.PRESS: r.PressBody,
    r.RATING: r.RatingBody,
    r.RATING_MORE: r.RatingMoreBody,
    r.SERVICE: r.ServiceBody,
    r.SHIFT: r.ShiftBody,
    r.HEAD_SEEN: r.HeadSeenBody,
}
SCHEMAS = "#/components/schemas/{name}"
Json = dict[str, Any]


def describe_wire() -> Json:
    """The whole document, as a device sees it: it sends what goes up and receives what comes down."""
    payloads = [m.Frame, *PAYLOADS.values()]
    shapes, schemas = msgspec.json.schema_components([*payloads, *BODIES.values()], ref_template=SCHEMAS)
    named = {type_.__name__: shape for type_, shape in zip(payloads, shapes, strict=False)}
    bodies = dict(zip(BODIES, shapes[len(payloads) :], strict=True))
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {_name(right): _channel(right) for right in RIGHTS},
        "operations": {f"{_action(right)}-{_name(right)}": _operation(right) for right in RIGHTS},
        "components": {
            "messages": {name: _message(name, shape, bodies) for name, shape in named.items()},
            "schemas": {name: _portable(schemas[name]) for name in sorted(schemas)},
        },
    }


def _info() -> Json:
    text = (
        "What devices and the gateway say to each other over MQTT 5; docs/wire.md tells what it means. "
        "Unknown fields are ignored. A frame's records hold bodies by kind: see x-bodies of the message Frame."
    )
    licence = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
    return {"title": "Weiran: the wire", "version": version("weiran"), "description": text, "license": licence}


def _server() -> Json:
    text = "Port 8883 with the certificate of a device or a service; the names stand for those of the deployment."
    return {"host": "broker.example:8883", "protocol": "mqtts", "protocolVersion": "5.0", "description": text}


def _name(right: Right) -> str:
    return f"up-{right.part}" if isinstance(right.part, Lane) else right.part.value.replace("/", "-")


def _action(right: Right) -> str:
    return "send" if right.way is Way.UP else "receive"


def _payload(right: Right) -> str:
    return m.Frame.__name__ if isinstance(right.part, Lane) else PAYLOADS[right.part].__name__


def _channel(right: Right) -> Json:
    message = _payload(right)
    text = LANES[right.part] if isinstance(right.part, Lane) else LEAVES[right.part]
    return {
        "address": str(Topic("{device}", right.part)),
        "description": text.replace("`", ""),
        "parameters": {"device": {"description": f"Id of the device, matching {DEVICE_ID.pattern}"}},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operation(right: Right) -> Json:
    channel = f"#/channels/{_name(right)}"
    qos = 0 if right.part is Leaf.ACK else 1
    return {
        "action": _action(right),
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{_payload(right)}"}],
        "bindings": {"mqtt": {"qos": qos, "retain": right.retained, "bindingVersion": "0.2.0"}},
    }


def _message(name: str, shape: Json, bodies: dict[str, Json]) -> Json:
    message: Json = {"name": name, "contentType": "application/json", "payload": shape}
    if name == m.Frame.__name__:
        message["x-bodies"] = {kind: _portable(bodies[kind]) for kind in bodies}
    return message


def _portable(schema: Any) -> Any:
    """The same schema with patterns that end as in every language: Python's `\\Z` is `$` elsewhere."""
    if isinstance(schema, dict):
        return {key: _pattern(value) if key == "pattern" else _portable(value) for key, value in schema.items()}
    return [_portable(one) for one in schema] if isinstance(schema, list) else schema


def _pattern(value: Any) -> Any:
    return re.sub(r"\\Z", "$", value) if isinstance(value, str) else _portable(value)
