"""Chat and webhooks by apprise: each recipient has an address of their own, which no log line repeats."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from cloud_gateway.outreach.model import Change, Recipient
from cloud_gateway.outreach.sending import CannotSend, Letter
from cloud_gateway.warnings.model import Level

#: apprise gives up after this; the wait here is a little longer, for what does not heed it.
TIMEOUT_S = 20.0
SLACK_S = 5.0
THREADS = 8
#: How apprise tells the HTTP status of an answer.
_STATUS = re.compile(r"error=([1-5]\d\d)\b")
#: Refusals that pass: too slow, too early, too many.
_PASSING = frozenset({408, 425, 429})


class ChatSender:
    """The channel of all apprise addresses. apprise blocks: it has threads of its own, a few at a time."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        log = logging.getLogger("apprise")  # its lines hold parts of addresses: they go to the results of calls alone
        log.propagate = False
        if not log.handlers:
            log.addHandler(logging.NullHandler())
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(THREADS, "chat")

    async def send(self, letter: Letter, recipient: Recipient) -> None:
        """Return once the service has taken the letter. Raises CannotSend."""
        if not recipient.chat:
            raise CannotSend("the recipient has no chat address", retry=False)
        await self.post(recipient.chat, letter.subject, letter.body, tone_of(letter))

    async def post(self, address: str, title: str, body: str, tone: NotifyType = NotifyType.INFO) -> None:
        """Take a title and a body to any apprise address. Raises CannotSend."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, _post, address, title, body, tone, self._timeout_s)
        try:
            async with asyncio.timeout(self._timeout_s + SLACK_S):
                await work
        except TimeoutError as exc:
            raise CannotSend("the chat service did not answer in time", retry=True) from exc

    def close(self) -> None:
        """Let the threads end by themselves; nobody waits for a service that hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def tone_of(letter: Letter) -> NotifyType:
    """How grave it looks where a service shows it: the all-clear as good news, the highest levels as bad."""
    if letter.change is Change.CLEARED:
        return NotifyType.SUCCESS
    return NotifyType.WARNING if letter.level >= Level.SEVERE else NotifyType.INFO


def is_address(address: str) -> bool:
    """Whether apprise knows what to do with it."""
    return bool(address) and Apprise.instantiate(address, asset=_asset()) is not None


def _asset() -> AppriseAsset:
    return AppriseAsset(app_id="Weiran", app_desc="Weiran", allow_templates=False, http_redirects=False)


def _post(address: str, title: str, body: str, tone: NotifyType, timeout_s: float) -> None:
    """In a thread."""
    service = Apprise.instantiate(address, asset=_asset())
    if service is None:
        raise CannotSend("the chat address cannot be used", retry=False)
    box = Apprise(asset=_asset())
    box.add(service)
    done = box.notify(body, title, notify_type=tone, body_format=NotifyFormat.TEXT, timeout=timeout_s)
    if not done:
        raise judge([entry.message for entry in done.logs()])


def judge(lines: Iterable[str]) -> CannotSend:
    """Whether what a service did not take may be taken later; of apprise's words only the HTTP status is repeated."""
    found = [int(status) for line in lines for status in _STATUS.findall(line)]
    if not found:
        return CannotSend("the chat service did not take it", retry=True)
    lasting = 400 <= found[-1] < 500 and found[-1] not in _PASSING
    return CannotSend(f"the chat service says {found[-1]}", retry=not lasting)
