"""Scrubs the stored log: hashes its content anew, not its roots only, and names what has rotted or was edited.

Each stored thing is compared with its neighbour: an entry with its leaf hash, a node with the two below it, a head with
the nodes, a record and a text with their entry, a row of the count with its rating. So one alteration is one finding or
two, at its place.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.database import open_database, reading
from cloud_gateway.evidence import store, store_heads, store_scrub
from cloud_gateway.evidence.entries import EntryError, check_body, hash_text
from cloud_gateway.evidence.records import record_body
from cloud_gateway.evidence.scrub_counts import Counts, Fault
from cloud_gateway.evidence.store import StoredEntry
from cloud_gateway.evidence.store_export import list_log_keys
from cloud_gateway.evidence.store_heads import Head, Life
from cloud_gateway.evidence.store_scrub import RecordKey, StoredText
from cloud_gateway.ratings.commitments import PATH
from edge_agent.proof.checkpoints import LogKey, NoteError, open_checkpoint
from edge_agent.proof.merkle import Node, fold, leaf_hash, node_hash, parts

#: Entries, nodes of one level, or heads looked at together.
PAGE = 2000
Body = Mapping[str, object]


class Finding(NamedTuple):
    """Something that is not as it was stored; `place` is the entry concerned, null for what concerns none."""

    place: int | None
    code: str
    detail: str


@dataclass
class Scrubbed:
    """What was looked at, and what is wrong with it."""

    entries: int = 0
    records: int = 0
    texts: int = 0
    erased: int = 0
    heads: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


async def scrub_log(database: Path) -> Scrubbed:
    """Look at the whole log as it is at one moment, beside a running gateway. Raises what the database raises."""
    engine = open_database(database)
    try:
        async with reading(engine) as connection:
            return await _Scrub(connection).run()
    finally:
        await engine.dispose()


class _Scrub:
    """One scrubbing in one reading transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._c = connection
        self._done = Scrubbed()
        self._erased: dict[tuple[int, str], int] = {}
        self._of: Counter[str] = Counter()  # entries of records by device, of records that are stored
        self._unread = 0  # entries that are missing or altered
        self._counts = Counts()

    async def run(self) -> Scrubbed:
        state = await store.read_state(self._c)
        size = state.frontier.size
        self._erased = _read_erasures(await store_scrub.read_bodies(self._c, "erasure"))
        await self._look_at_entries(size)
        await self._look_at_nodes(size)
        await self._look_at_peaks(size, state.frontier.peaks)
        await self._look_at_heads(size)
        await self._count_records()
        self._find_all(self._counts.find_lost(*await store_scrub.read_waiting(self._c)))
        self._done.findings.sort(key=lambda one: (one.place is None, one.place or 0))
        return self._done

    def _find(self, place: int | None, code: str, detail: str) -> None:
        self._done.findings.append(Finding(place, code, detail))

    def _find_all(self, faults: Iterable[Fault]) -> None:
        self._done.findings += [Finding(*fault) for fault in faults]

    async def _look_at_entries(self, size: int) -> None:
        expected = 0
        while page := await store.list_entries(self._c, expected - 1, PAGE):
            bodies = {}
            for entry in page:
                self._expect(expected, entry.place)
                expected = entry.place + 1
                if (body := self._read_entry(entry)) is not None:
                    bodies[entry.place] = entry.type, body
            self._done.entries += len(page)
            texts = await self._look_at_texts(page[0].place, page[-1].place, bodies)
            await self._look_at_records({place: body for place, (type_, body) in bodies.items() if type_ == "record"})
            self._look_at_counts(bodies, texts)
        self._expect(expected, size)
        if expected > size:
            self._find(size, "entry-surplus", f"{expected - size} entries more than the log has grown to")

    def _expect(self, expected: int, place: int) -> None:
        if place > expected:
            self._unread += place - expected
            last = "" if place == expected + 1 else f" and those up to {place - 1}"
            self._find(expected, "entry-missing", f"entry {expected}{last} is not stored")

    def _read_entry(self, entry: StoredEntry) -> Body | None:
        """The body of an entry that is what it was."""
        fault, body = "its content does not give its leaf hash", None
        if leaf_hash(entry.body) == entry.leaf:
            fault, body = _read_body(entry)
        if fault:
            self._unread += 1
            self._find(entry.place, "entry-altered", fault)
        return body

    async def _look_at_texts(
        self, first: int, last: int, bodies: Mapping[int, tuple[str, Body]]
    ) -> Mapping[tuple[int, str], str]:
        """Returns the texts that are what their entries say."""
        sound: dict[tuple[int, str], str] = {}
        hidden = {
            (place, path): hash_ for place, (_, body) in bodies.items() for path, hash_ in _find_hidden("body", body)
        }
        stored = {(text.place, text.path): text for text in await store_scrub.read_texts(self._c, first, last)}
        for place, path in stored.keys() - hidden.keys():
            if place in bodies:
                self._find(place, "text-surplus", f"{path}: the entry has no such text")
        for key, hash_ in hidden.items():
            text = stored.get(key)
            code = _judge_text(text, hash_, self._erased.get(key))
            if code:
                self._find(key[0], code, f"{key[1]}: {TEXTS[code]}")
            elif text is not None and text.text is not None:
                sound[key] = text.text
            self._done.erased += key in self._erased
        self._done.texts += len(hidden)
        return sound

    async def _look_at_records(self, bodies: Mapping[int, Body]) -> None:
        keys: dict[RecordKey, int] = {}
        for place, body in bodies.items():
            keys[store_scrub.record_key(body)] = place
        stored = await store_scrub.read_records(self._c, list(keys)) if keys else {}
        for key, place in keys.items():
            if key not in stored:
                self._find(place, "record-missing", f"record {key[3]} of {key[0]} is not stored")
                continue
            self._of[key[0]] += 1
            whole = record_body(stored[key])
            if differing := [name for name, value in whole.items() if bodies[place][name] != value]:
                self._find(place, "record-altered", f"record {key[3]} of {key[0]}: {', '.join(differing)}")
            self._counts.hear_record(place, key[0], stored[key].kind, stored[key].body)
        self._done.records += len(keys)

    def _look_at_counts(self, bodies: Mapping[int, tuple[str, Body]], texts: Mapping[tuple[int, str], str]) -> None:
        for place, (type_, body) in bodies.items():
            if type_ == "rating" and body["channel"] == "phone":
                self._counts.hear_call(place, texts.get((place, PATH)))
            elif type_ == "rating":
                self._counts.hear_rating(place, body)
            elif type_ == "count":
                self._find_all(self._counts.judge(place, cast("Sequence[Body]", body["rows"])))

    async def _look_at_nodes(self, size: int) -> None:
        for level in range(1, size.bit_length()):
            for first in range(0, size >> level, PAGE):
                await self._look_at_level(level, first, min(first + PAGE, size >> level))
        if (surplus := await store_scrub.count_nodes(self._c) - _count_nodes(size)) > 0:
            self._find(None, "node-surplus", f"{surplus} nodes more than a log of {size} entries has")

    async def _look_at_level(self, level: int, first: int, end: int) -> None:
        nodes = await store_scrub.read_level(self._c, level, first, end)
        below = await store_scrub.read_level(self._c, level - 1, 2 * first, 2 * end)
        for place in range(first, end):
            left, right, found = below.get(2 * place), below.get(2 * place + 1), nodes.get(place)
            covers = f"node {place} of level {level}, over entries {place << level} to {((place + 1) << level) - 1}"
            if found is None:
                self._find(place << level, "node-missing", covers)
            elif left is not None and right is not None and node_hash(left, right) != found:
                self._find(place << level, "node-altered", f"{covers}: not the hash of what is below")

    async def _look_at_peaks(self, size: int, peaks: Sequence[bytes]) -> None:
        try:
            nodes = await store.read_hashes(self._c, parts((0, size)))
        except store.BrokenLog:
            return  # told already
        if [nodes[node] for node in parts((0, size))] != peaks:
            self._find(None, "edge-altered", "the edge that the log grows from is not that of its nodes")

    async def _look_at_heads(self, size: int) -> None:
        heads, lives = await store_heads.list_heads(self._c), await store_heads.list_lives(self._c)
        if not lives:
            return
        keys = [LogKey(lives[0].origin, key) for key in await list_log_keys(self._c, lives[0].origin)]
        for first in range(0, len(heads), PAGE):
            await self._look_at_some_heads(heads[first : first + PAGE], lives, keys, size)

    async def _look_at_some_heads(
        self, heads: Sequence[Head], lives: Sequence[Life], keys: Sequence[LogKey], size: int
    ) -> None:
        nodes = {node for head in heads if head.size <= size for node in parts((0, head.size))}
        try:
            hashes = await store.read_hashes(self._c, nodes)
        except store.BrokenLog:
            hashes = {}  # what is missing was told already
        origins = {life.number: life.origin for life in lives}
        for head in heads:
            self._done.heads += 1
            if fault := _judge_head(head, origins.get(head.life, ""), keys, hashes, size):
                self._find(head.size - 1, "head", f"the head of {head.size} entries: {fault}")

    async def _count_records(self) -> None:
        """Records that were stored before the log was begun have no entry."""
        if (since := await store_scrub.first_record_at(self._c)) is None:
            return
        surplus = Counter(await store_scrub.count_records(self._c, since)) - self._of
        if surplus.total() <= self._unread:
            return
        for device, number in sorted(surplus.items()):
            self._find(None, "record-surplus", f"{number} records of {device} are stored that no entry names")


