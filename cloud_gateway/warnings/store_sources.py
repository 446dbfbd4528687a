"""How each source does, and the documents that its index links to, so that a restart goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.tables import event
from cloud_gateway.warnings.tables import warning_document, warning_source

#: A linked document is asked for so often before it is given up.
MOST_TRIES = 8
#: Links that an index no longer has are forgotten after this.
FORGET_MS = 7 * 24 * 3_600_000
_NEVER = 2**62
_AT_ONCE = 500


@dataclass(frozen=True)
class SourceState:
    """A row of `warning_source`; times ms UTC."""

    name: str
    url: str
    etag: str
    modified: str
    polled_at: int | None
    answered_at: int | None
    changed_at: int | None
    failures: int
    error: str
    next_at: int
    silent_since: int | None
    added_at: int


@dataclass(frozen=True)
class Tags:
    """What a publisher said to recognise its answer by; they hold for the address that was asked only."""

    etag: str = ""
    modified: str = ""
    url: str = ""


@dataclass(frozen=True)
class Document:
    """One linked document that is to be fetched; `updated` as the index says, ms UTC."""

    url: str
    updated: int | None
    tries: int = 0


async def find_source(connection: AsyncConnection, name: str, now: int) -> SourceState:
    """The state of a configured source; it has one from now on."""
    new = upsert(warning_source).values(name=name, added_at=now).on_conflict_do_nothing()
    await connection.execute(new)
    return (await load_sources(connection, [name]))[name]


async def load_sources(connection: AsyncConnection, names: Sequence[str]) -> Mapping[str, SourceState]:
    """The states of these sources, as far as they were ever looked at."""
    query = select(warning_source).where(warning_source.c.name.in_(names))
    return {row["name"]: SourceState(**row) for row in (await connection.execute(query)).mappings()}


async def note_answer(
    connection: AsyncConnection, name: str, now: int, next_at: int, *, tags: Tags | None = None, changed: bool = False
) -> SourceState:
    """A good answer came. Clears failures and the freshness alarm. Returns the state before."""
    before = await find_source(connection, name, now)
    said = tags or Tags(before.etag, before.modified, before.url)
    values = {
        "polled_at": now,
        "answered_at": now,
        "next_at": next_at,
        "failures": 0,
        "error": "",
        "silent_since": None,
    }
    values |= {"etag": said.etag, "modified": said.modified, "url": said.url} | ({"changed_at": now} if changed else {})
    await connection.execute(update(warning_source).where(warning_source.c.name == name).values(values))
    if before.error or before.silent_since is not None:
        await _tell(connection, name, "fresh", "", now)
    return before


async def note_failure(connection: AsyncConnection, name: str, now: int, next_at: int, error: str) -> SourceState:
    """No good answer. Returns the state before."""
    before = await find_source(connection, name, now)
    values = {"polled_at": now, "failures": before.failures + 1, "error": error, "next_at": next_at}
    await connection.execute(update(warning_source).where(warning_source.c.name == name).values(values))
    if before.error != error:
        await _tell(connection, name, "failing", error, now)
    return before


async def note_silence(connection: AsyncConnection, name: str, now: int) -> bool:
    """Raise the freshness alarm of a source; whether it was not raised yet."""
    quiet = (warning_source.c.name == name) & warning_source.c.silent_since.is_(None)
    raised = await connection.execute(update(warning_source).where(quiet).values(silent_since=now))
    if raised.rowcount == 0:
        return False
    await _tell(connection, name, "silent", "", now)
    return True


async def _tell(connection: AsyncConnection, name: str, state: str, error: str, now: int) -> None:
    body = json.dumps({"name": name, "state": state, "error": error}, ensure_ascii=False)
    await connection.execute(insert(event).values(at=now, topic="source", body=body))


async def note_links(connection: AsyncConnection, name: str, links: Iterable[Document], now: int) -> int:
    """Take up the links of an index: those that are new, or newer than before, are to be fetched. Returns how many."""
    said = {link.url: link for link in links}
    query = select(warning_document).where(warning_document.c.source == name)
    known = {row.url: row for row in await connection.execute(query)}
    new = [link for link in said.values() if link.url not in known or _is_newer(link, known[link.url].updated)]
    rows = [{"source": name, "url": link.url, "updated": link.updated, "seen_at": now} for link in new]
    for start in range(0, len(rows), _AT_ONCE):
        again = upsert(warning_document)
        fresh = {"updated": again.excluded.updated, "seen_at": now, "taken_at": None, "tries": 0, "next_at": 0}
        statement = again.on_conflict_do_update(index_elements=["source", "url"], set_=fresh)
        await connection.execute(statement, rows[start : start + _AT_ONCE])
    gone = [url for url, row in known.items() if url not in said and row.seen_at < now - FORGET_MS]
    for start in range(0, len(gone), _AT_ONCE):
        old = (warning_document.c.source == name) & warning_document.c.url.in_(gone[start : start + _AT_ONCE])
        await connection.execute(delete(warning_document).where(old))
    return len(new)


def _is_newer(link: Document, before: int | None) -> bool:
    return link.updated is not None and (before is None or link.updated > before)


async def due_documents(connection: AsyncConnection, name: str, now: int, most: int) -> list[Document]:
    """Documents to be fetched now, those that the index calls newest first."""
    table = warning_document.c
    due = (table.source == name) & table.taken_at.is_(None) & (table.next_at <= now)
    query = select(table.url, table.updated, table.tries).where(due)
    rows = await connection.execute(query.order_by(table.updated.desc(), table.url).limit(most))
    return [Document(row.url, row.updated, row.tries) for row in rows]


async def note_document(connection: AsyncConnection, name: str, url: str, now: int) -> None:
    """A linked document was taken."""
    key = (warning_document.c.source == name) & (warning_document.c.url == url)
    await connection.execute(update(warning_document).where(key).values(taken_at=now))


async def note_document_failure(connection: AsyncConnection, name: str, document: Document, next_at: int) -> bool:
    """A linked document was not got; whether it is given up, until the index says that it is newer."""
    tries = document.tries + 1
    key = (warning_document.c.source == name) & (warning_document.c.url == document.url)
    values = {"tries": tries, "next_at": _NEVER if tries >= MOST_TRIES else next_at}
    await connection.execute(update(warning_document).where(key).values(values))
    return tries >= MOST_TRIES
