"""Checks a whole batch against the register: what was revoked meanwhile, and what is not signed by its device."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple

from cloud_gateway.ingest.admission import FLOODING, Admission
from cloud_gateway.ingest.batch import Batch
from cloud_gateway.ingest.store_devices import Events
from cloud_gateway.ingest.validation import Accepted, Rejected
from edge_agent.proof.signatures import SIGNED, Statement, is_signed
from edge_agent.wire.messages import Record

logger = logging.getLogger(__name__)

UNSIGNED = "unsigned"
BAD_SIGNATURE = "bad_signature"
REASONS = {
    UNSIGNED: "records of this lane are signed by their device; this one is not",
    BAD_SIGNATURE: "the signature is not of this device's key, or not of this record",
}


class _Case(NamedTuple):
    """A frame whose records are to be verified, and the keys that may have signed them."""

    accepted: Accepted
    keys: tuple[bytes, ...]


class Gate:
    """Between the messages and the stores."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def verify(self, batch: Batch) -> None:
        """Reject what the device has not signed, in the lanes where it signs."""
        if self._admission.is_open:
            return
        cases = [_Case(a, self._admission.keys(a.device)) for a in batch.frames if a.frame.lane in SIGNED]
        if cases:
            await asyncio.to_thread(_verify, cases)

    def drop_refused(self, batch: Batch) -> None:
        """Take out of the batch what must not be stored.

        A device may have been revoked while its messages waited for a store.
        """
        for device in () if self._admission.is_open else batch.devices():
            code = self._admission.refusal(device)
            if code is not None:
                batch.refused[device, code] += batch.drop(device)

    def news(self, batch: Batch) -> Events:
        """What pages are told of the refused: who floods, now and then."""
        events: Events = []
        for (device, code), times in batch.refused.items():
            if code == FLOODING and self._admission.is_news(device):
                logger.warning("a device sends more than its share", extra={"device": device})
                events.append(("flooding", {"device": device, "messages": times}))
        return events


def _verify(cases: Sequence[_Case]) -> None:
    """Some 110 us a record, in a thread. Nobody else has the frames in hand meanwhile."""
    for accepted, keys in cases:
        faults = {row.record.seq: fault for row in accepted.rows if (fault := _fault(accepted, row.record, keys))}
        if not faults:
            continue
        rejected = [
            Rejected(r.record, code, REASONS[code]) for r in accepted.rows if (code := faults.get(r.record.seq))
        ]
        accepted.rows = [row for row in accepted.rows if row.record.seq not in faults]
        accepted.rejected += rejected


def _fault(accepted: Accepted, record: Record, keys: tuple[bytes, ...]) -> str | None:
    if record.sig is None:
        return UNSIGNED
    frame = accepted.frame
    body = bytes(record.body)
    said = Statement(accepted.device, frame.epoch, frame.lane, record.seq, record.kind, accepted.said_at(record), body)
    return None if any(is_signed(key, said, record.sig) for key in keys) else BAD_SIGNATURE
