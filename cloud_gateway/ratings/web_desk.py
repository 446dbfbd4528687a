"""The API for the insurer's systems and staff: invitations, replies, appeals and their rulings, masks."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from uuid_utils import uuid7

from cloud_gateway.database import reading
from cloud_gateway.evidence.store_keys import KeyName, append_keys
from cloud_gateway.idempotency.keys import Connection, RequiredKey, make_once
from cloud_gateway.outreach.tokens import open_key
from cloud_gateway.ratings import store_invitations
from cloud_gateway.ratings.invitations import DAY_MS, DOMAIN, Invitation, Stage
from cloud_gateway.ratings.masks import MAX_RECEIPT, Reason, write_report
from cloud_gateway.ratings.replies import MAX_TEXT, Outcome, tidy_text
from cloud_gateway.ratings.visitors import origin_of
from cloud_gateway.ratings.web_acts import Place, append_appeal, append_mask, append_reply, append_ruling, expect_report
from cloud_gateway.ratings.web_ratings import RATE
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.stations.store import find_station
from edge_agent.proof.checkpoints import NoteError, read_vkey
from edge_agent.web.paging import Time
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(tags=["wall"])
Desk = Annotated[Staff, Depends(require_role(Role.OPERATIONS, Role.COUNTER_MANAGER, Role.ADMINISTRATOR))]
Keeper = Annotated[Staff, Depends(require_role(Role.OPERATIONS, Role.ADMINISTRATOR))]
Administrator = Annotated[Staff, Depends(require_role(Role.ADMINISTRATOR))]
ReportNumber = Annotated[str, Query(max_length=100, description="The regulator's number of the report.")]
Short = Annotated[str, Field(max_length=64)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewInvitation(_Asked):
    """Whom a customer is asked to rate, and for what. Nothing in it says who the customer is."""

    stage: Stage
    scale: Literal[3, 5] | None = Field(None, description="Levels; without it `ratings.web_scale` of the settings.")
    station: Short = Field("", description="Code of the station, if one served.")
    counter: Short = ""
    clerk: Short = Field("", description="Number of the clerk, if one served; not shown on the wall.")
    days: int = Field(30, ge=1, le=365, description="So long the link takes a rating.")


class Statement(_Asked):
    """What the insurer says to a rating; it becomes public and can never be changed."""

    text: str = Field(min_length=1, max_length=MAX_TEXT)


class NewAppeal(Statement):
    """A clerk's appeal. `manager` is the name of his manager's sign-in, who may not rule on it."""

    clerk: str = Field(min_length=1, max_length=64, description="Number of the clerk.")
    manager: str = Field(min_length=1, max_length=64, description="Name of the sign-in of the clerk's manager.")


class NewRuling(Statement):
    """What somebody else has found; `text` gives the reasons."""

    outcome: Outcome


class NewMask(_Asked):
    """A regulator's signed receipt of the report about a text."""

    receipt: str = Field(min_length=1, max_length=MAX_RECEIPT, description="C2SP signed note.")


class RegulatorKey(_Asked):
    """A regulator's key, from then on in the log for everybody to see."""

    vkey: str = Field(max_length=400, description="C2SP vkey: name+id+key.")


@dataclass(frozen=True)
class MadeInvitation:
    """An invitation; `link` is for the customer alone and is not kept."""

    id: str
    expires_at: Time
    link: str = ""


@dataclass(frozen=True)
class Appended:
    """The place of the entry that was appended."""

    place: int


