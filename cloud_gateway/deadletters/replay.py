"""Puts a refused record through ingest's own decision again, once the cause of its refusal may be over."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.deadletters.store import REFUSED, STORED, Letter, Replay, has_record, note_replay
from cloud_gateway.enrolment.store import find_enrolment
from cloud_gateway.evidence.records import EVIDENCED
from cloud_gateway.ingest.admission import DETAILS, Admission, Changes
from cloud_gateway.ingest.batch import Batch, Sorter
from cloud_gateway.ingest.clocks import Boot, Candidate, Clocks
from cloud_gateway.ingest.gate import BAD_SIGNATURE, Gate
from cloud_gateway.ingest.store import store_events
from cloud_gateway.ingest.store_clocks import fix_offsets
from cloud_gateway.ingest.store_devices import Events
from cloud_gateway.ingest.store_facts import Facts
from cloud_gateway.settings import Devices
from edge_agent.wire.messages import VERSION
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import Lane, Topic

#: Refusals whose cause can end: another key is enrolled, or a newer gateway knows or reads what this one did not.
CURABLE = frozenset({BAD_SIGNATURE, "unknown_kind", "malformed_body", "malformed_record"})


class Bar(StrEnum):
    """Why a letter is not put in again."""

    STORED = "stored"  # it was, and is stored
    MESSAGE = "message"  # a whole message was never acknowledged: its device sends it again by itself
    LANE = "lane"  # only alarms and records are put in again
    FINAL = "final"  # the cause is in the record itself
    PART = "part"  # refused by an older gateway, which did not keep all of it


def find_bar(letter: Letter, last: Replay | None) -> Bar | None:
    """Why this letter cannot be put in again; None when it can. `last` is what became of it the last time."""
    if last is not None and last.result == STORED:
        return Bar.STORED
    if letter.seq is None:
        return Bar.MESSAGE
    if letter.code not in CURABLE:
        return Bar.FINAL
    if letter.lane not in EVIDENCED:
        return Bar.LANE
    return Bar.PART if letter.record is None or letter.boot is None else None


async def replay_letter(connection: AsyncConnection, letter: Letter, devices: Devices, who: str, now: int) -> Replay:
    """Decide on a letter that has no bar as on a fresh arrival, store it when it passes, and keep what came of it.

    In the caller's transaction; `now` is the gateway's time, ms UTC.
    """
    events: Events = []
    code, detail = await _decide(connection, letter, devices, now, events)
    replay = Replay(letter.id, now, who, REFUSED if code else STORED, code, detail[:300])
    await note_replay(connection, replay)
    await store_events(connection, now, [*events, ("dead_letter", {"device": letter.device, "code": letter.code})])
    return replay


async def _decide(
    connection: AsyncConnection, letter: Letter, devices: Devices, now: int, events: Events
) -> tuple[str, str]:
    """The refusal's code and detail; both empty when the record is stored."""
    if await has_record(connection, letter):
        return "seq_conflict", "another record of this number is stored"
    admission = await _admission(connection, letter.device or "", devices)
    batch = _sort(letter, admission)
    if refusal := _refusal(batch):
        return refusal

    async def fix(candidates: Mapping[Boot, Candidate]) -> Mapping[Boot, int]:
        return await fix_offsets(connection, candidates, now)

    batch.frames = await Clocks().settle(batch.frames, fix)
    await Gate(admission).verify(batch)
    if refusal := _refusal(batch):
        return refusal
    facts = Facts(now, events)
    for accepted in batch.frames:
        facts.add_rows(accepted, accepted.rows)
    await facts.write(connection)
    return "", ""


async def _admission(connection: AsyncConnection, device: str, devices: Devices) -> Admission:
    """The register as far as this device goes."""
    known = await find_enrolment(connection, device)

    async def read(_after: int) -> Changes:
        return Changes([known] if known else [], 0, True)

    admission = Admission(devices)
    await admission.load(read)
    return admission


def _sort(letter: Letter, admission: Admission) -> Batch:
    """The letter as its device would send it, taken apart."""
    head = f'{{"v":{VERSION},"epoch":"{letter.epoch}","lane":"{letter.lane}","boot":'.encode()
    boot = msgspec.json.encode(letter.boot or "")
    payload = head + boot + b',"records":[' + (letter.record or b"") + b"]}"
    sorter = Sorter(admission)
    sorter.add(Delivery(str(Topic(letter.device or "", Lane(letter.lane or ""))), payload, False, 0))
    return sorter.take()


def _refusal(batch: Batch) -> tuple[str, str] | None:
    """The first reason why the batch's one record is not taken."""
    for _device, code in batch.refused:
        return code, DETAILS[code]
    for unread in batch.unreadable:
        return unread.code, unread.detail
    for accepted in batch.frames:
        for rejected in accepted.rejected:
            return rejected.code, rejected.detail
    return None
