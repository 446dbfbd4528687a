"""Proofs as the API hands them out: within what a signed head covers, with the head that makes them worth something."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.store_heads import Head
from edge_agent.proof.merkle import ProofError, consistency_spans, inclusion_spans


class NotCovered(Exception):
    """The log has no such size or entry under a signed head, or not yet."""


@dataclass(frozen=True)
class Inclusion:
    """That entry `index` stands in the log of `size` entries. Hashes are base64; `checkpoint` is a head of that size.

    `checkpoint` is empty when no head was signed at that size: then the proof shows nothing by itself.
    """

    index: int
    size: int
    leaf: str
    root: str
    proof: list[str]
    checkpoint: str


@dataclass(frozen=True)
class Consistency:
    """That the log of `size` entries begins with that of `first_size`. Hashes are base64."""

    first_size: int
    size: int
    first_root: str
    root: str
    proof: list[str]
    checkpoint: str


async def prove_inclusion(connection: AsyncConnection, place: int, size: int | None) -> Inclusion:
    """The proof for an entry; without a `size` in the newest head. Raises NotCovered, BrokenLog."""
    head = await _head(connection)
    size = head.size if size is None else size
    entry = await store.find_entry(connection, place)
    if entry is None or size > head.size or place >= size:
        raise NotCovered(f"the newest head covers {head.size} entries; asked for entry {place} in {size}")
    proof = await store.prove(connection, inclusion_spans(place, size))
    root = await store.root_at(connection, size)
    note = await store_heads.find_note(connection, size)
    return Inclusion(place, size, _text(entry.leaf), _text(root), [_text(h) for h in proof], note)


async def prove_consistency(connection: AsyncConnection, first: int, size: int | None) -> Consistency:
    """The proof for two sizes; without a `size` up to the newest head. Raises NotCovered, BrokenLog."""
    head = await _head(connection)
    size = head.size if size is None else size
    if size > head.size:
        raise NotCovered(f"the newest head covers {head.size} entries; asked for {size}")
    try:
        spans = consistency_spans(first, size)
    except ProofError as exc:
        raise NotCovered(str(exc)) from exc
    proof = await store.prove(connection, spans)
    first_root, root = await store.root_at(connection, first), await store.root_at(connection, size)
    note = await store_heads.find_note(connection, size)
    return Consistency(first, size, _text(first_root), _text(root), [_text(h) for h in proof], note)


async def _head(c: AsyncConnection) -> Head:
    head = await store_heads.newest_head(c)
    if head is None:
        raise NotCovered("no head was signed yet")
    return head


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
