"""How SQLite reads: a proof, a record's row and a text are looked up, whatever the size of their tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import store, store_erasure, store_heads, store_keys, store_scrub
from cloud_gateway.evidence.retention import Reason
from edge_agent.proof.merkle import consistency_spans, inclusion_spans
from tests.cloud_gateway.evidence.exports import hold_entry
from tests.cloud_gateway.evidence.pieces import AT, record_entries

Look = Callable[[AsyncConnection], Awaitable[object]]
KEYS = [(f"terminal-{n % 3}", "0123456789abcdef", "record", n) for n in range(9)]
NAMES = [store_keys.KeyName("device", f"terminal-{n}", "A" * 43 + "=", "") for n in range(9)]
TEXTS = [(place, "body.reason") for place in (60, 61)]


async def erase(connection: AsyncConnection) -> None:
    with pytest.raises(store_erasure.NotErased):
        await store_erasure.erase_texts(connection, TEXTS, Reason.PERSON_ASKED, "operator-1", AT, "UTC")


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(lambda c: store.prove(c, inclusion_spans(37, 60)), id="inclusion"),
        pytest.param(lambda c: store.prove(c, consistency_spans(37, 60)), id="consistency"),
        pytest.param(lambda c: store.root_at(c, 59), id="root"),
        pytest.param(lambda c: store_heads.find_note(c, 37), id="note"),
        pytest.param(lambda c: store_scrub.read_records(c, KEYS), id="records"),
        pytest.param(lambda c: store_scrub.read_texts(c, 3, 50), id="texts"),
        pytest.param(lambda c: store_scrub.read_level(c, 2, 0, 9), id="nodes"),
        pytest.param(lambda c: store_keys.append_keys(c, NAMES, AT), id="keys"),
        pytest.param(erase, id="erasure"),
    ],
)
async def test_rows_are_looked_up_and_tables_not_read_through(look: Look, log: AsyncEngine) -> None:
    async with transaction(log) as connection:
        await store.append(connection, [*record_entries(1, 60), hold_entry(1)], AT)
    said: list[tuple[str, tuple[Any, ...]]] = []
    event.listen(log.sync_engine, "before_cursor_execute", lambda c, k, sql, values, *_: said.append((sql, values)))
    async with reading(log) as connection:
        await look(connection)
        looks = [one for one in said if one[0].startswith("SELECT")]
        plans = [await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in looks]
        steps = [row.detail for plan in plans for row in plan]
    assert steps
    assert [step for step in steps if step.startswith("SCAN") and step != "SCAN evidence_log"] == []
