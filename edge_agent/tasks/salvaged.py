"""Facts salvaged of a damaged outbox file: sent under the epoch that they had, a frame at a time, and told of once."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from edge_agent.storage.outbox import OutboxFull, Pending, StorageError
from edge_agent.storage.salvage import NOTE, SALVAGE, TOLD
from edge_agent.tasks.device import Device
from edge_agent.wire.frames import encode_frame, split_records
from edge_agent.wire.messages import Ack, Frame, Record
from edge_agent.wire.session import Session
from edge_agent.wire.topics import Lane, Topic

FRAME_ROWS = 100
PART = "salvaged facts"
ORDER = (Lane.ALARM, Lane.RECORD, Lane.DIAGNOSTIC, Lane.READING)

MakeRecord = Callable[[str, Lane, Pending], Record]


class SalvagedFlow:
    """At most one frame of older epochs on its way, beside the window: they must not hold up what is new."""

    def __init__(self, device: Device, make_record: MakeRecord) -> None:
        self._device = device
        self._make_record = make_record
        self._sent_at: float | None = None

    def begin(self) -> None:
        """A new connection: nothing is on its way."""
        self._sent_at = None

    async def send(self, connection: Session, now_s: float) -> None:
        """Send the next frame when the one before was acknowledged or is overdue."""
        waiting = self.overdue_in(now_s)
        left = self._device.outbox.salvaged
        if not left or (waiting is not None and waiting > 0):
            return
        epoch, lane = min(left, key=lambda key: (ORDER.index(key[1]), key[0]))
        try:
            rows = await self._device.outbox.salvaged_pending(epoch, lane, FRAME_ROWS)
        except StorageError as exc:
            self._device.report(PART, exc)
            return
        self._device.report(PART, None)
        for boot, records in split_records((row.boot, self._make_record(epoch, lane, row)) for row in rows):
            topic = Topic(self._device.settings.device, lane)
            connection.publish(str(topic), encode_frame(Frame(epoch, lane, boot, records)))
            self._sent_at = now_s
            return

    def overdue_in(self, now_s: float) -> float | None:
        """Seconds until the frame on its way counts as lost; None when there is none."""
        if self._sent_at is None or not self._device.outbox.salvaged:
            return None
        return self._sent_at + self._device.settings.outbox.ack_timeout_s - now_s

    def take_ack(self, ack: Ack) -> bool:
        """Let go of what the gateway has; False when nothing of the epoch is here."""
        known = False
        for lane, part in ack.lanes.items():
            if (ack.epoch, lane) in self._device.outbox.salvaged:
                self._device.outbox.acknowledge_salvaged(ack.epoch, lane, part)
                self._sent_at, known = None, True
        return known


async def tell_of_salvage(device: Device) -> None:
    """Say once of each damaged file what became of it, in a record of the lane `diagnostic`."""
    for name, report in (await device.outbox.recall(NOTE)).items():
        if report == TOLD:
            continue
        body = msgspec.json.encode(msgspec.json.decode(report))
        try:
            await device.outbox.put(device.stamp(Lane.DIAGNOSTIC, SALVAGE, body, (NOTE + name, TOLD)))
        except OutboxFull as exc:
            device.report(PART, exc)
