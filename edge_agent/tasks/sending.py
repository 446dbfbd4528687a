"""Sends what the outbox holds over one connection after another: alarms and records first, the newest readings beside
a backlog, and what was salvaged of a damaged file in between."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from edge_agent.proof.signatures import Statement
from edge_agent.storage.outbox import Pending, StorageError
from edge_agent.tasks.device import Device
from edge_agent.tasks.salvaged import SalvagedFlow
from edge_agent.wire.frames import encode_frame, split_records
from edge_agent.wire.messages import Ack, ClockQuality, Frame, Record
from edge_agent.wire.session import Session
from edge_agent.wire.topics import Lane, Topic
from edge_agent.wire.window import PRIORITY, RESERVED, Flow, Window

logger = logging.getLogger(__name__)

#: A lane that could not be read is left alone for so long.
REST_S = 5.0
#: Rows read from the outbox at a time; a frame holds fewer when bodies are long.
READ_ROWS = 200
#: With more readings than this waiting, the newest go beside the backlog.
BACKLOG_ROWS = 5 * READ_ROWS
#: With more stretches than this in the gateway's ledger, the backlog goes alone: each live flow may begin another.
MOST_STRETCHES = 64


class Sender:
    """The sending side of one device, across connections."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._rests: dict[Lane, float] = {}
        self._stretches = 0
        self._salvaged = SalvagedFlow(device, self.make_record)
        self._window = self._new_window(device.settings.outbox.window)

    def begin(self, connection: Session) -> None:
        """A new connection: nothing is on its way."""
        self._window = self._new_window(min(self._device.settings.outbox.window, connection.receive_maximum))
        self._salvaged.begin()
        self._look_for_backlog()

    async def send(self, connection: Session) -> None:
        """Send what the window lets through."""
        for lane, first in self._device.outbox.take_back().items():
            logger.warning("the gateway has lost facts that it had; sending again", extra={"lane": lane.value})
            self._window.go_back(lane, first)
        for flow in PRIORITY:
            await self._fill(connection, flow)
        await self._salvaged.send(connection, _now_s())

    async def _fill(self, connection: Session, flow: Flow) -> None:
        """Send what the window lets through of one flow."""
        outbox, window = self._device.outbox, self._window
        while window.has_room(flow) and self._has_more(flow):
            rows = await self._read(flow)
            if not rows:
                return
            for boot, records in split_records((row.boot, self._record(flow.lane, row)) for row in rows):
                if not window.has_room(flow):
                    return
                frame = Frame(outbox.epoch, flow.lane, boot, records)
                topic = Topic(self._device.settings.device, flow.lane)
                connection.publish(str(topic), encode_frame(frame))
                window.send(flow, records[0].seq, records[-1].seq, _now_s(), len(records))
                outbox.mark_sent(flow.lane, records[-1].seq)

    def _has_more(self, flow: Flow) -> bool:
        outbox, window = self._device.outbox, self._window
        if flow.live:
            return outbox.lanes[flow.lane].next - 1 > window.live_cursor
        return outbox.depth[flow.lane] > window.on_way(flow.lane)

    async def _read(self, flow: Flow) -> list[Pending]:
        """The next facts of a flow. One that cannot be read (a bad block) rests for a while and holds up no other."""
        part, lane, window = f"outbox lane {flow.lane.value}", flow.lane, self._window
        if _now_s() < self._rests.get(lane, 0.0):
            return []
        try:
            rows = await self._device.outbox.pending(lane, window.sent_up_to(flow), READ_ROWS)
        except StorageError as exc:
            self._device.report(part, exc)
            self._rests[lane] = _now_s() + REST_S
            return []
        self._device.report(part, None)
        self._rests.pop(lane, None)
        return rows if flow.live or lane is not Lane.READING else self._backlog(rows)

    def _backlog(self, rows: list[Pending]) -> list[Pending]:
        """Of the readings those before the live ones; without any, the backlog is over."""
        first_live = self._window.live_from
        older = [row for row in rows if not first_live or row.seq < first_live]
        if first_live and not older:
            self._window.end_live()
        return older

    def _look_for_backlog(self) -> None:
        outbox = self._device.outbox
        if outbox.depth[Lane.READING] > BACKLOG_ROWS and self._stretches <= MOST_STRETCHES:
            self._window.begin_live(outbox.lanes[Lane.READING].next - READ_ROWS)

    def _record(self, lane: Lane, row: Pending) -> Record:
        return self.make_record(self._device.outbox.epoch, lane, row)

    def make_record(self, epoch: str, lane: Lane, row: Pending) -> Record:
        """A fact as it travels. Signed here: Ed25519 is deterministic, so that a resend has the same signature."""
        device = self._device
        statement = Statement(device.settings.device, epoch, lane, row.seq, row.kind, row.at, row.body)
        sig = None if device.identity is None else device.identity.sign(statement)
        clock, body = ClockQuality(row.clock), msgspec.Raw(row.body)
        return Record(row.seq, row.kind, row.at, clock, row.mono, body, sig, 0 if lane in RESERVED else row.skip)

    def wait_s(self) -> float | None:
        """Until a frame is overdue or a lane has rested; None when there is nothing to wait for but a change."""
        now = _now_s()
        overdue = [self._window.overdue_in(now), self._salvaged.overdue_in(now)]
        waits = [until - now for until in self._rests.values()] + [wait for wait in overdue if wait is not None]
        return max(min(waits), 0.05) if waits else None

    def resend(self) -> None:
        """Send again what is overdue."""
        overdue = self._window.overdue_in(_now_s())
        if overdue is not None and overdue <= 0:
            logger.info("no ack in time; sending again", extra={"device": self._device.settings.device})
            self._window.rewind()
            self._look_for_backlog()

    def take_ack(self, ack: Ack) -> bool:
        """Act on the gateway's word; True when it is believed. An ack of an epoch that is not here is for nobody."""
        outbox = self._device.outbox
        if ack.epoch != outbox.epoch:
            return self._salvaged.take_ack(ack)
        believed = False
        for lane, part in ack.lanes.items():
            if outbox.acknowledge(lane, part):
                believed = True
                self._window.acknowledge(lane, part)
                self._stretches = len(part.ranges) if lane is Lane.READING else self._stretches
            else:
                logger.warning("an ack names what was never sent; it is not believed", extra={"lane": lane.value})
        outbox.changed.set()
        return believed

    def _new_window(self, size: int) -> Window:
        bounds = self._device.settings.outbox
        return Window(size, bounds.ack_timeout_s, bounds.live_share)


def _now_s() -> float:
    """The loop's own monotonic time, by which its waits end."""
    return asyncio.get_running_loop().time()
