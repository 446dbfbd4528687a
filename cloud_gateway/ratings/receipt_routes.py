"""The receipt page: what a receipt proves, in a customer's words; and the row of the count, for who has its secret.

The receipt stands after the # of its address, which no server hears of; the page's script posts it. Nothing that is
posted here is logged or kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from cloud_gateway.database import reading
from cloud_gateway.evidence.store import BrokenLog
from cloud_gateway.evidence.verifier import read_verifier
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.ratings.invitations import STAGES
from cloud_gateway.ratings.proving import Proven, prove_entry, read_keys
from cloud_gateway.ratings.receipt_words import DISAGREEMENTS, WORDS, refusal_words
from cloud_gateway.ratings.receipts import (
    MAX_RECEIPT,
    MAX_RECEIPTS,
    Verdict,
    decode_receipt,
    find_disagreement,
    judge,
    split_receipts,
)
from cloud_gateway.ratings.scores import name_level
from cloud_gateway.ratings.store_invitations import name_station
from cloud_gateway.ratings.store_receipts import CountedRow, Found, find_counted, gather
from cloud_gateway.ratings.visitors import AtPace, address_of, seal
from cloud_gateway.running import gateway_of, now_ms
from edge_agent.web.pages import language_of
from edge_agent.web.problems import Problem
from edge_agent.web.words import CHINESE, _
from edge_agent.wire.ratings import count_id
from edge_agent.wire.receipts import Receipt, ReceiptError, read_secret

router = APIRouter(include_in_schema=False)
#: What is posted carries its own right.
CHECKS = "/r/"
Receipts = Annotated[str, Form(max_length=MAX_RECEIPT * MAX_RECEIPTS)]


@dataclass(frozen=True)
class Judged:
    """A receipt (None when it cannot be read), the verdict on it and the facts."""

    text: str
    receipt: Receipt | None
    verdict: Verdict
    found: Found | None


@router.get("/r")
async def show_receipt_page(request: Request, _pace: AtPace) -> Response:
    """The page that reads a receipt from its address, or takes a pasted one."""
    return _page(request, judged=[], disagreement=None, sent="", empty=False)


@router.post("/r/check")
async def check_receipts(request: Request, _pace: AtPace, receipt: Receipts = "") -> Response:
    """What each receipt proves, and whether they can all be true."""
    texts = split_receipts(receipt)
    async with reading(gateway_of(request).engine) as connection:
        judged = [await _judge(connection, text) for text in texts]
        keys = await read_keys(connection)
    forged = {Verdict.DAMAGED, Verdict.FORGED, Verdict.UNKNOWN_DEVICE}
    genuine = [one.receipt for one in judged if one.receipt is not None and one.verdict not in forged]
    disagreement = find_disagreement(genuine, keys)
    return _page(request, judged=judged, disagreement=disagreement, sent=" ".join(texts), empty=not texts)


@router.post("/r/proof")
async def give_proof(request: Request, _pace: AtPace, receipt: Receipts) -> Response:
    """The proof of a receipt's entry as a file, for whoever wants to check it elsewhere."""
    async with reading(gateway_of(request).engine) as connection:
        judged = await _judge(connection, receipt)
    if judged.found is None or judged.found.proven is None:
        raise Problem(404, "not_found", _("There is no proof for this receipt."), _("Check the receipt first."))
    proven = judged.found.proven
    inclusion = None if proven.inclusion is None else vars(proven.inclusion)
    document = {"receipt": receipt, "entry": json.loads(proven.entry), "leaf": proven.leaf.hex(), "proof": inclusion}
    name = {"Content-Disposition": 'attachment; filename="weiran-proof.json"'}
    return seal(Response(json.dumps(document, indent=2), 200, name, "application/json"))


@router.post("/r/row")
async def open_row(request: Request, _pace: AtPace, secret: Annotated[str, Form(max_length=200)] = "") -> Response:
    """What was pressed, for who has the secret; the secret is compared and forgotten."""
    gateway, key = gateway_of(request), f"row|{address_of(request)}"
    wait = gateway.throttle.wait_ms(key, now_ms())
    if wait:
        remedy = _("Wait a while, then try again.")
        raise Problem(429, "too_fast", _("Too many codes were wrong."), remedy, retry_after_s=wait // 1000 + 1)
    try:
        count = count_id(read_secret(secret))
    except ReceiptError:
        return _row_page(request, "unreadable", None, proven=False)
    async with reading(gateway.engine) as connection:
        row = await find_counted(connection, count)
        proven = None if row is None or row.place is None else await _prove(connection, row.place)
        names = ("", "") if row is None else await name_station(connection, row.station)
    if row is None:
        gateway.throttle.fail(key, now_ms())
        return _row_page(request, "unknown", None, proven=False)
    row = row._replace(station=names[language_of(request) == CHINESE])
    return _row_page(request, "found", row, proven=proven is not None and proven.holds)


async def _judge(connection: Connection, text: str) -> Judged:
    try:
        receipt = decode_receipt(text)
    except ReceiptError:
        return Judged(text, None, Verdict.DAMAGED, None)
    try:
        found = await gather(connection, receipt)
    except BrokenLog as exc:
        raise _broken(exc) from exc
    return Judged(text, receipt, judge(receipt, found.facts), found)


async def _prove(connection: Connection, place: int) -> Proven | None:
    try:
        return await prove_entry(connection, place)
    except BrokenLog as exc:
        raise _broken(exc) from exc


def _broken(exc: BrokenLog) -> Problem:
    remedy = _("Tell the operator: nothing can be proven until this is found.")
    return Problem(500, "broken_log", _("The evidence log is damaged."), remedy, detail=str(exc))


def _row_page(request: Request, outcome: str, row: CountedRow | None, *, proven: bool) -> Response:
    level = None if row is None else name_level(row.scale, row.score, language_of(request))
    stage = (
        None if row is None else next((name for code, name in STAGES.items() if code == row.stage), _("At a counter"))
    )
    return _page(
        request, judged=[], disagreement=None, sent="", empty=False,
        outcome=outcome, row=row, level=level, stage=stage, row_proven=proven,
    )  # fmt: skip


def _page(request: Request, **context: object) -> Response:
    gateway = gateway_of(request)
    settings = gateway.settings
    shared: dict[str, object] = {
        "words": WORDS,
        "disagreements": DISAGREEMENTS,
        "why": refusal_words,
        "outcome": None,
        "notice": settings.web.notice,
        "zone": settings.ratings.zone,
        "verifier": read_verifier().sha256,
    }
    return seal(gateway.pages.render(request, "receipt.html", 200, **{**shared, **context}))
