"""What the receipt page finds, from the records, dead letters and heads that the gateway holds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway import tables as t
from cloud_gateway.database import transaction
from cloud_gateway.evidence import weiran_verify
from cloud_gateway.evidence.tables import evidence_node
from cloud_gateway.ratings.tables import rating
from cloud_gateway.ratings.tables_web import web_rating
from edge_agent.proof.checkpoints import Checkpoint, sign_note, write_checkpoint
from tests.cloud_gateway.ratings.web.ground import AT, DEVICE, EPOCH, ORIGIN, SIGNER, Ground, make_receipt

pytestmark = pytest.mark.asyncio(loop_scope="session")
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def head(size: int, key: Ed25519PrivateKey = SIGNER.key, filling: int = 7) -> str:
    """A checkpoint of a log that is not ours."""
    return sign_note(write_checkpoint(Checkpoint(ORIGIN, size, bytes([filling]) * 32)), ORIGIN, key)


async def test_stored_record_is_included_with_a_proof_that_anybody_can_check(ground: Ground) -> None:
    await ground.store_record(1)
    waiting = await ground.check(make_receipt(1))
    note = await ground.sign()
    page = await ground.check(make_receipt(1, note=note))
    file = await ground.visitor.post("/r/proof", data={"receipt": make_receipt(1)})
    proof = json.loads(file.text)
    leaf = weiran_verify.hash_leaf(weiran_verify.encode(proof["entry"]))
    assert "its proof is being made" in waiting
    assert "Your rating is in the records" in page
    assert (leaf.hex(), proof["entry"]["body"]["seq"]) == (proof["leaf"], 1)
    assert "attachment" in file.headers["content-disposition"]


async def test_receipt_does_not_say_what_was_pressed(ground: Ground) -> None:
    await ground.store_record(2, b'{"score":1,"note":"pressed-one"}')
    await ground.sign()
    receipt = make_receipt(2, b'{"score":1,"note":"pressed-one"}')
    file = await ground.visitor.post("/r/proof", data={"receipt": receipt})
    assert "pressed-one" not in file.text + await ground.check(receipt)


async def test_record_that_has_not_come_is_not_yet_here(ground: Ground) -> None:
    await ground.name_device()
    assert "Your rating has not arrived yet" in await ground.check(make_receipt(900))


async def test_refused_record_says_why(ground: Ground) -> None:
    await ground.name_device()
    letter: dict[str, object] = {"received_at": AT, "topic": "t", "device": DEVICE, "epoch": EPOCH, "lane": "record"}
    letter |= {
        "seq": 40,
        "code": "time_out_of_range",
        "detail": "d",
        "payload": b"",
        "size": 0,
        "sha256": "",
        "times": 1,
    }
    await ground.console.add(t.dead_letter, letter)
    page = await ground.check(make_receipt(40))
    assert "arrived and was refused" in page and "clock was wrong by decades" in page


async def test_confirmed_record_that_is_gone_is_told_as_the_scandal_it_is(ground: Ground) -> None:
    await ground.name_device()
    line: dict[str, object] = {"device": DEVICE, "epoch": EPOCH, "lane": "record", "upto": 0, "ranges": "[[60, 61]]"}
    await ground.console.add(t.ledger, line)
    assert "Your rating should be here and is not" in await ground.check(make_receipt(61))
    assert "Your rating has not arrived yet" in await ground.check(make_receipt(62))


FORGED = {
    "another key": (make_receipt(5, key=STRANGER), "This receipt is not genuine"),
    "unknown terminal": (make_receipt(5, device="terminal-99"), "We have no terminal of that name"),
    "cut short": (make_receipt(5)[:-40], "This receipt cannot be read"),
    "nothing": ("hello", "There is no receipt in this"),
    "a foreign head": (make_receipt(3, note=head(1, STRANGER)), "A part of this receipt is not genuine"),
}


@pytest.mark.parametrize(("receipt", "words"), FORGED.values(), ids=FORGED)
async def test_forged_receipt_is_told_from_a_genuine_one(ground: Ground, receipt: str, words: str) -> None:
    await ground.store_record_once(3)
    await ground.sign()
    assert words in await ground.check(receipt)


async def test_head_that_does_not_fit_the_log_shows_that_it_was_rewritten_or_cut(ground: Ground) -> None:
    await ground.store_record_once(3)
    await ground.sign()
    told = "The log is not the one that this receipt has seen"
    assert told in await ground.check(make_receipt(3, note=head(1)))
    assert told in await ground.check(make_receipt(3, note=head(10**6)))


async def test_two_receipts_expose_a_terminal_that_signed_two_ratings(ground: Ground) -> None:
    await ground.name_device()
    page = await ground.check(make_receipt(70), make_receipt(70, b'{"score":1}'))
    assert "These receipts contradict each other" in page


async def test_two_receipts_expose_a_log_that_was_forked(ground: Ground) -> None:
    await ground.store_record_once(3)
    await ground.sign()
    page = await ground.check(make_receipt(80, note=head(50)), make_receipt(81, note=head(50, filling=8)))
    assert "These receipts have seen two different logs" in page


async def test_record_that_replaced_a_signed_one_is_found(ground: Ground) -> None:
    await ground.store_record(6, b'{"score":3}')
    await ground.sign()
    assert "Another rating stands in the place of yours" in await ground.check(make_receipt(6, b'{"score":1}'))


@asynccontextmanager
async def nodes_missing(engine: AsyncEngine) -> AsyncIterator[None]:
    """The log without its inner nodes, for a while."""
    async with transaction(engine) as connection:
        rows = [dict(row) for row in (await connection.execute(select(evidence_node))).mappings()]
        await connection.execute(delete(evidence_node))
    yield
    async with transaction(engine) as connection:
        await connection.execute(insert(evidence_node), rows)


async def test_a_secret_whose_row_cannot_be_proven_finds_a_damaged_log(ground: Ground) -> None:
    kept = await ground.rate()
    own = select(web_rating.c.count).where(web_rating.c.place == kept.place).scalar_subquery()
    async with transaction(ground.console.engine) as connection:
        await connection.execute(update(rating).where(rating.c.count == own).values(place=kept.place))
    await ground.sign()
    async with nodes_missing(ground.console.engine):
        answer = await ground.visitor.post("/r/row?lang=en", data={"secret": kept.secret})
    assert answer.status_code == 500
    assert "The evidence log is damaged." in answer.text


async def test_wrong_secrets_cost_time(ground: Ground) -> None:
    answers = [await ground.visitor.post("/r/row?lang=en", data={"secret": "0" * 26}) for _ in range(7)]
    assert "has this code" in answers[0].text
    assert [answers[0].status_code, answers[-1].status_code] == [200, 429]
    assert "26 letters and digits" in (await ground.visitor.get("/r?lang=en")).text
