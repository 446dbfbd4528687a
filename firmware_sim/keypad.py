"""A SIMULATED (模拟) telephone system: it tells the gateway over real HTTP what callers pressed, as any other would."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import httpx

#: The header that the gateway reads the signature from.
SIGNATURE = "Weiran-Signature"
PATH = "/api/v1/telephony/ratings"
TIMEOUT_S = 30.0
Purpose: TypeAlias = Literal["consultation", "call-back"]


class KeyedCall(NamedTuple):
    """A call at whose end a rating is asked for; `digits` are the keys, in their order."""

    digits: str = ""
    hung_up: bool = False
    purpose: Purpose = "consultation"
    clerk: str = ""
    station: str = ""
    call_back: str = ""
    call: str = ""


class Said(NamedTuple):
    """What the gateway answered."""

    status: int
    body: dict[str, object]


class Keypad:
    """A telephone system that knows the gateway's address and the shared key. `clock` gives ms UTC."""

    def __init__(self, origin: str, key: str, secret: bytes, clock: Callable[[], int]) -> None:
        self._url = origin.rstrip("/") + PATH
        self._key = key
        self._secret = secret
        self._clock = clock

    def write(self, call: KeyedCall) -> bytes:
        """The message of a call, with a number of its own, marked SIMULATED."""
        facts = call._asdict() | {"call": call.call or f"sim-{secrets.token_hex(6)}"}
        facts |= {"number": secrets.token_hex(16), "at": self._clock(), "key": self._key, "simulated": True}
        return json.dumps(facts).encode()

    def sign(self, body: bytes) -> str:
        """The signature of a message."""
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()

    async def end(self, call: KeyedCall) -> Said:
        """Send a call as it ends. Raises httpx.HTTPError."""
        body = self.write(call)
        return await self.post(body, self.sign(body))

    async def post(self, body: bytes, signature: str) -> Said:
        """Send a message as it is; what is sent again is the same message. Raises httpx.HTTPError."""
        headers = {SIGNATURE: signature, "Content-Type": "application/json"}
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            reply = await client.post(self._url, content=body, headers=headers)
        return Said(reply.status_code, reply.json())
