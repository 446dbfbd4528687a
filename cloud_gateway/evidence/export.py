"""The evidence log as one text file that anyone can verify offline: JSON lines, each in canonical form."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.database import open_database, reading
from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.entries import Json, encode_json
from cloud_gateway.evidence.store_export import ShownText, list_log_keys, list_shown_texts
from edge_agent.proof.checkpoints import LogKey
from edge_agent.proof.merkle import Frontier

FORMAT = 1
#: Entries read at once.
PAGE = 2000


class NothingSigned(Exception):
    """The log has no signed head yet, so that an export would prove nothing."""


class Exported(NamedTuple):
    """What was written: `size` entries up to the newest head, `waiting` ones after it, not written.

    `sound` is false when the stored log does not give the root of that head: it was altered.
    """

    size: int
    waiting: int
    texts: int
    heads: int
    sound: bool


def write_header(origin: str, size: int, made_at: int, vkeys: Iterable[str]) -> bytes:
    """The first line; `made_at` ms UTC, `vkeys` the log's keys as C2SP writes them."""
    header: dict[str, Json] = {"export": FORMAT, "origin": origin, "size": size, "made_at": made_at}
    return encode_json(header | {"keys": list(vkeys)}) + b"\n"


def write_entry(place: int, root: bytes, body: bytes) -> bytes:
    """The line of an entry: its canonical bytes, and the root of the tree that ends with it."""
    return b'{"entry":%b,"i":%d,"root":"%b"}\n' % (body, place, base64.b64encode(root))


def write_text(shown: ShownText) -> bytes:
    """The line of a text that an entry holds the hash of."""
    text: dict[str, Json] = {"i": shown.place, "path": shown.path, "salt": shown.salt.hex(), "text": shown.text}
    return encode_json({"text": text}) + b"\n"


def write_checkpoint_line(note: str) -> bytes:
    """The line of a signed head."""
    return encode_json({"checkpoint": note}) + b"\n"


async def export_log(database: Path, out: Path, now: int) -> Exported:
    """Write the log up to its newest head, as it is at one moment; an earlier file of that name is replaced at the end.

    Raises NothingSigned, OSError, and what the database raises.
    """
    partial = out.with_name(f"{out.name}.part")
    engine = open_database(database)
    try:
        async with reading(engine) as connection:
            exporting = _Exporting(connection)
            with partial.open("wb") as opened:
                async for line in exporting.lines(now):
                    opened.write(line)
        partial.replace(out)
    finally:
        await engine.dispose()
        partial.unlink(missing_ok=True)
    return exporting.exported()


class _Exporting:
    """One export in one reading transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._c = connection
        self._frontier = Frontier()
        self._heads: list[store_heads.Head] = []
        self._texts = 0
        self._waiting = 0

    async def lines(self, now: int) -> AsyncIterator[bytes]:
        self._heads, life = await store_heads.list_heads(self._c), await store_heads.first_life(self._c)
        if not self._heads or life is None:
            raise NothingSigned("the evidence log has no signed head yet")
        size = self._heads[-1].size
        self._waiting = (await store.read_state(self._c)).frontier.size - size
        keys = [LogKey(life.origin, key).vkey for key in await list_log_keys(self._c, life.origin)]
        yield write_header(life.origin, size, now, keys)
        async for line in self._entries(size):
            yield line
        for shown in await list_shown_texts(self._c, size):
            self._texts += 1
            yield write_text(shown)
        for head in self._heads:
            yield write_checkpoint_line(head.note)

    async def _entries(self, size: int) -> AsyncIterator[bytes]:
        """Roots are those of the stored leaf hashes: an entry that was altered later shows at its own place."""
        after = -1
        while after < size - 1:
            page = await store.list_entries(self._c, after, min(PAGE, size - 1 - after))
            if not page:
                return
            for entry in page:
                for _ in self._frontier.add(entry.leaf):
                    pass
                yield write_entry(entry.place, self._frontier.root, entry.body)
            after = page[-1].place

    def exported(self) -> Exported:
        sound = self._frontier.size == self._heads[-1].size and self._frontier.root == self._heads[-1].root
        return Exported(self._heads[-1].size, self._waiting, self._texts, len(self._heads), sound)