@router.post("/rating-invitations", status_code=201)
async def invite(request: Request, who: Desk, asked: NewInvitation, key: RequiredKey) -> Response:
    """Make a one-time invitation. The answer is kept without its link, which is derived anew."""
    gateway, now = gateway_of(request), now_ms()
    answer_key = open_key(gateway.settings.data_dir, origin_of(request))

    async def make(connection: Connection) -> MadeInvitation:
        await _require_station(connection, asked.station)
        made, scale = str(uuid7()), asked.scale or gateway.settings.ratings.web_scale
        until = now + asked.days * DAY_MS
        invitation = Invitation(made, asked.stage, scale, asked.station, asked.counter, asked.clerk, until, None)
        token = answer_key.token(made, DOMAIN)
        await store_invitations.add_invitation(connection, invitation, token, who.id, now)
        return MadeInvitation(made, until)

    kept = await make_once(request, who, key, MadeInvitation, make)
    said = json.loads(bytes(kept.body))
    said["link"] = f"{origin_of(request)}{RATE}{answer_key.token(said['id'], DOMAIN)}"
    return Response(json.dumps(said), kept.status_code, media_type="application/json")


@router.post("/wall/{place}/replies", status_code=201)
async def reply(request: Request, who: Desk, place: Place, said: Statement, key: RequiredKey) -> Response:
    """Append a reply of the insurer to a rating."""

    async def make(connection: Connection) -> Appended:
        return Appended(await append_reply(connection, who, place, said.text))

    return await make_once(request, who, key, Appended, make)


@router.post("/wall/{place}/appeals", status_code=201)
async def appeal(request: Request, who: Desk, place: Place, said: NewAppeal, key: RequiredKey) -> Response:
    """Append a clerk's appeal against a rating; a rating is appealed once."""

    async def make(connection: Connection) -> Appended:
        return Appended(await append_appeal(connection, who, place, said.text, said.clerk, said.manager))

    return await make_once(request, who, key, Appended, make)


@router.post("/wall/{place}/rulings", status_code=201)
async def rule(request: Request, who: Desk, place: Place, said: NewRuling, key: RequiredKey) -> Response:
    """Append the ruling on the appeal against a rating, by somebody who has no part in it. The rating stays."""

    async def make(connection: Connection) -> Appended:
        return Appended(await append_ruling(connection, who, place, said.text, said.outcome))

    return await make_once(request, who, key, Appended, make)


@router.get("/wall/{place}/report")
async def draft_report(
    request: Request, _who: Keeper, place: Place, reason: Reason, number: ReportNumber
) -> dict[str, str]:
    """The text that a regulator signs to say that the report about this entry's text has reached him."""
    if not (plain := tidy_text(number).replace("\n", " ")):
        raise invalid("number", "there is nothing in it")
    async with reading(gateway_of(request).engine) as connection:
        report = await expect_report(connection, place, gateway_of(request).settings.evidence.origin)
    return {"text": write_report(report._replace(reason=reason, number=plain))}


@router.post("/wall/{place}/masks", status_code=201)
async def mask(request: Request, who: Keeper, place: Place, asked: NewMask, key: RequiredKey) -> Response:
    """Mask the text of a rating, or of something said to one. Its leaf and its proof stay."""

    async def make(connection: Connection) -> Appended:
        origin = gateway_of(request).settings.evidence.origin
        _rating, made = await append_mask(connection, who, place, asked.receipt, origin)
        return Appended(made)

    return await make_once(request, who, key, Appended, make)


@router.post("/regulator-keys", status_code=201)
async def add_regulator(request: Request, who: Administrator, asked: RegulatorKey, key: RequiredKey) -> Response:
    """Name a regulator's key in the log."""
    try:
        vkey = read_vkey(asked.vkey)
    except NoteError as exc:
        raise invalid("vkey", str(exc)) from exc

    async def make(connection: Connection) -> RegulatorKey:
        public = base64.b64encode(vkey.public).decode()
        await append_keys(connection, [KeyName("regulator", vkey.name, public, "")], now_ms())
        return asked

    return await make_once(request, who, key, RegulatorKey, make)


async def _require_station(connection: Connection, code: str) -> None:
    if code and await find_station(connection, code) is None:
        remedy = _("Look at the list of stations.")
        raise Problem(422, "unknown_station", _("There is no such station."), remedy, "station")
