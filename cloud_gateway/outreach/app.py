"""The outreach process: asks sources, follows warnings, settles what they mean at sites, plans messages, sends them.

Each step is one transaction and may be repeated: whatever moment the process is killed at, the next one goes on.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import uuid7

from cloud_gateway.clock import open_clock
from cloud_gateway.complaints.reminding import Reminding
from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.exposures.duty import run_gauges, run_series_feed
from cloud_gateway.exposures.gathering import Gathering
from cloud_gateway.exposures.settling import MOST_WARNINGS, Settling
from cloud_gateway.exposures.store import fresh_level
from cloud_gateway.occupancy import sole
from cloud_gateway.outreach.channels.call import CallSender
from cloud_gateway.outreach.channels.chat import ChatSender
from cloud_gateway.outreach.channels.mail import MailSender
from cloud_gateway.outreach.channels.notice import NoticeSender
from cloud_gateway.outreach.model import Channel
from cloud_gateway.outreach.notices import NoticeBoard
from cloud_gateway.outreach.sending import Sender
from cloud_gateway.outreach.settings import Outreach
from cloud_gateway.outreach.store import draft_due, has_work, plan_due, review_silences
from cloud_gateway.outreach.store_ladder import follow_ladder
from cloud_gateway.outreach.store_messages import Kit, write_drafts
from cloud_gateway.outreach.store_queue import beat
from cloud_gateway.outreach.store_stillness import Stillness, watching
from cloud_gateway.outreach.texts import render
from cloud_gateway.outreach.tokens import open_key
from cloud_gateway.outreach.watching import WORKER_SILENT_MS
from cloud_gateway.outreach.worker import Worker
from cloud_gateway.plans.store import has_changes, run_plans
from cloud_gateway.running import now_ms
from cloud_gateway.service.port import open_port
from cloud_gateway.service.readiness import database_check, outreach_check
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.warnings.polling import run_sources
from cloud_gateway.warnings.store_courses import follow_all

logger = logging.getLogger(__name__)

#: In the data folder: held while the process runs.
LOCK_FILE = "outreach.lock"
#: The worker shows that it lives this often, ms.
BEAT_MS = 10_000
#: What is due of complaints and call-backs is looked at this often, s.
REMIND_S = 30.0
#: After a round that failed, s.
REST_S = 2.0

Senders = Mapping[Channel, Sender]


class Rounds:
    """What is done again and again: follow and settle, plan and climb the ladder, show a sign of life."""

    def __init__(self, engine: AsyncEngine, settings: GatewaySettings, kit: Kit, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._kit = kit
        self._clock = clock
        self._settling = Settling(settings.gauges)
        self._gathering = Gathering()
        self._whole = asyncio.Lock()  # what one round has found is planned as one, not told in pieces
        self.has_settled = asyncio.Event()
        self._notices = NoticeBoard(engine)
        self._beaten_at = 0
        self.trouble: dict[str, str] = {}  # what cannot be done now, by step

    def watching(self) -> AbstractAsyncContextManager[Stillness]:
        """A look at whether a round may find anything new."""
        return watching(self._engine, self._clock)

    async def settle(self, gather_s: float = 0.0) -> None:
        """Warnings and what they mean at sites, until none is left; slight ones wait `gather_s` for more to come."""
        more = True
        while more:
            now = self._clock()
            async with transaction(self._engine) as connection:
                changed = await follow_all(connection, now)
            async with self._whole:
                most = MOST_WARNINGS if gather_s <= 0 or await self._is_gathered(now, gather_s) else 0
                settled = await self._settling.settle_in_parts(self._engine, now, most)
            more = settled.more or bool(changed)

    @property
    def is_gathering(self) -> bool:
        """Whether something waits for more to come, so that the next round comes by time alone."""
        return self._gathering.is_waiting

    async def _is_gathered(self, now: int, gather_s: float) -> bool:
        async with reading(self._engine) as connection:
            fresh = await fresh_level(connection)
        return self._gathering.is_over(fresh, now, time.monotonic_ns() // 1_000_000, gather_s)

    async def post_notices(self) -> None:
        """What devices on site are to show."""
        await self._notices.post(now_ms())

    async def run_plans(self) -> None:
        """Tasks of emergency plans that events and time set off, take back or close; apart, so that it stops nobody."""
        now = self._clock()
        async with reading(self._engine) as connection:
            if not await has_changes(connection, now):
                return
        async with transaction(self._engine) as connection:
            await run_plans(connection, now)

    async def plan(self) -> int:
        """All that is due; returns how many messages it made."""
        now = self._clock()
        async with reading(self._engine) as connection:
            if not await has_work(connection, now):
                return 0
            told = await draft_due(connection, self._kit, now)
        drafts = await asyncio.to_thread(write_drafts, self._kit, told)
        async with self._whole, transaction(self._engine) as connection:
            made = await plan_due(connection, self._kit, now, drafts)
            made += await review_silences(connection, self._kit, now)
            return made + await follow_ladder(connection, self._kit, now)

    async def beat(self) -> None:
        """The sign of life, not more often than is needed; with trouble it says so instead."""
        now = now_ms()  # by the machine's clock, in a story too: the watch compares it with its own
        if 0 <= now - self._beaten_at < BEAT_MS:
            return
        async with transaction(self._engine) as connection:
            await beat(connection, now, "; ".join(self.trouble.values()))
        self._beaten_at = now


@asynccontextmanager
async def open_senders(settings: GatewaySettings, engine: AsyncEngine) -> AsyncIterator[Senders]:
    """The ways to people that the settings know, until the block ends."""
    chat = ChatSender()
    try:
        yield {
            Channel.MAIL: MailSender(settings.outreach.mail),
            Channel.CHAT: chat,
            Channel.CALL: CallSender(),
            Channel.NOTICE: NoticeSender(engine),
        }
    finally:
        chat.close()


def make_kit(settings: GatewaySettings) -> Kit:
    """What planning works with. Raises OSError, ValueError where the key of answer links cannot be used."""
    outreach = settings.outreach
    return Kit(outreach.ladder, open_key(settings.data_dir, outreach.public_url), render, lambda: str(uuid7()))


async def run_outreach(
    settings: GatewaySettings, engine: AsyncEngine, senders: Senders, clock: Callable[[], int] = now_ms
) -> None:
    """Until cancelled: sources, own gauges, rounds and the worker side by side."""
    kit = make_kit(settings)
    outreach = settings.outreach
    worker = Worker(engine, senders, kit.key, clock, outreach.tick_s, outreach.fall_back_after_s)
    rounds = Rounds(engine, settings, kit, clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_sources(engine, settings.sources, now=clock), name="sources")
        group.create_task(run_gauges(engine, settings, clock), name="own gauges")
        group.create_task(run_series_feed(engine, settings, clock), name="warnings as series")
        group.create_task(_keep_settling(rounds, settings.outreach), name="settling")
        group.create_task(_keep_planning(rounds, worker, settings.outreach.tick_s), name="planning")
        group.create_task(worker.run(), name="worker")
        if outreach.mail.host:
            origin, zone = outreach.public_url, settings.ratings.zone
            reminding = Reminding(engine, senders[Channel.MAIL], zone, origin, now_ms)  # cases go by the real time
            group.create_task(_keep_reminding(rounds, reminding), name="reminders")


async def _keep_reminding(rounds: Rounds, reminding: Reminding) -> None:
    task = asyncio.current_task()
    while True:
        async with _going_on(rounds, "reminders"):
            await reminding.look()
        if task is None or task.cancelling():  # on Python 3.11 a wait with a limit may lose a cancellation at its end
            return
        await asyncio.sleep(REMIND_S)


async def _keep_settling(rounds: Rounds, outreach: Outreach) -> None:
    async with rounds.watching() as stillness:
        while True:
            if await stillness.has_moved() or rounds.trouble or rounds.is_gathering:
                await _settle_round(rounds, outreach.gather_s)
            await asyncio.sleep(outreach.tick_s)


async def _settle_round(rounds: Rounds, gather_s: float) -> None:
    async with _going_on(rounds, "settling"):
        await rounds.settle(gather_s)
    rounds.has_settled.set()  # what cannot be settled does not keep what is settled from being told
    async with _going_on(rounds, "notices on site"):
        await rounds.post_notices()
    async with _going_on(rounds, "emergency plans"):
        await rounds.run_plans()


async def _keep_planning(rounds: Rounds, worker: Worker, tick_s: float) -> None:
    await rounds.has_settled.wait()  # a round that a kill has cut is whole before any of it is told
    async with rounds.watching() as stillness:
        while True:
            async with _going_on(rounds, "planning"):
                if (await stillness.has_moved() or rounds.trouble) and await rounds.plan():
                    worker.wake()
                await rounds.beat()
            await asyncio.sleep(tick_s)


@asynccontextmanager
async def _going_on(rounds: Rounds, step: str) -> AsyncIterator[None]:
    """Around one step: what cannot be done now is due again in a moment; told once until it can be done again."""
    try:
        yield
    except Exception as exc:  # the outer edge of a step: the others go on
        if step not in rounds.trouble:
            logger.exception("outreach cannot go on and tries again", extra={"step": step})
        rounds.trouble[step] = f"{step}: {type(exc).__name__}"
        await asyncio.sleep(REST_S)
    else:
        if rounds.trouble.pop(step, None):
            logger.info("outreach goes on", extra={"step": step})


async def _run(settings: GatewaySettings) -> None:
    engine = open_database(settings.database)
    checks = {"database": database_check(engine), "outreach": outreach_check(engine, now_ms, WORKER_SILENT_MS)}
    port = settings.service.outreach_port
    try:
        async with open_port(settings.service, port, checks), open_senders(settings, engine) as senders:
            await run_outreach(settings, engine, senders, open_clock(settings.clock_file))
    finally:
        await engine.dispose()


async def run(settings: GatewaySettings) -> None:
    """Run until SIGTERM or SIGINT; what is being sent then is sent again by the next one."""
    task = asyncio.create_task(_run(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def main(settings: GatewaySettings) -> None:
    """The process's entry. Raises FolderBusy while another one runs on this data folder."""
    with sole(settings.data_dir / LOCK_FILE):
        asyncio.run(run(settings))
