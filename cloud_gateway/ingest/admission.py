"""Whose messages are taken in: those of enrolled devices, none of them more than its share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.exc import OperationalError

from cloud_gateway.database import can_pass
from cloud_gateway.enrolment.store import Enrolment
from cloud_gateway.ingest.buckets import Bucket, rates_of
from cloud_gateway.settings import Devices
from edge_agent.wire.topics import Lane, Leaf

logger = logging.getLogger(__name__)

#: How often the register is looked at: a revocation takes effect within this.
POLL_S = 0.5
#: Devices that are kept count of; with more, counting their shares begins anew.
MAX_DEVICES = 50_000
#: While a device floods, that is told again after this.
TELL_S = 60.0

NOT_ENROLLED, REVOKED, FLOODING = "not_enrolled", "revoked", "flooding"
DETAILS = {
    NOT_ENROLLED: "the device is not enrolled; nothing of it is stored: weiran gateway device enrol",
    REVOKED: "the device is revoked; nothing of it is stored",
    FLOODING: "the device sends more than its share; what is above it was not acknowledged and comes again",
}


class Changes(NamedTuple):
    """What the register has new: all of it when `whole`. `version` is its newest."""

    enrolments: Sequence[Enrolment]
    version: int
    whole: bool


ReadChanges = Callable[[int], Awaitable[Changes]]


@dataclass
class Admission:
    """The register in memory, and what each device has sent. Belongs to the event loop's thread."""

    settings: Devices
    clock: Callable[[], float] = time.monotonic
    readmitted: asyncio.Event = field(default_factory=asyncio.Event)
    _known: dict[str, Enrolment] = field(default_factory=dict)
    _version: int = -1
    _buckets: dict[tuple[str, bool], Bucket] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)
    _told: dict[str, float] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether anybody may speak."""
        return self.settings.admit == "any"

    def refusal(self, device: str) -> str | None:
        """Why nothing of this device is taken; None when it may speak."""
        if self.is_open:
            return None
        known = self._known.get(device)
        if known is not None and known.revoked_at is None:
            return None
        if len(self._refused) < MAX_DEVICES:
            self._refused.add(device)
        return NOT_ENROLLED if known is None else REVOKED

    def keys(self, device: str) -> tuple[bytes, ...]:
        """The public keys that sign for a device."""
        known = self._known.get(device)
        return () if known is None else known.keys

    def has_room(self, device: str, part: Lane | Leaf) -> bool:
        """Whether the device has not used up its share of readings, or its other of the same size for all else.

        Two, so that alarms do not wait for a long back-fill of readings.
        """
        now, key = self.clock(), (device, part is Lane.READING)
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= 2 * MAX_DEVICES:
                self._buckets.clear()
            bucket = self._buckets[key] = Bucket(rates_of(self.settings), now)
        return bucket.has_room(now)

    def fault(self, device: str, part: Lane | Leaf) -> str | None:
        """Why a message of this device is not let in now; None when it is, and then it is to be paid for."""
        return self.refusal(device) or (None if self.has_room(device, part) else FLOODING)

    def pay(self, device: str, part: Lane | Leaf, records: int, size: int) -> None:
        """Take off the device's share what was let in."""
        self._buckets[device, part is Lane.READING].pay(records, size)

    def is_news(self, device: str) -> bool:
        """Whether pages have not been told for a while that this device floods."""
        now = self.clock()
        if now - self._told.get(device, -TELL_S) < TELL_S:
            return False
        if len(self._told) >= MAX_DEVICES:
            self._told.clear()
        self._told[device] = now
        return True

    async def load(self, read: ReadChanges) -> None:
        """Learn what the register has new."""
        changes = await read(self._version)
        if changes.whole:
            self._known.clear()
        self._version = changes.version
        self._take(changes.enrolments)

    async def follow(self, read: ReadChanges) -> None:
        """The duty that keeps the register in mind; while it cannot be read, what was known holds."""
        told = False
        while not self.is_open:
            try:
                await self.load(read)
                told = False
            except OperationalError as exc:
                if not can_pass(exc):
                    raise
                if not told:
                    logger.error("the register of devices cannot be read, what was known holds: %s", exc.orig)
                told = True
            await asyncio.sleep(POLL_S)

    def _take(self, enrolments: Iterable[Enrolment]) -> None:
        for enrolment in enrolments:
            self._known[enrolment.device] = enrolment
            if enrolment.revoked_at is None and enrolment.device in self._refused:
                self._refused.discard(enrolment.device)
                self.readmitted.set()
