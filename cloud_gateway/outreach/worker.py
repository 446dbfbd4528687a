"""Sends what is due: each message is taken in hand in the database before it leaves, and ended there after it has left.

After a kill at any moment the messages in hand are sent again, the same words under the same id; nothing else is.
Every channel works by itself, on several messages at a time and on one of each recipient, so that nobody is in the way
of anybody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.fallback import FailedWay, Trial, next_way
from cloud_gateway.outreach.model import Channel
from cloud_gateway.outreach.sending import CannotSend, Sender
from cloud_gateway.outreach.store_queue import Claimed, Failed, Sent, claim, next_due, recover, settle
from cloud_gateway.outreach.tokens import AnswerKey

logger = logging.getLogger(__name__)

#: Sendings at a time of one channel.
AT_ONCE = 8
#: A channel that has said nothing for so long is taken to have failed, s.
SEND_LIMIT_S = 60.0
#: First and longest wait before another try, ms.
FIRST_WAIT_MS, LONGEST_WAIT_MS = 5_000, 600_000
#: From when it was due a message is tried for so long, ms.
GIVE_UP_MS = 24 * 3_600_000
#: A way that fails for so long gives the message to the recipient's next one, s.
FALL_BACK_S = 300.0
#: After the database could not be written, s.
DATABASE_WAIT_S = 1.0


def next_try(attempt: int, due_at: int, now: int) -> int | None:
    """When a message that could be sent later is tried again; None once it has been tried for a day."""
    wait = min(FIRST_WAIT_MS * 2 ** min(attempt - 1, 16), LONGEST_WAIT_MS)
    return now + wait if now + wait < due_at + GIVE_UP_MS else None


class Worker:
    """Sends by `senders`; `clock` gives ms UTC. `wake` may be called whenever there may be something new."""

    def __init__(
        self,
        engine: AsyncEngine,
        senders: Mapping[Channel, Sender],
        key: AnswerKey,
        clock: Callable[[], int],
        tick_s: float,
        fall_back_s: float = FALL_BACK_S,
    ) -> None:
        self._engine = engine
        self._key = key
        self._clock = clock
        self._tick_s = tick_s
        self._patience_ms = round(fall_back_s * 1000)
        self._results: asyncio.Queue[Sent | Failed] = asyncio.Queue()
        self._lines = {channel: _Line(self, sender) for channel, sender in senders.items()}

    async def run(self) -> None:
        """Until cancelled."""
        async with transaction(self._engine) as connection:
            again = await recover(connection, self._clock())
        if again:
            logger.warning("messages that were being sent when outreach ended are sent again", extra={"count": again})
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_all())
            for channel, line in self._lines.items():
                group.create_task(line.run(channel), name=f"outreach {channel}")

    def wake(self) -> None:
        """Look at once for what is due."""
        for line in self._lines.values():
            line.news.set()

    async def send(self, claimed: Claimed, sender: Sender) -> None:
        """Send one message and hand in how it ended; nothing that a channel does ends the worker."""
        letter = claimed.letter
        filled = msgspec.structs.replace(letter, body=self._key.fill(letter.id, letter.body))
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                await sender.send(filled, claimed.recipient)
        except CannotSend as exc:
            ended: Sent | Failed = self._failed(claimed, str(exc), exc.retry)
        except TimeoutError:
            ended = self._failed(claimed, "the channel did not answer in time", True)
        except Exception as exc:  # the edge of one message: the others go on
            logger.exception("a message could not be sent", extra={"message_id": letter.id, "channel": letter.channel})
            ended = self._failed(claimed, f"{type(exc).__name__} in the channel", True)
        else:
            ended = Sent(letter.id, self._clock())
        self._results.put_nowait(ended)

    async def claim(self, channel: Channel, busy: set[str], limit: int) -> list[Claimed]:
        """Take due messages in hand; none when nothing is due."""
        now = self._clock()
        async with reading(self._engine) as connection:
            due = await next_due(connection)
        if due is None or due > now:
            return []
        async with transaction(self._engine) as connection:
            return await claim(connection, channel, busy, limit, now)

    async def pause(self, news: asyncio.Event) -> None:
        """Until there is news, or the next tick."""
        try:
            async with asyncio.timeout(self._tick_s):
                await news.wait()
        except TimeoutError:
            pass

    def _failed(self, claimed: Claimed, why: str, retry: bool) -> Failed:
        now, letter = self._clock(), claimed.letter
        trial = Trial(claimed.recipient, letter.channel, claimed.due_at, claimed.attempt, claimed.failed)
        way = next_way(trial, self._lines, not retry, now, self._patience_ms)
        if way is None:
            return Failed(letter.id, now, why, next_try(trial.here, claimed.due_at, now) if retry else None)
        logger.info("a message goes another way", extra={"message_id": letter.id, "channel": letter.channel, "to": way})
        left = FailedWay(letter.channel, now, why, not retry, claimed.attempt)
        return Failed(letter.id, now, why, now, way, (*claimed.failed, left))

    async def _settle_all(self) -> None:
        """Write down all that has ended since the last time, in one commit; then its recipients are free again."""
        while True:
            ended = [await self._results.get()]
            while not self._results.empty():
                ended.append(self._results.get_nowait())
            await self._settle(ended)
            for line in self._lines.values():
                line.free({one.id for one in ended})
            if any(isinstance(one, Failed) and one.way is not None for one in ended):
                self.wake()

    async def _settle(self, ended: list[Sent | Failed]) -> None:
        sent = [one for one in ended if isinstance(one, Sent)]
        failed = [one for one in ended if isinstance(one, Failed)]
        while True:
            try:
                async with transaction(self._engine) as connection:
                    await settle(connection, sent, failed)
            except OperationalError:
                logger.exception("what was sent cannot be written down yet")
                await asyncio.sleep(DATABASE_WAIT_S)
            else:
                return


class _Line:
    """One channel at work: at most `AT_ONCE` messages in hand, one of each recipient."""

    def __init__(self, worker: Worker, sender: Sender) -> None:
        self._worker = worker
        self._sender = sender
        self._busy: dict[str, str] = {}  # message id to recipient
        self.news = asyncio.Event()

    async def run(self, channel: Channel) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self.news.clear()
                room = AT_ONCE - len(self._busy)
                taken = await self._claim(channel, room) if room else []
                for one in taken:
                    self._busy[one.letter.id] = one.recipient.id
                    group.create_task(self._worker.send(one, self._sender))
                if not taken:
                    await self._worker.pause(self.news)

    def free(self, ended: set[str]) -> None:
        """These are written down: their recipients may be sent the next."""
        mine = ended & self._busy.keys()
        for one in mine:
            del self._busy[one]
        if mine:
            self.news.set()

    async def _claim(self, channel: Channel, room: int) -> list[Claimed]:
        try:
            return await self._worker.claim(channel, set(self._busy.values()), room)
        except OperationalError:
            logger.exception("messages cannot be taken in hand")
            await asyncio.sleep(DATABASE_WAIT_S)
            return []
