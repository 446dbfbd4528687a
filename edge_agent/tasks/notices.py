"""Keeps what people at the device must see: warnings in force here, as the gateway says them, over restarts too."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import msgspec

from edge_agent.storage.outbox import OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import MAX_NOTICE_BYTES, VERSION, Notice

logger = logging.getLogger(__name__)

MEMORY = "notice."
KEY = "newest"
PART = "notice"
RETRY_S = 2.0
_decoder = msgspec.json.Decoder(Notice)


class NoticeDesk:
    """The notice of one device. `receive` is called by the uplink; `run` is the duty."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._saved: Notice | None = None
        self._some = asyncio.Event()

    @classmethod
    async def open(cls, device: Device) -> NoticeDesk:
        """Take up what was known when the last life ended. Raises StorageError."""
        desk = cls(device)
        text = (await device.outbox.recall(MEMORY)).get(KEY)
        with contextlib.suppress(msgspec.DecodeError):
            desk._saved = device.notice = None if text is None else _decoder.decode(text)
        return desk

    def receive(self, payload: bytes) -> None:
        """A `notice`: it counts from now on. One that cannot be read leaves the last one in place."""
        try:
            if len(payload) > MAX_NOTICE_BYTES:
                raise ValueError(f"{len(payload)} bytes; at most {MAX_NOTICE_BYTES} are read")
            notice = _decoder.decode(payload)
            if notice.v != VERSION:
                raise ValueError(f"version {notice.v} of the wire; this device knows {VERSION}")
        except (msgspec.DecodeError, ValueError, RecursionError) as exc:
            self._device.report(PART, exc)
            return
        self._device.report(PART, None)
        if notice != self._device.notice:
            self._device.notice = notice
            self._log(notice)
            self._some.set()
            for tell in self._device.on_notice:
                tell()

    async def run(self) -> None:
        """The duty: what is new is on disk soon, so that it is there after a power cut without a link."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._saved == self._device.notice else RETRY_S):
                    await self._some.wait()
            self._some.clear()
            await self._save()

    async def _save(self) -> None:
        notice = self._device.notice
        if notice is None or notice == self._saved:
            return
        try:
            await self._device.outbox.note(MEMORY + KEY, msgspec.json.encode(notice).decode())
        except OutboxFull:
            return  # tried again; it is shown meanwhile
        self._saved = notice

    def _log(self, notice: Notice) -> None:
        fields = {
            "device": self._device.settings.device,
            "version": notice.version,
            "dangers": [f"{entry.hazard}/{entry.level}" for entry in notice.entries],
        }
        logger.info("notice: %d dangers here", len(notice.entries), extra=fields)
