"""Asks each source for its warnings, again and again, and raises the alarm when one is silent.

One coroutine for a source; nothing that a source does, or fails to do, stops it or another one. Where it is stands in
the database.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.x509 import Certificate
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.running import now_ms
from cloud_gateway.warnings.addresses import CannotFetch, origin_of, read_url
from cloud_gateway.warnings.admission import Admitted, admit, read_certificate
from cloud_gateway.warnings.fetching import Answer, Ask, Fetcher
from cloud_gateway.warnings.freshness import next_poll, read_patience, silent_from
from cloud_gateway.warnings.reading import read_alerts
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store import save_admitted
from cloud_gateway.warnings.store_sources import (
    Document,
    SourceState,
    Tags,
    due_documents,
    find_source,
    note_answer,
    note_document,
    note_document_failure,
    note_failure,
    note_links,
    note_silence,
)

#: Linked documents fetched between two looks at the index, and at one time.
MOST_DOCUMENTS = 40
AT_ONCE = 4
#: The clock is looked at this often, so that one that is set does not stop a source.
TICK_MS = 1000
#: An unforeseen failure is not repeated faster than this.
REST_MS = 30_000
#: A source that is pushed to us is looked at this often, for its freshness.
PUSH_LOOK_MS = 10_000
log = logging.getLogger(__name__)


class Taken(NamedTuple):
    """An answer as read: what is to be stored of it, the links of an index, and why it is no warning at all."""

    admitted: Admitted
    links: tuple[Document, ...] = ()
    unreadable: str = ""


def take(source: Source, body: bytes, url: str, certificate: Certificate | None = None) -> Taken:
    """Read an answer that came from `url`; takes time, so call it in a thread."""
    read = read_alerts(body, source.kind, url)
    is_whole = bool(read.refused) and read.refused_raws == (body,) and not read.alerts
    unreadable = f"unreadable: {read.refused[0].text}" if is_whole else ""
    links = tuple(Document(entry.link, entry.updated) for entry in read.entries)
    return Taken(admit(source, read, certificate, body), links, unreadable)


def read_token(source: Source) -> str:
    """The token of a source, "" without one. Raises OSError, ValueError where its file cannot be used."""
    if source.token_file is None:
        return ""
    with source.token_file.open() as file:
        _check_private(source.token_file, stat.S_IMODE(os.fstat(file.fileno()).st_mode))
        token = file.read().strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(f"{source.token_file} holds no token: one line of printable letters is needed")
    return token


def _check_private(file: Path, mode: int) -> None:
    if mode & 0o077:
        raise ValueError(f"{file} may be read by others (mode {mode:04o}); run: chmod 600 {file}")


def make_ask(source: Source, url: str, tags: Tags | None = None) -> Ask:
    """How a source is asked for a document. Raises CannotFetch, and what `read_token` raises."""
    home = origin_of(read_url(source.url))
    said = tags or Tags()
    return Ask(url, home, home if source.private_addresses else None, read_token(source), said.etag, said.modified)


class Poller:
    """Polls one source; its settings, where it is kept, and how documents are got."""

    def __init__(self, engine: AsyncEngine, source: Source, fetcher: Fetcher) -> None:
        self._engine, self._source, self._fetcher = engine, source, fetcher

    async def poll(self, now: int) -> int:
        """Do what is due, and check freshness. Returns when to look again, ms UTC."""
        state = await self._look(now)
        if self._source.kind != "push" and state.next_at <= now:
            await self._poll_index(state, now)
        more = await self._fetch_documents(now)
        state = await self._check_freshness(now)
        return now if more else self._next_look(state, now)

    async def _look(self, now: int) -> SourceState:
        async with transaction(self._engine) as connection:
            return await find_source(connection, self._source.name, now)

    def _next_look(self, state: SourceState, now: int) -> int:
        times = [now + PUSH_LOOK_MS if self._source.kind == "push" else state.next_at]
        if state.silent_since is None:
            times.append(silent_from(state.added_at, state.answered_at, self._source.silent_after_s))
        return min(times)

    async def _poll_index(self, state: SourceState, now: int) -> None:
        try:
            answer = await self._fetcher.fetch(make_ask(self._source, self._source.url, _tags(state, self._source.url)))
            taken = await self._take(answer)
        except (CannotFetch, OSError, ValueError) as exc:
            await self._fail(state, describe(exc), _patience_s(exc, now), now)
            return
        if taken.unreadable:
            await self._save(taken, now)
            await self._fail(state, taken.unreadable[:500], 0, now)
            return
        next_at = next_poll(self._source.every_s, 0, 0, now)
        async with transaction(self._engine) as connection:
            saved = await save_admitted(connection, self._source, taken.admitted, now)
            links = await note_links(connection, self._source.name, taken.links, now) if answer.body is not None else 0
            tags, changed = Tags(answer.etag, answer.modified, self._source.url), bool(saved.new or links)
            await note_answer(connection, self._source.name, now, next_at, tags=tags, changed=changed)
        if state.error or state.silent_since is not None:
            log.info("source answers again", extra={"source": self._source.name})

    async def _take(self, answer: Answer) -> Taken:
        """Read an answer. Raises OSError, ValueError where the source's certificate cannot be used."""
        if answer.body is None:
            return Taken(Admitted())
        certificate = read_certificate(self._source)
        return await asyncio.to_thread(take, self._source, answer.body, answer.url, certificate)

    async def _save(self, taken: Taken, now: int, url: str = "") -> None:
        async with transaction(self._engine) as connection:
            await save_admitted(connection, self._source, taken.admitted, now)
            if url:
                await note_document(connection, self._source.name, url, now)

    async def _fail(self, state: SourceState, error: str, patience_s: int, now: int) -> None:
        next_at = next_poll(self._source.every_s, state.failures + 1, patience_s, now)
        async with transaction(self._engine) as connection:
            await note_failure(connection, self._source.name, now, next_at, error)
        if error != state.error:
            log.warning("source gives no good answer: %s", error, extra={"source": self._source.name})

    async def _fetch_documents(self, now: int) -> bool:
        """Fetch linked documents that are due, a bounded number; whether there were so many that more may be."""
        async with reading(self._engine) as connection:
            due = await due_documents(connection, self._source.name, now, MOST_DOCUMENTS)
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for document in due:
                group.create_task(self._fetch_document(document, gate, now))
        return len(due) == MOST_DOCUMENTS

    async def _fetch_document(self, document: Document, gate: asyncio.Semaphore, now: int) -> None:
        try:
            async with gate:
                taken = await self._take(await self._fetcher.fetch(make_ask(self._source, document.url)))
        except (CannotFetch, OSError, ValueError) as exc:
            await self._fail_document(document, describe(exc), now)
            return
        await self._save(taken, now, document.url)  # one that cannot be read will read no better next time

    async def _fail_document(self, document: Document, error: str, now: int) -> None:
        next_at = next_poll(self._source.every_s, document.tries + 1, 0, now)
        async with transaction(self._engine) as connection:
            given_up = await note_document_failure(connection, self._source.name, document, next_at)
        if given_up or document.tries == 0:
            what = "linked document given up: %s" if given_up else "linked document not got: %s"
            log.warning(what, error, extra={"source": self._source.name, "url": document.url})

    async def _check_freshness(self, now: int) -> SourceState:
        state = await self._look(now)
        if state.silent_since is not None:
            return state
        if now < silent_from(state.added_at, state.answered_at, self._source.silent_after_s):
            return state
        async with transaction(self._engine) as connection:
            await note_silence(connection, self._source.name, now)
        log.error("ALARM: source is silent: %s", state.error, extra={"source": self._source.name})
        return await self._look(now)


