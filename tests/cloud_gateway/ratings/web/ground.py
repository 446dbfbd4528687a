"""A gateway that customers visit: invitations, ratings, a regulator who signs, devices whose records are stored."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select
from uuid_utils import uuid4

from cloud_gateway import tables as t
from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence.heads import Signer, sign_head
from cloud_gateway.evidence.records import RecordFact, record_entry
from cloud_gateway.evidence.store import append
from cloud_gateway.evidence.store_keys import KeyName, append_keys
from edge_agent.proof.checkpoints import LogKey, sign_note
from edge_agent.proof.digest import digest
from edge_agent.proof.signatures import Statement, sign
from edge_agent.wire.receipts import Receipt, write_receipt
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.conftest import Console, now_ms

ORIGIN = "weiran.example/evidence"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
DEVICE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
REGULATOR = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
REGULATOR_NAME = "regulator.example/reports"
REGULATOR_VKEY = LogKey(REGULATOR_NAME, REGULATOR.public_key().public_bytes_raw()).vkey
DEVICE, EPOCH, KIND = "terminal-01", "0123456789abcdef", "rating/1"
AT = 1_795_305_600_000  # 2026-11-22
BODY = b'{"score":3}'


@dataclass(frozen=True)
class Kept:
    """What a rater has: the rating's place, the path of his own page, his secret."""

    place: int
    own: str
    secret: str


@dataclass(frozen=True)
class Ground:
    """The gateway with a visitor, who is nobody in particular, and staff by the names of their roles."""

    console: Console
    visitor: httpx.AsyncClient
    stack: AsyncExitStack
    signed_in: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def staff(self, who: str) -> httpx.AsyncClient:
        """A client of theirs, signed in once."""
        if who not in self.signed_in:
            self.signed_in[who] = await self.stack.enter_async_context(self.console.client(who))
        return self.signed_in[who]

    async def post(self, who: str, path: str, json: Mapping[str, object]) -> httpx.Response:
        """A request of staff to the API."""
        client = await self.staff(who)
        return await client.post(f"/api/v1{path}", json=json, headers={"Idempotency-Key": str(uuid4())})

    async def enter_stations(self, *, zone: str = "Asia/Shanghai", **names: str) -> None:
        """Stations of one counter, their names by code."""
        client, counter = await self.staff("counter-manager"), {"number": "1", "name": "One", "name_zh": "一号"}
        for code, name in names.items():
            entry = {"code": code, "name": name, "name_zh": name, "zone": zone, "counter": [counter]}
            answer = await client.put(f"/api/v1/stations/{code}", json=entry)
            assert answer.status_code == 200, answer.text

    async def enter_clerk(self) -> None:
        """The clerk 1024, of a station of his own."""
        client, counter = await self.staff("counter-manager"), {"number": "1", "name": "One", "name_zh": "一号"}
        entry = {"code": "desk", "name": "Desk", "name_zh": "前台", "counter": [counter]}
        clerk = {"number": "1024", "name": "Lin Invented", "staff": "inspector"}
        answer = await client.put("/api/v1/stations/desk", json=entry | {"clerk": [clerk]})
        assert answer.status_code == 200, answer.text

    async def invite(self, **asked: object) -> str:
        """The path of a new invitation."""
        answer = await self.post("operations", "/rating-invitations", {"stage": "claim", **asked})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["link"]).removeprefix(self.console.origin)

    async def form(self, path: str, **said: object) -> dict[str, object]:
        """What the form of an invitation sends."""
        page = await self.visitor.get(path)
        return {"draw": found(r'name="draw" value="(\w+)"', page.text), **said}

    async def rate(self, score: int = 4, text: str = "", **asked: object) -> Kept:
        """A rating on the web."""
        path = await self.invite(**asked)
        answer = await self.visitor.post(path, data=await self.form(path, score=score, text=text))
        assert answer.status_code == 200, answer.text
        page = answer.text
        own = found(r'class="key"><a href="[^"]*(/rating/[^"]+)"', page)
        return Kept(int(found(r'id="rating-(\d+)"', page)), own, found(r'key secret">([^<]+)<', page))

    async def sign(self) -> str:
        """Sign a head over all that is in the log; returns its note."""
        head = await sign_head(self.console.engine, SIGNER, now_ms())
        assert head is not None
        return head.note

    async def receipt_of_report(self, place: int, key: Ed25519PrivateKey = REGULATOR, reason: str = "abuse") -> str:
        """What the regulator signs about the text of an entry."""
        client, query = await self.staff("operations"), {"reason": reason, "number": "R-2026-17"}
        answer = await client.get(f"/api/v1/wall/{place}/report", params=query)
        assert answer.status_code == 200, answer.text
        return sign_note(answer.json()["text"], REGULATOR_NAME, key)

    async def mask(self, place: int) -> httpx.Response:
        """Mask the text of an entry as the rules want it."""
        await self.post("administrator", "/regulator-keys", {"vkey": REGULATOR_VKEY})
        return await self.post("operations", f"/wall/{place}/masks", {"receipt": await self.receipt_of_report(place)})

    async def store_record(self, seq: int, body: bytes = BODY) -> None:
        """A record that the device has sent and the gateway has stored."""
        await self.name_device()
        fact = RecordFact(DEVICE, EPOCH, "record", seq, KIND, AT, "ntp", body, sign(DEVICE_KEY, statement(seq, body)))
        row = {**fact._asdict(), "boot": "b", "mono": 1, "received_at": AT + 5}
        async with transaction(self.console.engine) as connection:
            await connection.execute(insert(t.record).values(row))
            await append(connection, [record_entry(fact)], AT + 5)

    async def store_record_once(self, seq: int) -> None:
        """The same, unless a test before has stored it."""
        async with reading(self.console.engine) as connection:
            known = await connection.scalar(select(t.record.c.seq).where(t.record.c.seq == seq))
        if known is None:
            await self.store_record(seq)

    async def name_device(self) -> None:
        """The log names the device's key."""
        public = base64.b64encode(DEVICE_KEY.public_key().public_bytes_raw()).decode()
        async with transaction(self.console.engine) as connection:
            await append_keys(connection, [KeyName("device", DEVICE, public, "")], now_ms())

    async def check(self, *receipts: str, lang: str = "en") -> str:
        """The page about these receipts."""
        answer = await self.visitor.post(f"/r/check?lang={lang}", data={"receipt": "\n".join(receipts)})
        assert answer.status_code == 200, answer.text
        return answer.text


def found(pattern: str, text: str) -> str:
    """The first group of the pattern's only match."""
    (match,) = re.findall(pattern, text)
    return str(match)


def statement(seq: int, body: bytes = BODY) -> Statement:
    """What the device signs of a record."""
    return Statement(DEVICE, EPOCH, Lane.RECORD, seq, KIND, AT, body)


def make_receipt(
    seq: int, body: bytes = BODY, *, note: str = "", key: Ed25519PrivateKey = DEVICE_KEY, device: str = DEVICE
) -> str:
    """The text of a receipt."""
    signature = sign(key, statement(seq, body)._replace(device=device))
    return write_receipt(Receipt(device, EPOCH, seq, KIND, AT, digest(body), signature, note))
