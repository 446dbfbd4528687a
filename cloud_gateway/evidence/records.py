"""The entry of a device's record or alarm, made from its stored row: so the entry of a stored record is known."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import NamedTuple

from cloud_gateway.evidence.entries import Entry, Json, encode_entry
from edge_agent.proof.digest import digest
from edge_agent.proof.merkle import leaf_hash
from edge_agent.wire.topics import Lane

#: Lanes whose every record becomes an entry.
EVIDENCED = frozenset({Lane.ALARM, Lane.RECORD})
SIGNATURE_BYTES = 64


class RecordFact(NamedTuple):
    """What of a stored record its entry says. `at` as the device said it, `body` its bytes."""

    device: str
    epoch: str
    lane: str
    seq: int
    kind: str
    at: int
    clock: str
    body: bytes
    sig: str | None


def record_body(fact: RecordFact) -> Mapping[str, Json]:
    """The entry's body. A signature that is none, as in a trial without enrolment, is left out."""
    return {
        "device": fact.device,
        "epoch": fact.epoch,
        "lane": fact.lane,
        "seq": fact.seq,
        "kind": fact.kind,
        "at": fact.at,
        "clock": fact.clock,
        "body_sha256": digest(fact.body),
        "sig": fact.sig if _is_signature(fact.sig) else None,
    }


def record_entry(fact: RecordFact) -> Entry:
    """The entry of a record that ingest has validated, to be appended."""
    return Entry("record", record_body(fact), checked=True)


def record_leaf(fact: RecordFact, received_at: int) -> bytes:
    """The leaf hash of the entry of a record that was received at this time, ms UTC."""
    return leaf_hash(encode_entry("record", received_at, record_body(fact)))


def _is_signature(sig: str | None) -> bool:
    try:
        raw = base64.b64decode(sig or "", validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == SIGNATURE_BYTES and base64.b64encode(raw).decode() == sig
