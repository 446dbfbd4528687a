"""Every MQTT topic of Weiran is built and taken apart here, and nowhere else.

The tree is fixed in DESIGN section 3: root ``weiran/1/{device}``. Device ids match ``[a-z0-9-]{4,32}``;
service names hold a dot, which a device id cannot.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

ROOT = "weiran/1"
DEVICE_ID = re.compile(r"[a-z0-9-]{4,32}")
#: A service's name: the dot keeps it apart from every device id.
SERVICE_NAME = re.compile(r"(?=.{4,32}\Z)[a-z0-9-]+\.[a-z0-9-]+")
STREAM_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Lane(StrEnum):
    """The four kinds of traffic that a device sends up, each with its own sequence."""

    ALARM = "alarm"
    RECORD = "record"
    READING = "reading"
    DIAGNOSTIC = "diagnostic"


class Leaf(StrEnum):
    """The other topics under a device's root."""

    PRESENCE = "presence"
    BIRTH = "birth"
    ACK = "ack"
    NOTICE = "notice"
    DESIRED = "config/desired"
    REPORTED = "config/reported"


class TopicError(ValueError):
    """A topic is not of this contract; the text says which part."""


class Topic(NamedTuple):
    """One topic under a device's root: a lane of ``up/``, or a leaf."""

    device: str
    part: Lane | Leaf

    def __str__(self) -> str:
        middle = "up/" if isinstance(self.part, Lane) else ""
        return f"{ROOT}/{self.device}/{middle}{self.part.value}"


#: What the gateway subscribes to.
GATEWAY_FILTERS = (
    f"{ROOT}/+/up/+",
    *(f"{ROOT}/+/{leaf.value}" for leaf in (Leaf.PRESENCE, Leaf.BIRTH, Leaf.REPORTED)),
)


def check_device_id(device: str) -> str:
    """Return `device` when it is a device id, else raise TopicError."""
    if not DEVICE_ID.fullmatch(device):
        raise TopicError(f"device id {device!r} does not match [a-z0-9-]{{4,32}}")
    return device


def parse_topic(text: str) -> Topic:
    """Take a topic apart. Raises TopicError for another root, depth, lane, leaf or device id grammar."""
    parts = text.split("/")
    if parts[:2] != ROOT.split("/"):
        raise TopicError(f"topic is not under {ROOT}")
    device = check_device_id(parts[2]) if len(parts) > 2 else ""
    try:
        match parts[3:]:
            case ["up", lane]:
                return Topic(device, Lane(lane))
            case [*leaf]:
                return Topic(device, Leaf("/".join(leaf)))
    except ValueError as exc:
        raise TopicError(str(exc)) from exc