def _tags(state: SourceState, url: str) -> Tags:
    """What the source said of `url`; nothing when it was another address that said so."""
    return Tags(state.etag, state.modified, url) if state.url == url else Tags(url=url)


def _patience_s(exc: Exception, now: int) -> int:
    return read_patience(exc.retry_after, now) if isinstance(exc, CannotFetch) else 0


def describe(exc: Exception) -> str:
    """Why there is no answer, as it is kept and shown."""
    return f"{exc.code if isinstance(exc, CannotFetch) else 'settings'}: {exc}"[:500]


async def run_sources(
    engine: AsyncEngine, sources: Sequence[Source], fetcher: Fetcher | None = None, now: Callable[[], int] = now_ms
) -> None:
    """Ask all sources until cancelled; a coroutine of the process that follows warnings."""
    shared = fetcher or Fetcher()
    async with asyncio.TaskGroup() as group:
        for source in sources:
            group.create_task(_keep_polling(Poller(engine, source, shared), source.name, now), name=source.name)


async def _keep_polling(poller: Poller, name: str, now: Callable[[], int]) -> None:
    due = 0
    while True:
        if due <= now():
            due = await _poll_safely(poller, name, now())
        await asyncio.sleep(min(max(due - now(), 0), TICK_MS) / 1000)


async def _poll_safely(poller: Poller, name: str, now: int) -> int:
    try:
        return await poller.poll(now)
    except Exception:  # the outer edge: a full disk today must not end the source for good
        log.exception("polling failed", extra={"source": name})
        return now + REST_MS
