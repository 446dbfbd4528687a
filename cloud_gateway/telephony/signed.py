"""The address that a telephone system posts rated calls to: no session, the signature is its right."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Request

from cloud_gateway.database import transaction
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.telephony import store
from cloud_gateway.telephony.calls import SIGNATURE, Code, Refused, check_time, read_call
from cloud_gateway.telephony.digits import Heard, read_digits
from edge_agent.web.problems import Problem
from edge_agent.web.words import _
from edge_agent.wire.shared_keys import read_shared_key
from edge_agent.wire.tls import CredentialError

logger = logging.getLogger(__name__)
#: What is below it carries its own right.
PREFIX = "/api/v1/telephony/"
router = APIRouter(prefix="/api/v1/telephony", tags=["telephony"])
_REFUSED = _("The call was not taken.")
#: For each code its status and what to do.
REMEDIES: dict[Code, tuple[int, str]] = {
    Code.NOT_SET_UP: (503, _("Name telephony.key_file in the gateway's settings.")),
    Code.UNREADABLE: (422, _("Send the fields that the documentation of this address lists.")),
    Code.UNKNOWN_KEY: (401, _("Use the name of the key that the gateway's settings have.")),
    Code.BAD_SIGNATURE: (401, _("Sign the raw body with the shared key.")),
    Code.TOO_OLD: (422, _("Send calls as they end, and set the clock right.")),
    Code.TOO_NEW: (422, _("Set the telephone system's clock right.")),
    Code.NUMBER_USED: (409, _("It has been taken already; send nothing again.")),
    Code.RATED_ALREADY: (409, _("A call is rated once; send nothing again.")),
    Code.NO_CALL_BACK: (404, _("Check the call-back's id: it is unknown, or has its rating.")),
}


@dataclass(frozen=True)
class Taken:
    """What a call came to; `counted` when its rating counts."""

    call: str
    heard: Heard
    counted: bool


@router.post("/ratings", status_code=201)
async def take_call(request: Request, signature: Annotated[str, Header(alias=SIGNATURE, max_length=200)] = "") -> Taken:
    """Take what a caller pressed at the end of a call: signed, of now, each number and each call once."""
    body = await request.body()
    try:
        return await _take(request, body, signature)
    except Refused as exc:
        status, remedy = REMEDIES[exc.code]
        raise Problem(status, exc.code.value, _REFUSED, remedy) from exc


async def _take(request: Request, body: bytes, signature: str) -> Taken:
    gateway = gateway_of(request)
    settings, now = gateway.settings.telephony, now_ms()
    ended = read_call(body, signature, settings.key, await _secret(request))
    check_time(ended, now, settings.tolerance_s)
    answer = read_digits(ended.digits, ended.hung_up, settings.scale, settings.best_digit)
    zone = gateway.settings.ratings.zone
    async with transaction(gateway.engine) as connection:
        await store.take_number(connection, ended, now, settings.tolerance_s)
        count = await store.keep_call(connection, ended, answer, settings.scale, zone, now)
    return Taken(ended.call, answer.heard, count is not None)


async def _secret(request: Request) -> bytes:
    """The shared key, read anew each time: one that was changed holds at once. Raises Refused."""
    file = gateway_of(request).settings.telephony.key_file
    if file is None:
        raise Refused(Code.NOT_SET_UP)
    try:
        return await asyncio.to_thread(read_shared_key, file)
    except CredentialError as exc:
        logger.error("calls cannot be taken: %s", exc)
        raise Refused(Code.NOT_SET_UP) from exc
