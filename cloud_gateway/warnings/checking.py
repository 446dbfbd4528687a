"""Asks each configured source once and says what it would give; stores nothing, so it can run beside a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading
from cloud_gateway.warnings.addresses import CannotFetch
from cloud_gateway.warnings.admission import read_certificate
from cloud_gateway.warnings.fetching import Fetcher
from cloud_gateway.warnings.freshness import Health, judge
from cloud_gateway.warnings.polling import describe, make_ask, read_token, take
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store_sources import SourceState, load_sources


@dataclass(frozen=True)
class Check:
    """How a source does. `age_s` since the gateway's last good answer; counts are of the answer just got."""

    name: str
    kind: str
    state: str
    age_s: int | None
    messages: int | None
    links: int | None
    refused: int | None
    error: str

    @property
    def is_well(self) -> bool:
        """Whether nobody needs to look at it."""
        return not self.error and self.state not in (Health.SILENT, Health.FAILING)


async def check_sources(
    engine: AsyncEngine, sources: Sequence[Source], now: int, fetcher: Fetcher | None = None
) -> list[Check]:
    """Ask the sources that are polled, all at once; of a pushed one what the database knows."""
    async with reading(engine) as connection:
        states = await load_sources(connection, [source.name for source in sources])
    shared = fetcher or Fetcher()
    return await asyncio.gather(*(_check(source, states.get(source.name), now, shared) for source in sources))


async def _check(source: Source, state: SourceState | None, now: int, fetcher: Fetcher) -> Check:
    answered_at = None if state is None else state.answered_at
    is_silent = state is not None and state.silent_since is not None
    health = judge(answered_at, 0 if state is None else state.failures, silent=is_silent)
    age_s = None if answered_at is None else (now - answered_at) // 1000
    counts, error = await _try(source, fetcher)
    if error and not is_silent:
        health = Health.FAILING
    return Check(source.name, source.kind, health.value, age_s, *counts, error)


_Counts = tuple[int | None, int | None, int | None]


async def _try(source: Source, fetcher: Fetcher) -> tuple[_Counts, str]:
    """What an answer holds: messages, links, refused; and what is wrong."""
    try:
        certificate = read_certificate(source)
        if source.kind == "push":
            return (None, None, None), "" if read_token(source) else "settings: token_file is needed with kind push"
        answer = await fetcher.fetch(make_ask(source, source.url))
        taken = await asyncio.to_thread(take, source, answer.body or b"", answer.url, certificate)
    except (CannotFetch, OSError, ValueError) as exc:
        return (None, None, None), describe(exc)
    counts = len(taken.admitted.taken), len(taken.links), len(taken.admitted.refused)
    return counts, taken.unreadable
