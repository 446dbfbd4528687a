"""Somebody invented who answers what is asked of them: the link in a letter is opened, and a button pressed."""

from __future__ import annotations

import asyncio
import logging
import re

import httpx

from deploy.demo.people import ANSWERING
from deploy.demo.postbox import Letter

LIMIT_S = 30.0
_LINK = re.compile(r"(?P<origin>http://127\.0\.0\.1:\d+)/a/[A-Za-z0-9_-]{43}")
log = logging.getLogger(__name__)


class Answering:
    """Answers each letter that asks the one who answers."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def notice(self, letter: Letter) -> None:
        """A letter has come."""
        link = _LINK.search(letter.words)
        if link is not None and letter.to == ANSWERING:
            task = asyncio.create_task(_answer(link[0], link["origin"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self._tasks)

    async def close(self) -> None:
        """Answer no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _answer(link: str, origin: str) -> None:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
            answer = await client.post(link, data={"choice": "acting"}, headers={"Origin": origin})
    except httpx.HTTPError as exc:  # the page may just have been killed: then the next person is asked
        log.warning("an answer did not get through: %s", type(exc).__name__)
        return
    if answer.status_code >= 400:
        log.warning("an answer was not taken: HTTP status %d", answer.status_code)
