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
#: The gateway is asked so often whether it still has what is kept of an older epoch; it speaks of these to nobody else.
ASK_S = 600.0
PART = "salvaged facts"
ORDER = (Lane.ALARM, Lane.RECORD, Lane.DIAGNOSTIC, Lane.READING)

MakeRecord = Callable[[str, Lane, Pending], Record]


class SalvagedFlow:
    """At most one frame of older epochs on its way, beside the window: they must not hold up what is new.

    What the gateway has acknowledged of them is kept until it is safe. The newest such fact is sent again now and then:
    the ack to it says what is safe, and what a restored gateway lacks.
    """

    def __init__(self, device: Device, make_record: MakeRecord) -> None:
        self._device = device
        self._make_record = make_record
        self._sent_at: float | None = None
        self._asked: dict[tuple[str, Lane], float] = {}

    def begin(self) -> None:
        """A new connection: nothing is on its way."""
        self._sent_at = None
        self._asked.clear()

    async def send(self, connection: Session, now_s: float) -> None:
        """Send the next frame when the one before was acknowledged or is overdue."""
        waiting = self.overdue_in(now_s)
        if waiting is not None and waiting > 0:
            return
        self._sent_at = None
        try:
            older, rows = await self._read(now_s)
        except StorageError as exc:
            self._device.report(PART, exc)
            return
        self._device.report(PART, None)
        if older is not None and rows:
            self._send(connection, *older, rows)
            self._sent_at = now_s

    async def _read(self, now_s: float) -> tuple[tuple[str, Lane] | None, list[Pending]]:
        """The next facts, and whose they are: those that wait, or else one to ask by."""
        outbox = self._device.outbox
        older = min(outbox.salvaged, key=_rank, default=None)
        if older is not None:
            return older, await outbox.salvaged_pending(*older, FRAME_ROWS)
        due = [key for key in outbox.salvaged_kept if now_s - self._asked.get(key, -ASK_S) >= ASK_S]
        older = min(due, key=_rank, default=None)
        if older is None:
            return None, []
        self._asked[older] = now_s
        return older, await outbox.newest_kept(*older)

    def _send(self, connection: Session, epoch: str, lane: Lane, rows: list[Pending]) -> None:
        boot, records = next(iter(split_records((row.boot, self._make_record(epoch, lane, row)) for row in rows)))
        topic = Topic(self._device.settings.device, lane)
        connection.publish(str(topic), encode_frame(Frame(epoch, lane, boot, records)))

    def overdue_in(self, now_s: float) -> float | None:
        """Seconds until the frame on its way counts as lost; None when there is none."""
        if self._sent_at is None:
            return None
        return self._sent_at + self._device.settings.outbox.ack_timeout_s - now_s

    def take_ack(self, ack: Ack) -> bool:
        """Let go of what the gateway has; False when nothing of the epoch is here."""
        outbox, known = self._device.outbox, False
        for lane, part in ack.lanes.items():
            if (ack.epoch, lane) in outbox.salvaged or (ack.epoch, lane) in outbox.salvaged_kept:
                outbox.acknowledge_salvaged(ack.epoch, lane, part)
                self._sent_at, known = None, True
        return known


def _rank(older: tuple[str, Lane]) -> tuple[int, str]:
    epoch, lane = older
    return ORDER.index(lane), epoch


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
