"""The log in its database: it grows by whole batches, and its stored nodes give every root and proof of its past."""

from __future__ import annotations

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import store
from cloud_gateway.evidence.entries import EntryError
from cloud_gateway.evidence.tables import evidence_node
from edge_agent.proof.merkle import (
    EMPTY_ROOT,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)
from tests.cloud_gateway.evidence.pieces import AT, record_entries, record_entry


async def grow(log: AsyncEngine, first: int, last: int) -> list[int]:
    async with transaction(log) as connection:
        return await store.append(connection, record_entries(first, last), AT)


async def test_entries_get_places_from_0_in_their_order(log: AsyncEngine) -> None:
    assert await grow(log, 1, 3) == [0, 1, 2]
    assert await grow(log, 4, 4) == [3]
    async with reading(log) as connection:
        entries = await store.list_entries(connection, 0, 10)
    assert [entry.place for entry in entries] == [1, 2, 3]
    assert [leaf_hash(entry.body) for entry in entries] == [entry.leaf for entry in entries]


async def test_an_empty_log_has_the_root_of_nothing(log: AsyncEngine) -> None:
    async with reading(log) as connection:
        assert (await store.read_state(connection)).frontier.root == EMPTY_ROOT
        assert await store.root_at(connection, 0) == EMPTY_ROOT


async def test_every_earlier_root_is_that_of_its_leaves(log: AsyncEngine) -> None:
    for first, last in ((1, 1), (2, 6), (7, 7), (8, 21)):
        await grow(log, first, last)
    async with reading(log) as connection:
        leaves = [entry.leaf for entry in await store.list_entries(connection, -1, 100)]
        roots = [await store.root_at(connection, size) for size in range(22)]
        assert (await store.read_state(connection)).frontier.root == roots[21]
    assert roots == [root_of(leaves[:size]) for size in range(22)]


async def test_stored_nodes_prove_entries_and_growth(log: AsyncEngine) -> None:
    await grow(log, 1, 13)
    async with reading(log) as connection:
        leaf = (await store.list_entries(connection, 4, 1))[0].leaf
        roots = [await store.root_at(connection, size) for size in (6, 13)]
        assert is_included(leaf, 5, 13, await store.prove(connection, inclusion_spans(5, 13)), roots[1])
        assert is_consistent(6, 13, await store.prove(connection, consistency_spans(6, 13)), roots[0], roots[1])


async def test_a_batch_with_one_bad_entry_is_not_appended_at_all(log: AsyncEngine) -> None:
    with pytest.raises(EntryError):
        async with transaction(log) as connection:
            await store.append(connection, [*record_entries(1, 2), record_entry(3, clock="sundial")], AT)
    assert await grow(log, 4, 4) == [0]


async def test_a_transaction_that_fails_leaves_the_tree_as_it_was(log: AsyncEngine) -> None:
    await grow(log, 1, 3)
    with pytest.raises(RuntimeError):
        async with transaction(log) as connection:
            await store.append(connection, record_entries(4, 9), AT)
            raise RuntimeError("the caller's own trouble")
    assert await grow(log, 4, 5) == [3, 4]
    async with reading(log) as connection:
        leaves = [entry.leaf for entry in await store.list_entries(connection, -1, 100)]
        assert await store.root_at(connection, 5) == root_of(leaves)


async def test_a_missing_node_is_told_and_never_made_up(log: AsyncEngine) -> None:
    await grow(log, 1, 8)
    async with transaction(log) as connection:
        await connection.execute(delete(evidence_node).where(evidence_node.c.level == 2))
    async with reading(log) as connection:
        with pytest.raises(store.BrokenLog):
            await store.prove(connection, inclusion_spans(0, 8))
