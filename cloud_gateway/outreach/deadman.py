"""The dead man's switch, a process of its own: tests every channel by a real message, and listens for the worker.

When a channel fails or the worker falls silent it sounds at the duty desk, by every way that still works and by a log
line that begins with ALARM, again and again until it is mended. It shows its own sign of life in the database, so that
the pages say when nobody watches.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence

from apprise import NotifyType
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils import uuid7

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.outreach.channels.chat import ChatSender
from cloud_gateway.outreach.channels.mail import MailSender
from cloud_gateway.outreach.model import Change, Channel, Recipient
from cloud_gateway.outreach.sending import CannotSend, Letter
from cloud_gateway.outreach.settings import Outreach
from cloud_gateway.outreach.store_checks import Check, list_checks, note_check
from cloud_gateway.outreach.store_notices import oldest_unsaid
from cloud_gateway.outreach.watching import WATCH, Sounding, Trouble, due_tests, silences, sound
from cloud_gateway.running import now_ms
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.warnings.model import Level
from edge_agent.web.times import wall_time

logger = logging.getLogger(__name__)

#: The watch looks this often, s.
LOOK_S = 20.0
#: A notice is with the broker within about a second; so much later something is wrong.
NOTICE_LATE_MS = 120_000
DATABASE = "database"
_WORDS = {
    "worker": "外发进程没有心跳 / the outreach process shows no sign of life",
    DATABASE: "数据库无法读写 / the database cannot be used",
    Channel.MAIL.value: "邮件通道测试失败 / the mail channel fails its test",
    Channel.CHAT.value: "聊天通道测试失败 / the chat channel fails its test",
    Channel.NOTICE.value: "现场设备通知没有送到服务器 / notices to devices do not reach the broker",
}


class Watch:
    """Looks, tests and sounds. `clock` gives ms UTC."""

    def __init__(self, engine: AsyncEngine, settings: Outreach, clock: Callable[[], int] = now_ms) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._mail = MailSender(settings.mail)
        self._chat = ChatSender()
        self._last = Sounding()
        self.troubles: tuple[Trouble, ...] = ()  # at the last look

    @property
    def channels(self) -> tuple[str, ...]:
        """What can be tested: channels with an address of the desk's."""
        settings = self._settings
        mail = (Channel.MAIL.value,) if settings.mail.host and settings.desk_mail else ()
        return mail + ((Channel.CHAT.value,) if settings.desk else ())

    async def run(self, *, once: bool = False) -> None:
        """Until cancelled, or one look."""
        await self.look()
        while not once:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> tuple[Trouble, ...]:
        """Test what is due, see who is silent, sound if need be; returns what is wrong now."""
        try:
            checks = await self._test()
        except SQLAlchemyError as exc:
            self.troubles = (Trouble(DATABASE, None, type(exc).__name__),)
        else:
            found = silences(checks, self._settings, self._clock())
            self.troubles = tuple(trouble for trouble in found if trouble.what != WATCH)
        self._last, is_told = sound(self._last, self.troubles, self._clock())
        if is_told:
            await self._sound(self.troubles)
        return self.troubles

    async def _test(self) -> Sequence[Check]:
        """The newest checks, after the tests that are due and this watch's own sign of life."""
        async with reading(self._engine) as connection:
            known = await list_checks(connection)
        due = due_tests(known, self.channels, self._settings, self._clock())
        outcomes = {name: await self._try(name) for name in due}
        async with transaction(self._engine) as connection:
            outcomes |= await self._look_at_notices(connection, known)
            for name, error in (outcomes | {WATCH: ""}).items():
                await note_check(connection, name, self._clock(), error)
            return await list_checks(connection)

    async def _look_at_notices(self, connection: AsyncConnection, known: Sequence[Check]) -> dict[str, str]:
        """Notices have no test of their own: they fail when the broker does not get them."""
        waiting = await oldest_unsaid(connection)
        if waiting is not None and self._clock() - waiting > NOTICE_LATE_MS:
            return {Channel.NOTICE.value: "the broker has not taken them; is weiran gateway ingest running?"}
        return {Channel.NOTICE.value: ""} if any(check.channel == Channel.NOTICE for check in known) else {}

    async def _try(self, channel: str) -> str:
        """Send a real message; what went wrong, "" for nothing."""
        subject = "【测试】未然外发通道正常 / Weiran: this channel works"
        body = "这是定时测试，不需要处理。\nThis is a scheduled test; nothing is to be done.\n"
        try:
            await self._send(channel, subject, body, NotifyType.INFO)
        except CannotSend as exc:
            return str(exc)
        return ""

    async def _send(self, channel: str, subject: str, body: str, tone: NotifyType) -> None:
        if channel != Channel.MAIL:
            await self._chat.post(self._settings.desk, subject, body, tone)
            return
        made = (str(uuid7()), Channel.MAIL, "other", Change.ADVICE, Level.NONE)
        desk = Recipient("desk", "Duty desk", "branch", "zh-Hans", self._settings.zone, (), self._settings.desk_mail)
        await self._mail.send(Letter(*made, subject, body, made_at=self._clock()), desk)

    async def _sound(self, troubles: Sequence[Trouble]) -> None:
        """By the log, and by every channel of the desk's; one that fails is no reason to keep silent on the others."""
        lines = [_line(trouble, self._settings.zone) for trouble in troubles]
        for line in lines:
            logger.error("ALARM %s", line)
        if not troubles:
            logger.warning("outreach and its channels work again")
        subject, tone = (_ALARM, NotifyType.FAILURE) if troubles else (_MENDED, NotifyType.SUCCESS)
        for channel in self.channels:
            try:
                await self._send(channel, subject, "\n".join(lines or [_MENDED]) + "\n", tone)
            except CannotSend as exc:
                logger.error("the duty desk cannot be told", extra={"channel": channel, "reason": str(exc)})


_ALARM = "【告警】未然外发异常 / Weiran: outreach is in trouble"
_MENDED = "未然外发已恢复 / Weiran: outreach works again"


def _line(trouble: Trouble, zone: str) -> str:
    words = _WORDS.get(trouble.what, trouble.what)
    since = "从未正常 / never worked" if trouble.since is None else f"自 / since {wall_time(trouble.since, zone)}"
    return f"{words}；{since}" + (f"；{trouble.error}" if trouble.error else "")


async def run(settings: GatewaySettings, *, once: bool = False) -> bool:
    """Watch until SIGTERM or SIGINT, or look once. Whether all was well at the last look."""
    engine = open_database(settings.database)
    watch = Watch(engine, settings.outreach)
    task = asyncio.create_task(watch.run(once=once))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    await engine.dispose()
    if not task.cancelled():
        task.result()
    return not watch.troubles


def main(settings: GatewaySettings, *, once: bool = False) -> bool:
    """The process's entry."""
    return asyncio.run(run(settings, once=once))
