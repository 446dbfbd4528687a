"""The API of what people do about alarms."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from cloud_gateway.alarms.acts import LEAST_REASON, MOST_TEXT, Handler, Named, Noter, read_alarm, take_step
from cloud_gateway.alarms.hand import Hand, Kind, Step
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.running import gateway_of

router = APIRouter(tags=["alarms"])
ALARM = "/alarms/{device}/{epoch}/{seq}"


class AssigneeEntry(BaseModel):
    """Who has the alarm from now on."""

    model_config = ConfigDict(extra="forbid")

    whom: str = Field("", max_length=64, description="Name of a member of staff; empty: nobody has it any more.")


class NoteEntry(BaseModel):
    """What is to be remembered about an alarm."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: str = Field(min_length=1, max_length=MOST_TEXT)


class AlarmClosing(BaseModel):
    """Why an alarm is over."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=LEAST_REASON, max_length=MOST_TEXT)
    crossed: bool = Field(False, description="Close it although its threshold is still crossed.")


@dataclass(frozen=True)
class AlarmInHand:
    """An alarm, how it stands, and what people did about it, the oldest first."""

    alarm: Alarm
    hand: Hand
    steps: list[Step]


@router.get(ALARM)
async def show_alarm(request: Request, key: Named) -> AlarmInHand:
    """One alarm."""
    async with reading(gateway_of(request).engine) as connection:
        held, steps = await read_alarm(connection, key)
    return AlarmInHand(held.alarm, held.hand, steps)


@router.post(f"{ALARM}/acknowledgement")
async def acknowledge_alarm(request: Request, key: Named, who: Handler) -> Hand:
    """Say that somebody has seen it. What is acknowledged already stays as it is."""
    async with transaction(gateway_of(request).engine) as connection:
        return await take_step(connection, who, key, Kind.ACKNOWLEDGED)


@router.post(f"{ALARM}/assignee")
async def assign_alarm(request: Request, key: Named, who: Handler, entry: AssigneeEntry) -> Hand:
    """Give it to somebody, or back to nobody."""
    async with transaction(gateway_of(request).engine) as connection:
        return await take_step(connection, who, key, Kind.ASSIGNED, whom=entry.whom)


@router.post(f"{ALARM}/notes", status_code=201, response_model=Hand)
async def note_alarm(
    request: Request, key: Named, who: Noter, entry: NoteEntry, idempotency_key: IdempotencyKey = None
) -> Response:
    """Write something down about it."""

    async def make(connection: Connection) -> Hand:
        return await take_step(connection, who, key, Kind.NOTED, text=entry.text)

    return await make_once(request, who, idempotency_key, Hand, make)


@router.post(f"{ALARM}/closing")
async def close_alarm(request: Request, key: Named, who: Handler, entry: AlarmClosing) -> Hand:
    """Close it with a reason; while its threshold is still crossed, only with `crossed`."""
    async with transaction(gateway_of(request).engine) as connection:
        return await take_step(connection, who, key, Kind.CLOSED, text=entry.reason, crossed=entry.crossed)


@router.post(f"{ALARM}/reopening")
async def reopen_alarm(request: Request, key: Named, who: Handler) -> Hand:
    """Take a closing back."""
    async with transaction(gateway_of(request).engine) as connection:
        return await take_step(connection, who, key, Kind.REOPENED)
