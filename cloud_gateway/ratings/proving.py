"""Shows that an entry is in the evidence log, and checks it here as anybody can elsewhere: from the stored bytes on."""

from __future__ import annotations

import base64
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence import store, store_keys
from cloud_gateway.evidence.proofs import Inclusion, NotCovered, prove_inclusion
from edge_agent.proof.checkpoints import LogKey, NoteError, open_checkpoint
from edge_agent.proof.merkle import is_included, leaf_hash


class Proven(NamedTuple):
    """An entry (its canonical bytes) with its proof; `holds` is the outcome of the check.

    `inclusion` is None while no signed head covers it.
    """

    place: int
    entry: bytes
    leaf: bytes
    inclusion: Inclusion | None
    holds: bool


async def prove_entry(c: AsyncConnection, place: int) -> Proven | None:
    """The proof of an entry in the newest head; None when the log has no such entry. Raises BrokenLog."""
    entry = await store.find_entry(c, place)
    if entry is None:
        return None
    leaf = leaf_hash(entry.body)
    try:
        inclusion = await prove_inclusion(c, place, None)
    except NotCovered:
        return Proven(place, entry.body, leaf, None, holds=False)
    return Proven(place, entry.body, leaf, inclusion, check_inclusion(leaf, inclusion, await read_keys(c)))


async def read_keys(c: AsyncConnection) -> list[LogKey]:
    """The keys that have signed heads of the log."""
    return [LogKey(name, base64.b64decode(key)) for name, key in await store_keys.list_log_keys(c)]


def check_inclusion(leaf: bytes, inclusion: Inclusion, keys: list[LogKey]) -> bool:
    """Whether the proof leads from the leaf to a root that one of the keys has signed; pure."""
    try:
        head = open_checkpoint(inclusion.checkpoint, keys)
    except NoteError:
        return False
    proof = [base64.b64decode(one) for one in inclusion.proof]
    return head.size == inclusion.size and is_included(leaf, inclusion.index, head.size, proof, head.root)
