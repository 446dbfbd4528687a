"""What devices report of their settings: stored with its event, and set aside when it is rubbish."""

from __future__ import annotations

import json

import pytest

from cloud_gateway.database import reading
from cloud_gateway.ingest.batch import Sorter
from cloud_gateway.twin.difference import in_use
from cloud_gateway.twin.store import find_twin
from edge_agent.wire.messages import MAX_FRAME_BYTES
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, deliver


def said(value: str = "5", state: str = "applied", extra: str = "") -> bytes:
    """The payload of a report of one setting."""
    sections = f'{{"rules":{{"flood.above":{value}}}}}'
    text = f'{{"version":3,"hash":"","state":"{state}","results":{{}},"sections":{sections},"at":{AT}{extra}}}'
    return text.encode()


async def test_a_report_is_stored_and_told_once(ground: Ground) -> None:
    await ground.take(deliver(said(), "config/reported", retain=True))
    await ground.take(deliver(said(), "config/reported", retain=True))
    async with reading(ground.engine) as connection:
        twin = await find_twin(connection, DEVICE)
    assert in_use(twin.reported) == {"rules": {"flood.above": 5}}
    events = [json.loads(str(body)) for (body,) in ground.rows("SELECT body FROM event WHERE topic = 'twin'")]
    assert events == [{"device": DEVICE, "version": 3, "state": "applied"}]


async def test_what_is_no_number_is_kept_and_not_taken_for_a_setting(ground: Ground) -> None:
    await ground.take(deliver(said('{"a": true}'), "config/reported", retain=True))
    async with reading(ground.engine) as connection:
        assert in_use((await find_twin(connection, DEVICE)).reported) == {"rules": {}}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", "malformed_message"),
        (said(state="perfect"), "malformed_message"),
        (said("[" * 60_000 + "]" * 60_000), "malformed_message"),
        (said(extra=f',"x":"{"y" * MAX_FRAME_BYTES}"'), "message_too_large"),
        (said(extra=',"v":2'), "unknown_version"),
        (said(extra=f',"at":{2**53}'), "malformed_message"),
    ],
    ids=["cut off", "unknown state", "deep", "too large", "newer wire", "beyond year 9999"],
)
def test_a_bad_report_is_set_aside_under_its_name(payload: bytes, code: str) -> None:
    sorter = Sorter()
    sorter.add(deliver(payload, "config/reported", retain=True))
    assert [(letter.code, letter.device) for letter in sorter.batch.unreadable] == [(code, DEVICE)]
    assert sorter.batch.reports == {}