TEXTS = {
    "text-missing": "the text is not stored, and no entry says that it was erased",
    "text-altered": "the text is not the one that the entry was made with",
    "text-kept": "an entry says that it was erased, and it is still stored",
}


def _read_body(entry: StoredEntry) -> tuple[str, Body | None]:
    """What is wrong with the content of an entry whose leaf hash is right, or its body."""
    try:
        whole = json.loads(entry.body)
        check_body(whole["type"], whole["body"])
    except (ValueError, KeyError, TypeError) as exc:
        return f"its content is no entry: {exc}", None
    if (whole["type"], whole["at"]) != (entry.type, entry.at):
        return "type and time beside it are not its own", None
    return "", whole["body"]


def _judge_text(stored: StoredText | None, hash_: str, erasure: int | None) -> str:
    if stored is None or (stored.salt is None and stored.text is None):
        return "" if stored is not None and erasure is not None and stored.erased_by == erasure else "text-missing"
    if erasure is not None:
        return "text-kept"  # a salt alone, too: a short text can be guessed with it
    if stored.salt is None or stored.text is None:
        return "text-altered"
    try:
        return "" if hash_text(stored.salt, stored.text) == hash_ else "text-altered"
    except EntryError:
        return "text-altered"


def _judge_head(head: Head, origin: str, keys: Sequence[LogKey], hashes: Mapping[Node, bytes], size: int) -> str:
    """What is wrong with a head; empty: nothing. Without hashes its root is not compared."""
    try:
        said = open_checkpoint(head.note, keys)
    except NoteError as exc:
        return str(exc)
    if said != (origin, head.size, head.root):
        return "what was signed is not what stands beside it"
    if head.size > size:
        return f"the log has {size} entries only"
    nodes = [hashes.get(node) for node in parts((0, head.size))]
    present = [node for node in nodes if node is not None]
    return "" if len(present) < len(nodes) or fold(present) == head.root else "another log was signed than is stored"


def _read_erasures(entries: Sequence[tuple[int, bytes]]) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for place, raw in entries:
        try:
            texts = json.loads(raw)["body"]["texts"]
            found |= {(text["place"], text["path"]): place for text in texts}
        except (ValueError, KeyError, TypeError):
            continue  # an entry that was altered is told as such
    return found


def _find_hidden(path: str, value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        return
    if value.keys() == {"sha256"}:
        yield path, str(value["sha256"])
        return
    for name, inner in value.items():
        yield from _find_hidden(f"{path}.{name}", inner)


def _count_nodes(size: int) -> int:
    """Inner nodes of a tree that are complete subtrees."""
    return sum(size >> level for level in range(1, size.bit_length()))
