"""The API of call-back lists and of customers' telephones."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.complaints.deadlines import local_day
from cloud_gateway.complaints.readers import Reader, Writer
from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.store import Staff
from cloud_gateway.telephony import store_callbacks as calls
from cloud_gateway.telephony import store_phones as phones
from cloud_gateway.telephony.phones import Finding, NoPhone
from cloud_gateway.telephony.store_callbacks import CallBack, Ended, NewCall, Result
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _
from edge_agent.wire.shared_keys import read_shared_key
from edge_agent.wire.tls import CredentialError

router = APIRouter(tags=["telephony"])


class CallEntry(BaseModel):
    """A customer to be called back."""

    model_config = ConfigDict(extra="forbid")

    policy: str = Field(min_length=1, max_length=64)
    agent: str = Field(max_length=64, description="Number of the agent or clerk who served; never calls himself.")
    phone: str = Field(max_length=40, description="Kept as a keyed hash and a mask alone.")
    station: str = Field("", max_length=32)


class ListEntry(BaseModel):
    """A list of call-backs."""

    model_config = ConfigDict(extra="forbid")

    campaign: str = Field(min_length=1, max_length=64)
    calls: list[CallEntry] = Field(min_length=1, max_length=calls.MOST)


class ResultEntry(BaseModel):
    """What came of a call."""

    model_config = ConfigDict(extra="forbid")

    result: Result


class PolicyPhone(BaseModel):
    """The telephone of a policy's customer, and the agent who sold it."""

    model_config = ConfigDict(extra="forbid")

    policy: str = Field(min_length=1, max_length=64)
    agent: str = Field(max_length=64)
    phone: str = Field(max_length=40)


class AgentPhone(BaseModel):
    """A telephone of an agent."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field(min_length=1, max_length=64)
    phone: str = Field(max_length=40)


@dataclass(frozen=True)
class CallView:
    """A call-back. `due` is its last local day, `handler` null when nobody may take it."""

    id: str
    campaign: str
    policy: str
    agent: str
    station: str
    phone_masked: str
    due: str
    handler: str | None
    state: str
    tries: int
    made_at: Time
    ended_at: Time | None


@dataclass(frozen=True)
class CallList:
    """The call-backs that were new."""

    calls: list[CallView]


@dataclass(frozen=True)
class Checked:
    """What was found of a policy's telephone; `findings` empty when nothing was."""

    policy: str
    phone: str
    findings: list[Finding]


@dataclass(frozen=True)
class SuspicionView:
    """A policy whose customer's telephone is doubtful."""

    policy: str
    agent: str
    phone: str
    findings: list[Finding]
    agents: list[str]
    policies: int


@router.post("/call-backs", status_code=201)
async def add_calls(request: Request, who: Writer, entry: ListEntry, key: IdempotencyKey = None) -> Response:
    """Deal out a list among the handlers; a policy that the campaign has already is left alone."""
    phone_key = await _phone_key(request)
    now = now_ms()
    day = local_day(now, gateway_of(request).settings.ratings.zone)

    async def make(connection: Connection) -> CallList:
        new = [NewCall(**one.model_dump()) for one in entry.calls]
        made = await calls.add_calls(connection, phone_key, entry.campaign, new, day, now)
        return CallList([_view(one) for one in made])

    try:
        return await make_once(request, who, key, CallList, make)
    except NoPhone as exc:
        raise invalid("calls.phone", str(exc)) from exc


@router.get("/call-backs")
async def list_calls(
    request: Request,
    _who: Reader,
    limit: Limit = 100,
    handler: Annotated[str | None, Query(max_length=64, description="Of this handler only.")] = None,
) -> list[CallView]:
    """Open call-backs by their last day."""
    async with reading(gateway_of(request).engine) as connection:
        return [_view(one) for one in await calls.list_calls(connection, limit, handler)]


@router.post("/call-backs/{call}/result", response_model=CallView)
async def note_result(
    request: Request, who: Writer, call: str, entry: ResultEntry, key: IdempotencyKey = None
) -> Response:
    """Write down what came of a call; one that was not reached stays open."""

    async def make(connection: Connection) -> CallView:
        return _view(await keep_result(connection, who, call, entry.result))

    return await make_once(request, who, key, CallView, make, status=200)


@router.put("/agent-phones", status_code=204)
async def put_agent_phone(request: Request, _who: Writer, entry: AgentPhone) -> Response:
    """An agent has this number; kept as a keyed hash."""
    key = await _phone_key(request)
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await phones.put_agent_phone(connection, key, entry.agent, entry.phone, now_ms())
    except NoPhone as exc:
        raise invalid("phone", str(exc)) from exc
    return Response(status_code=204)


@router.put("/policy-phones")
async def put_policy_phone(request: Request, _who: Writer, entry: PolicyPhone) -> Checked:
    """Check the telephone of a policy's customer: not an agent's own, not shared by too many policies."""
    key = await _phone_key(request)
    most = gateway_of(request).settings.telephony.most_policies
    try:
        async with transaction(gateway_of(request).engine) as connection:
            masked = await phones.put_policy_phone(connection, key, entry.policy, entry.agent, entry.phone, now_ms())
            found = await phones.list_suspicions(connection, most, only=entry.policy)
    except NoPhone as exc:
        raise invalid("phone", str(exc)) from exc
    return Checked(entry.policy, masked, [finding for one in found for finding in one.findings])


@router.get("/phone-findings")
async def list_findings(request: Request, _who: Reader, after: After = None, limit: Limit = 100) -> Page[SuspicionView]:
    """Policies whose customer's telephone is doubtful, by policy; numbers are masked."""
    start = decode_cursor(after, str) or [""]
    most = gateway_of(request).settings.telephony.most_policies
    async with reading(gateway_of(request).engine) as connection:
        rows = await phones.list_suspicions(connection, most, str(start[0]), limit + 1)
    views = [_suspicion(row) for row in rows]
    return make_page(views, limit, lambda one: [one.policy])


async def keep_result(connection: Connection, who: Staff, call: str, result: Result) -> CallBack:
    """Shared by the API and the page. Raises Problem."""
    try:
        return await calls.note_result(connection, call, result, who.name, now_ms())
    except LookupError as exc:
        raise Problem(404, "no_call_back", _("There is no such call-back."), _("Check the id."), "call") from exc
    except Ended as exc:
        remedy = _("Load the list again.")
        raise Problem(409, "has_result", _("This call-back has its result already."), remedy) from exc


async def _phone_key(request: Request) -> bytes:
    file = gateway_of(request).settings.telephony.phone_key_file
    remedy = _("Name telephony.phone_key_file in the gateway's settings.")
    problem = Problem(503, "no_phone_key", _("Telephones cannot be taken: the key of their hashes is missing."), remedy)
    if file is None:
        raise problem
    try:
        return await asyncio.to_thread(read_shared_key, file)
    except CredentialError as exc:
        problem.detail = str(exc)
        raise problem from exc


def _suspicion(one: phones.Suspicion) -> SuspicionView:
    lists = {"findings": list(one.findings), "agents": list(one.agents)}
    return SuspicionView(**(msgspec.structs.asdict(one) | lists))


def _view(one: CallBack) -> CallView:
    return CallView(**{name: getattr(one, name) for name in CallView.__dataclass_fields__})
