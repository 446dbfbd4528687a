"""A station of two counters with its gateway: what its terminals say is stored, counted and released as in ingest."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence.store import list_entries
from cloud_gateway.ratings.counting import Counting
from cloud_gateway.ratings.settings import Ratings
from cloud_gateway.stations.entries import StationEntry
from cloud_gateway.stations.store import put_station
from edge_agent.wire import ratings as wire
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import EPOCH, deliver, frame, record

#: 2026-11-22 09:00 in Shanghai.
NINE = 1_795_305_600_000 + 3_600_000
HOUR, DAY = 3_600_000, 86_400_000
MIDNIGHT = NINE + 15 * HOUR
#: When ratings of the first day have waited for others long enough.
WAITED = MIDNIGHT + 31 * DAY
ONE, TWO = "terminal-01", "terminal-02"
CARD_KEY = b"an invented key of cards, of 32 bytes"
STATION = StationEntry.model_validate(
    {
        "code": "harbour",
        "name": "Harbour station",
        "name_zh": "港口服务站",
        "duty_device": "duty-desk-1",
        "counter": [
            {"number": "1", "name": "Counter 1", "name_zh": "1 号窗口", "device": ONE},
            {"number": "2", "name": "Counter 2", "name_zh": "2 号窗口", "device": TWO},
        ],
        "clerk": [
            {"number": "1024", "name": "Lin Invented", "card": "card-1024", "staff": "demo"},
            {"number": "2048", "name": "Zhao Invented", "card": "card-2048"},
        ],
    }
)


def number_of(what: object) -> str:
    """64 hexadecimal characters that are this thing's own."""
    return hashlib.sha256(str(what).encode()).hexdigest()


def window_of(what: object) -> str:
    """The window of the service of that number."""
    return number_of(what)[:32]


def rating(n: object, score: int = 3, *, scale: int = 3, clerk: str = "1024", counter: str = "1") -> wire.RatingBody:
    """The rating of the service of that number."""
    window, count = window_of(n), number_of(n)
    return wire.RatingBody(window, counter, clerk, cast(wire.Scale, scale), score, count, 200, 2500)


def service(n: object, *, answered: bool = True, why_not: str = "", clerk: str = "1024") -> wire.ServiceBody:
    """The service of that number, at counter 1."""
    return wire.ServiceBody(
        window=window_of(n),
        counter="1",
        clerk=clerk,
        by=wire.ServedBy.TICKET,
        ticket=f"A{n}",
        waited_s=200,
        opened_at=NINE,
        closed_at=NINE + 1000,
        invited=not why_not,
        answered=answered,
        why_not=wire.NotInvited(why_not),
    )


KINDS = {
    wire.RatingBody: wire.RATING,
    wire.ServiceBody: wire.SERVICE,
    wire.PressBody: wire.PRESS,
    wire.ShiftBody: wire.SHIFT,
    wire.RatingMoreBody: wire.RATING_MORE,
}


@dataclass
class Hall:
    """The station. `now` is the time that counting goes by."""

    ground: Ground
    now: int = NINE
    seqs: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counting = Counting(self.engine, Ratings(), lambda: self.now)

    @property
    def engine(self) -> AsyncEngine:
        return self.ground.engine

    async def enter(self, entry: StationEntry = STATION) -> None:
        """Enter the station."""
        async with transaction(self.engine) as connection:
            await put_station(connection, entry, self.now, CARD_KEY)

    async def hear(self, *bodies: msgspec.Struct, device: str = ONE, at: int = NINE) -> bytes:
        """A terminal says this, in one frame, which is returned."""
        first = self.seqs.get(device, 0) + 1
        self.seqs[device] = first + len(bodies) - 1
        said = [
            record(first + i, msgspec.json.encode(body).decode(), kind=KINDS[type(body)], at=at)
            for i, body in enumerate(bodies)
        ]
        payload = frame(*said, lane="record", epoch=EPOCH[:-2] + device[-2:])
        await self.ground.take(deliver(payload, "up/record", device=device))
        return payload

    async def count(self, now: int | None = None) -> None:
        """One look of the duty, at that time."""
        self.now = self.now if now is None else now
        await self.counting.look()

    async def outside(self, work: Callable[[], int]) -> None:
        """Run a command that has a loop of its own."""
        assert await asyncio.to_thread(work) == 0

    async def close_day(self) -> None:
        """Count, and again when nothing of the first day waits any longer."""
        await self.count()
        await self.count(WAITED)

    async def entries(self, type_: str) -> list[dict[str, object]]:
        """The bodies of the log's entries of a type."""
        async with reading(self.engine) as connection:
            found = await list_entries(connection, -1, 10_000)
        return [msgspec.json.decode(one.body)["body"] for one in found if one.type == type_]

    async def released(self) -> list[dict[str, object]]:
        """All rows of `count` entries, in the log's order."""
        batches = [cast(list[dict[str, object]], body["rows"]) for body in await self.entries("count")]
        return [row for rows in batches for row in rows]
