"""Looks at what a process of the gateway needs, and names what is not ready."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading
from cloud_gateway.readings.series import SeriesStore, StoreUnavailable
from cloud_gateway.service import store

logger = logging.getLogger(__name__)

#: What does not answer within this is not ready, s.
LIMIT_S = 5.0
NO_ANSWER = "does not answer"
#: What is asked of the store of readings: names that may be, of a device that is not.
NOBODY, NOTHING = "no-such-device", "nothing"


class NotReady(Exception):
    """What a process needs is not there; the text says how, without any name or address."""


#: Looks at one thing that is needed. Raises NotReady.
Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Missing:
    """One thing that is not ready, and how."""

    name: str
    reason: str


@dataclass(frozen=True)
class Readiness:
    """The answer of `/readyz`."""

    ready: bool
    missing: Sequence[Missing] = field(default_factory=tuple)


async def look(checks: Mapping[str, Check]) -> Readiness:
    """Look at all of them side by side; each has its time."""
    found = await asyncio.gather(*(_look(name, check) for name, check in checks.items()))
    missing = tuple(one for one in found if one is not None)
    return Readiness(not missing, missing)


async def _look(name: str, check: Check) -> Missing | None:
    try:
        async with asyncio.timeout(LIMIT_S):
            await check()
    except NotReady as exc:
        return Missing(name, str(exc))
    except (TimeoutError, SQLAlchemyError, StoreUnavailable) as exc:
        logger.info("asked for readiness: %s does not answer: %s", name, exc)
        return Missing(name, NO_ANSWER)
    return None


def database_check(engine: AsyncEngine) -> Check:
    """The database answers a query."""

    async def check() -> None:
        async with reading(engine) as connection:
            await store.answer(connection)

    return check


def series_check(series: SeriesStore) -> Check:
    """The store of readings answers a query."""

    async def check() -> None:
        await series.samples(NOBODY, NOTHING, 0, 1, 1)

    return check


def evidence_check(engine: AsyncEngine) -> Check:
    """The heads of the evidence log are signed."""

    async def check() -> None:
        async with reading(engine) as connection:
            if await store.evidence_fault(connection):
                raise NotReady("heads are not signed")

    return check


def outreach_check(engine: AsyncEngine, now: Callable[[], int], most_ms: int) -> Check:
    """Outreach has shown a sign of life within `most_ms`, and no trouble."""

    async def check() -> None:
        async with reading(engine) as connection:
            beaten = await store.last_beat(connection)
        if beaten is None or now() - beaten.at > most_ms:
            raise NotReady("no sign of life")
        if beaten.trouble:
            raise NotReady("a step cannot go on")

    return check
