"""The device as a witness: it keeps the newest head of the evidence log that it has seen, and tells the gateway.

It never forgets a head for a smaller one: that a log lost its end, or was written anew, is seen by comparing what many
devices keep. Heads are kept by origin, because a restored log goes on under another.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from enum import StrEnum

import msgspec
from msgspec import Struct

from edge_agent.proof.checkpoints import Checkpoint, LogKey, NoteError, open_checkpoint, read_checkpoint, split_note
from edge_agent.storage.outbox import OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.ratings import HEAD_SEEN, HeadSeenBody
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)

MEMORY = "evidence."
KEY = "heads"
#: What does not work, as pages name it: a head that cannot be read, and a log that does not fit what was seen.
UNREADABLE, UNFIT = "evidence head", "evidence log"
#: Origins that are kept; a log gets another at each restore of its gateway.
MAX_ORIGINS = 16
#: A head that grew is told at most this often, s of real time; anything that does not fit at once.
REPORT_S = 300.0
RETRY_S = 10.0


class Fit(StrEnum):
    """How a head stands to the one that is kept of its origin."""

    NEWER = "newer"
    SAME = "same"
    SHORTER = "shorter"
    FORKED = "forked"


class Kept(Struct, frozen=True):
    """A head as it is remembered; `note` is the checkpoint as it came."""

    origin: str
    size: int
    root: bytes
    note: str


class UnfitLog(Exception):
    """A head that cannot belong to the log whose head was seen before."""


def weigh(kept: Kept | None, seen: Checkpoint) -> Fit:
    """How a head fits to what is kept of its origin. A longer log is taken: the gateway compares what all have seen."""
    if kept is None or seen.size > kept.size:
        return Fit.NEWER
    if seen.size < kept.size:
        return Fit.SHORTER
    return Fit.SAME if seen.root == kept.root else Fit.FORKED


def open_head(note: str, public: bytes | None) -> Checkpoint:
    """The head of a note, verified with the log's key (raw Ed25519) where the device has it. Raises NoteError."""
    text, signatures = split_note(note)
    if public is None:
        return read_checkpoint(text)
    return open_checkpoint(note, [LogKey(name, public) for name in {name for name, _ in signatures}])


class HeadDesk:
    """The heads of one device. `receive` is called by the uplink; `run` is the duty that keeps and tells them."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._heads: dict[str, Kept] = {}
        self._untold: set[str] = set()
        self._saved: dict[str, Kept] = {}
        self._urgent = True
        self._due = 0.0
        self._forked = False
        self._some = asyncio.Event()

    @classmethod
    async def open(cls, device: Device) -> HeadDesk:
        """Take up what was seen in earlier lives: it is told once in each. Raises StorageError."""
        desk = cls(device)
        text = (await device.outbox.recall(MEMORY)).get(KEY)
        with contextlib.suppress(msgspec.DecodeError):
            heads = [] if text is None else msgspec.json.decode(text, type=list[Kept])
            desk._heads = {head.origin: head for head in heads}
        desk._saved = dict(desk._heads)
        desk._untold = set(desk._heads)
        if desk._heads:
            device.checkpoint = list(desk._heads.values())[-1].note
            desk._some.set()
        return desk

    def receive(self, note: str) -> None:
        """A checkpoint from the gateway; one that cannot be read, or does not fit, changes nothing but is told."""
        try:
            key = None if self._device.identity is None else self._device.identity.evidence_key
            seen = open_head(note, key)
        except NoteError as exc:
            self._device.report(UNREADABLE, exc)
            return
        self._device.report(UNREADABLE, None)
        self._take(seen, note)

    def _take(self, seen: Checkpoint, note: str) -> None:
        kept = self._heads.get(seen.origin)
        fit = weigh(kept, seen)
        if kept is not None and fit in {Fit.SHORTER, Fit.FORKED}:
            what = f"a head of {seen.size} entries came, after one of {kept.size}; the roots of one size must be one"
            self._device.report(UNFIT, UnfitLog(f"{fit.value}: {what}"))
            self._forked = self._forked or fit is Fit.FORKED
            self._tell(seen.origin, urgent=True)
            return
        if not self._forked:  # of a shorter one the longer is the end; two logs of one size stay two
            self._device.report(UNFIT, None)
        if fit is Fit.NEWER:
            self._keep(seen, note, new_origin=kept is None)

    def _keep(self, seen: Checkpoint, note: str, *, new_origin: bool) -> None:
        if new_origin and len(self._heads) >= MAX_ORIGINS:
            self._device.report(UNFIT, UnfitLog(f"heads of more than {MAX_ORIGINS} origins"))
            return
        self._heads.pop(seen.origin, None)  # the newest is the last one
        self._heads[seen.origin] = Kept(seen.origin, seen.size, seen.root, note)
        self._device.checkpoint = note
        for origin in self._heads if new_origin else [seen.origin]:  # a log under another name: what was before counts
            self._tell(origin, urgent=new_origin)

    def _tell(self, origin: str, *, urgent: bool) -> None:
        self._untold.add(origin)
        self._urgent = self._urgent or urgent
        self._some.set()

    async def run(self) -> None:
        """The duty: what is new is on disk at once, and told when it is due."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s()):
                    await self._some.wait()
            self._some.clear()
            await self._save()
            if self._untold and (self._urgent or _now_s() >= self._due):
                self._due = _now_s() + (REPORT_S if await self._report() else RETRY_S)

    def _wait_s(self) -> float | None:
        return max(self._due - _now_s(), 0.0) if self._untold else None

    async def _report(self) -> bool:
        """Put a record for each untold head, each with what is kept; False when the outbox is full."""
        self._urgent = False
        while self._untold:
            head = self._heads[min(self._untold)]
            body = HeadSeenBody(head.origin, head.size, base64.b64encode(head.root).decode())
            saved, heads = dict(self._heads), self._encode()
            fact = self._device.stamp(Lane.DIAGNOSTIC, HEAD_SEEN, msgspec.json.encode(body), (MEMORY + KEY, heads))
            try:
                await self._device.outbox.put(fact)
            except OutboxFull:
                return False
            self._saved = saved
            if self._heads[head.origin] == head:
                self._untold.discard(head.origin)
        return True

    async def _save(self) -> None:
        saved = dict(self._heads)
        if saved == self._saved:
            return
        try:
            await self._device.outbox.note(MEMORY + KEY, self._encode())
        except OutboxFull:
            return  # it goes with the next report
        self._saved = saved

    def _encode(self) -> str:
        return msgspec.json.encode(list(self._heads.values())).decode()


def _now_s() -> float:
    """The loop's own monotonic time."""
    return asyncio.get_running_loop().time()
