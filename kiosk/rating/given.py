"""The rating that the customer at the counter has just given, from the press until the thanks are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from edge_agent.proof.signatures import Statement
from edge_agent.storage.outbox import Item
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.ratings import RATING, RatingBody
from edge_agent.wire.topics import Lane
from kiosk.rating.journal import is_named, refusal_of
from kiosk.rating.receipts import address, make_receipt, write_receipt


class Kept(StrEnum):
    """Where a rating is: on its way to the disk, on it, at the centre, or refused there."""

    SAVING = "saving"
    SAVED = "saved"
    RECEIVED = "received"
    REFUSED = "refused"


@dataclass
class Given:
    """One rating. `link` is what its QR code says; empty before it is stored, and on a device without a key.

    `at` is the record's time, ms UTC.
    """

    window: str
    state: Kept = Kept.SAVING
    seq: int = 0
    link: str = ""
    at: int = 0

    def store(self, device: Device, facts: Sequence[tuple[int, Item]], origin: str) -> None:
        """These facts are on disk; the rating may be among them."""
        for seq, item in facts:
            if item.kind == RATING and msgspec.json.decode(item.body, type=RatingBody).window == self.window:
                self.seq, self.at, self.state = seq, item.at, Kept.SAVED
                self.link = _link(device, seq, item, origin)

    def acknowledge(self, lane: Lane, ack: LaneAck) -> None:
        """The gateway has said what it has stored and refused."""
        if not self.seq or self.state is Kept.REFUSED:  # later words name it among all that came, refused or not
            return
        if refusal_of(ack, lane, self.seq):
            self.state = Kept.REFUSED
        elif is_named(ack, lane, self.seq):
            self.state = Kept.RECEIVED


def _link(device: Device, seq: int, item: Item, origin: str) -> str:
    if device.identity is None:
        return ""
    statement = Statement(device.settings.device, device.outbox.epoch, item.lane, seq, item.kind, item.at, item.body)
    return address(origin, write_receipt(make_receipt(device.identity, statement, device.checkpoint)))
