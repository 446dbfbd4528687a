"""Alarms and their steps in a real database."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from cloud_gateway import tables as t
from cloud_gateway.alarms.hand import State
from cloud_gateway.alarms.store_hand import Choice, Key, Shown, add_step, list_held
from cloud_gateway.database import open_database, reading, transaction
from tests.cloud_gateway.alarms.test_hand import STANDS
from tests.databases import make_database

ALARM: dict[str, object] = {
    "device": "tide-1", "epoch": "00000000000000a1", "rule": "high", "stream": "level", "value": 2.0, "limit": 1.0,
    "unit": "m", "since": 1, "raised_at": 1, "received_at": 1,
}  # fmt: skip


async def test_the_list_of_open_alarms_agrees_with_how_each_stands(tmp_path: Path) -> None:
    make_database(tmp_path / "gateway.db")
    engine = open_database(tmp_path / "gateway.db")
    async with transaction(engine) as connection:
        for seq, (_name, steps, crossed, *_rest) in enumerate(STANDS):
            row = ALARM | {"seq": seq, "cleared_at": None if crossed else 9}
            await connection.execute(insert(t.alarm).values(**row))
            for step in steps:
                await add_step(connection, Key("tide-1", "00000000000000a1", seq), step)
    async with reading(engine) as connection:
        listed = {one.key.seq: one.hand.state for one in await list_held(connection, Choice(), "", 100)}
        every = await list_held(connection, Choice(Shown.ALL), "", 100)
        holders = {one.key.seq: one.hand.holder for one in await list_held(connection, Choice(), "", 100)}
        people = sorted({name for name in holders.values() if name})
        asked = [(Shown.MINE, who) for who in people] + [(Shown.UNASSIGNED, "")]
        lists = [(who, await list_held(connection, Choice(shown), who, 100)) for shown, who in asked]
        found = {one.key.seq: who for who, held in lists for one in held}
    await engine.dispose()
    assert listed == {seq: case[3] for seq, case in enumerate(STANDS) if case[3] is not State.CLOSED}
    assert sorted(one.key.seq for one in every) == list(range(len(STANDS)))
    assert (found, len(people) > 1) == (holders, True)
