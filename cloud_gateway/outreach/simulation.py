"""Plays a story through the real planning, queue and ladder on a database of its own, and tells who hears what, when.

Nobody is told anything: every message counts as arrived at the moment it is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.every_table import metadata
from cloud_gateway.outreach.facts import Facts
from cloud_gateway.outreach.model import Channel, Message
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.store import plan_due
from cloud_gateway.outreach.store_ladder import follow_ladder, note_answer
from cloud_gateway.outreach.store_messages import Kit
from cloud_gateway.outreach.store_queue import Claimed, Sent, claim, settle
from cloud_gateway.outreach.store_simulation import (
    Cast,
    find_asked,
    next_moment,
    read_cast,
    sites_told,
    steps_of_messages,
    write_cast,
    write_change,
)
from cloud_gateway.outreach.story import Story, StoryAnswer, StoryChange, StorySite
from cloud_gateway.outreach.tokens import AnswerKey
from cloud_gateway.sites.entries import Mistake
from cloud_gateway.warnings.model import Level

DATABASE = "simulation.db"
#: Messages taken at a time.
AT_ONCE = 500


class Hearing(NamedTuple):
    """Somebody is told: when, by which way, and of which sites, ranked. `answer_by` where an answer is waited for."""

    at: int
    recipient: str
    channel: Channel
    hazard: str
    change: str
    level: Level
    step: str
    sites: tuple[str, ...]
    answer_by: int | None


class StoryRefused(Exception):
    """People or turns of a story do not fit together; `mistakes` says where."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"{one.field}: {one.text}" for one in self.mistakes))


async def simulate(story: Story, ladder: tuple[Rung, ...], folder: Path, gateway: Path | None = None) -> list[Hearing]:
    """All that is told, in order of time; works in `folder`, which should be empty and thrown away.

    `gateway` is the database whose sites, people and turns play along; it is only read. Raises StoryRefused.
    """
    cast = await _gather(story, gateway)
    engine = open_database(folder / DATABASE)
    try:
        async with transaction(engine) as connection:
            await connection.run_sync(metadata.create_all)
            mistakes = await write_cast(connection, cast)
        if mistakes:
            raise StoryRefused(mistakes)
        return await _Stage(engine, ladder, cast.sites).play(story)
    finally:
        await engine.dispose()


async def _gather(story: Story, gateway: Path | None) -> Cast:
    """The story's cast beside the gateway's; a site that is only named is one all the same."""
    known = Cast({}, (), ())
    if gateway is not None:
        engine = open_database(gateway)
        try:
            async with reading(engine) as connection:
                known = await read_cast(connection)
        finally:
            await engine.dispose()
    named = [code for person in story.recipient for code in person.sites]
    named += [code for change in story.change for code in change.sites]
    sites = {**{code: StorySite(code=code) for code in named}, **known.sites, **{one.code: one for one in story.site}}
    return Cast(sites, (*known.people, *story.recipient), (*known.turns, *story.duty))


class _Stage:
    """The database of one simulation, and what was heard so far."""

    def __init__(self, engine: AsyncEngine, ladder: tuple[Rung, ...], sites: Mapping[str, StorySite]) -> None:
        ids = count(1)
        self._engine = engine
        self._sites = sites
        self._kit = Kit(ladder, AnswerKey(bytes(32), ""), _say_nothing, lambda: f"{next(ids):09}")
        self._heard: list[Hearing] = []

    async def play(self, story: Story) -> list[Hearing]:
        """Until nothing is due any more."""
        lines: tuple[StoryChange | StoryAnswer, ...] = (*story.change, *story.answer)
        later = sorted(lines, key=lambda line: line.at)
        while (now := await self._next(later[0].at if later else None)) is not None:
            async with transaction(self._engine) as connection:
                while later and later[0].at <= now:
                    await self._take(connection, later.pop(0))
                await plan_due(connection, self._kit, now)
                await follow_ladder(connection, self._kit, now)
                await self._deliver(connection, now)
        return self._heard

    async def _next(self, told_at: int | None) -> int | None:
        async with reading(self._engine) as connection:
            due = await next_moment(connection)
        return min((at for at in (told_at, due) if at is not None), default=None)

    async def _take(self, connection: AsyncConnection, line: StoryChange | StoryAnswer) -> None:
        if isinstance(line, StoryChange):
            await write_change(connection, line, self._sites)
        elif (asked := await find_asked(connection, line.name, line.at)) is not None:
            await note_answer(connection, asked, line.choice, line.at)

    async def _deliver(self, connection: AsyncConnection, now: int) -> None:
        for channel in Channel:
            while taken := await claim(connection, channel, (), AT_ONCE, now):
                await self._hear(connection, taken, now)
                await settle(connection, [Sent(one.letter.id, now) for one in taken], [])

    async def _hear(self, connection: AsyncConnection, taken: Iterable[Claimed], now: int) -> None:
        ids = [one.letter.id for one in taken]
        sites, steps = await sites_told(connection, ids), await steps_of_messages(connection, ids)
        for one in sorted(taken, key=lambda claimed: claimed.letter.id):
            letter = one.letter
            step, answer_by = steps[letter.id]
            said = (letter.channel, letter.hazard, letter.change.value, letter.level, step)
            self._heard.append(Hearing(now, one.recipient.name, *said, tuple(sites[letter.id]), answer_by))


def _say_nothing(_message: Message, _language: str, _facts: Facts) -> tuple[str, str]:
    return "", ""
