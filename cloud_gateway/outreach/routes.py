"""The API of recipients, the duty calendar, the call sheet and the channels' newest tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.outreach import store_calls, store_checks, store_recipients
from cloud_gateway.outreach.answering import MAX_NOTE, Said, tidy_note
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.recipients import RecipientEntry, Row
from cloud_gateway.outreach.store_answers import find_message, write_answer
from cloud_gateway.outreach.store_calls import Call
from cloud_gateway.outreach.store_checks import Check
from cloud_gateway.outreach.store_recipients import KnownRecipient
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(tags=["outreach"])
DESK = (Role.RISK_ENGINEER, Role.OPERATIONS, Role.ADMINISTRATOR)
Caller = Annotated[Staff, Depends(require_role(*DESK))]
Keeper = Annotated[Staff, Depends(require_role(Role.OPERATIONS, Role.ADMINISTRATOR))]
#: What can come of a call: an answer, or nobody.
NO_REPLY = "no-reply"


@dataclass(frozen=True)
class Recipient:
    """Somebody who is told. Of a chat address only its kind is shown: the rest of it is a key."""

    id: str
    entry: RecipientEntry
    contact_checked_at: Time | None
    disabled_at: Time | None


@dataclass(frozen=True)
class DutyTurn:
    """A turn of duty; rank 1 is called first."""

    name: str
    role: str
    since: Time
    until: Time
    rank: int


class CallResult(BaseModel):
    """What came of a call."""

    model_config = ConfigDict(extra="forbid")

    result: Literal["acting", "unsafe", "need-help", "not-mine", "no-reply"] = Field(
        description="What they said; no-reply: nobody picked up, the next person is asked."
    )
    note: str = Field("", max_length=MAX_NOTE)


@router.get("/recipients")
async def list_recipients(request: Request, _who: Caller, after: After = None, limit: Limit = 100) -> Page[Recipient]:
    """Who is told, in the order in which they were entered."""
    key = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store_recipients.list_people(connection, str(key[0]), limit + 1)
    return make_page([_view(row) for row in rows], limit, lambda one: [one.id])


@router.post("/recipients", status_code=201)
async def add_recipient(request: Request, who: Keeper, entry: RecipientEntry, key: IdempotencyKey = None) -> Response:
    """Enter a recipient. The same again answers the same; other content under a known name and role is refused."""

    async def enter(connection: Connection) -> Recipient:
        done = await store_recipients.enter_people(connection, [Row(1, entry)])
        for mistake in done.mistakes:
            raise invalid(mistake.field, mistake.text)
        return _view(await store_recipients.find_named(connection, entry.name, entry.role))

    return await make_once(request, who, key, Recipient, enter)


@router.post("/recipients/{recipient}/disabling", status_code=204)
async def disable_recipient(request: Request, _who: Keeper, recipient: str) -> Response:
    """Tell this recipient nothing from now on; what was sent stays on record."""
    async with transaction(gateway_of(request).engine) as connection:
        await _require(connection, recipient)
        await store_recipients.set_disabled(connection, recipient, gateway_of(request).clock())
    return Response(status_code=204)


@router.delete("/recipients/{recipient}/disabling", status_code=204)
async def enable_recipient(request: Request, _who: Keeper, recipient: str) -> Response:
    """Tell this recipient again."""
    async with transaction(gateway_of(request).engine) as connection:
        await _require(connection, recipient)
        await store_recipients.set_disabled(connection, recipient, None)
    return Response(status_code=204)


@router.post("/recipients/{recipient}/contact-check", status_code=204)
async def check_contact(request: Request, _who: Caller, recipient: str) -> Response:
    """Say that somebody has tried the addresses today and they are right."""
    async with transaction(gateway_of(request).engine) as connection:
        await _require(connection, recipient)
        await store_recipients.note_checked(connection, recipient, gateway_of(request).clock())
    return Response(status_code=204)


@router.get("/duty")
async def list_duty(request: Request, _who: Caller) -> list[DutyTurn]:
    """The duty calendar from now on."""
    async with reading(gateway_of(request).engine) as connection:
        turns = await store_recipients.list_turns(connection, gateway_of(request).clock())
    return [DutyTurn(turn.name, turn.role, turn.since, turn.until, turn.rank) for turn in turns]


@router.get("/calls")
async def list_calls(request: Request, _who: Caller) -> list[Call]:
    """Whom to call now, the most pressing first."""
    async with reading(gateway_of(request).engine) as connection:
        return await store_calls.list_calls(connection, gateway_of(request).clock())


@router.post("/calls/{message}/result", status_code=204)
async def note_result(request: Request, who: Caller, message: str, result: CallResult) -> Response:
    """Write down what came of a call; the ladder stops or asks the next person at once."""
    await keep_result(request, who, message, result)
    return Response(status_code=204)


@router.get("/channel-checks")
async def list_checks(request: Request) -> list[Check]:
    """The newest test of each channel, and the signs of life of the worker and of the watch."""
    async with reading(gateway_of(request).engine) as connection:
        return await store_checks.list_checks(connection)


async def keep_result(request: Request, who: Staff, message: str, result: CallResult) -> None:
    """Shared by the API and the call sheet. Raises Problem 404."""
    now = gateway_of(request).clock()
    async with transaction(gateway_of(request).engine) as connection:
        if result.result == NO_REPLY:
            found = await store_calls.note_unreached(connection, message, who.name, now)
        else:
            asked = await find_message(connection, message)
            found = asked is not None
            if asked is not None:
                said = Said(Choice(result.result), tidy_note(result.note), who.name, now)
                await write_answer(connection, asked, said)
    if not found:
        remedy = _("Load the call sheet again: somebody may have made this call.")
        raise Problem(404, "no_call", _("This call is not open."), remedy, "message")


async def _require(connection: Connection, recipient: str) -> None:
    if await store_recipients.find_person(connection, recipient) is None:
        remedy = _("Check the recipient's id; the list of recipients has them all.")
        raise Problem(404, "no_recipient", _("No recipient has this id."), remedy, "recipient")


def _view(known: KnownRecipient) -> Recipient:
    scheme = known.entry.chat.partition("://")[0]
    entry = known.entry.model_copy(update={"chat": f"{scheme}://…" if scheme else ""})
    return Recipient(known.id, entry, known.contact_checked_at, known.disabled_at)
