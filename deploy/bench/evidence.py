"""Bench of the evidence log: appending with signed heads, verifying an export, and how proofs grow with the log."""

from __future__ import annotations

import asyncio
import base64
import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.evidence import store
from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Entry
from cloud_gateway.evidence.export import export_log
from cloud_gateway.evidence.heads import Signer, sign_head
from cloud_gateway.evidence.records import RecordFact, record_entry
from cloud_gateway.migrations import migrate
from deploy.bench.page import Table
from edge_agent.proof.merkle import Frontier, Span, consistency_spans, inclusion_spans, is_included, leaf_hash
from edge_agent.proof.signatures import Statement, sign, signed_message
from edge_agent.wire.topics import Lane

APPENDED, BATCH = 10_000, 500
VERIFIED = 100_000
LEAVES = 1_000_000
SIZES = (1_000, 10_000, 100_000, LEAVES)
#: Proofs asked for at each size.
PROOFS = 200
AT = 1_784_505_600_000
DEVICE, EPOCH = "bench-terminal", "0123456789abcdef"
SIGNER = Signer("bench.example/evidence", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
DEVICE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
_ENTRY = "INSERT INTO evidence_entry (place, type, at, body, leaf) VALUES (?, ?, ?, ?, ?)"
_NODE = "INSERT INTO evidence_node (level, place, hash) VALUES (?, ?, ?)"
_LOG = "INSERT OR REPLACE INTO evidence_log (id, size, peaks) VALUES (1, ?, ?)"


class Appending(NamedTuple):
    """Seconds of appending with heads, of its part without heads, and of bare inserts of the same rows."""

    whole: float
    appending: float
    bare: float


class Growth(NamedTuple):
    """At one size: hashes of the largest proof of inclusion; seconds to make it, check it, make one of consistency."""

    size: int
    hashes: int
    proving: float
    checking: float
    consistency: float


def bench_evidence(folder: Path, rounds: int) -> list[Table]:
    """Three tables: appending, verifying, proofs."""
    return [_bench_appending(folder, rounds), _bench_verifying(folder, rounds), _bench_proofs(folder, rounds)]


def _bench_appending(folder: Path, rounds: int) -> Table:
    entries = [record_entry(_fact(seq, _sign(seq))) for seq in range(1, APPENDED + 1)]
    found = [_append_once(folder, number, entries) for number in range(rounds)]
    heads = APPENDED // BATCH
    table = Table(f"Evidence: {APPENDED:,} entries in {heads} transactions, a signed head after each")
    table.add("appends with their heads", [APPENDED / one.whole for one in found], "/s")
    ratios = [one.appending / one.bare for one in found]
    table.add("time of appending to bare inserts of the same rows", ratios, "", at_most=3)
    table.add("the same with the signing of heads", [one.whole / one.bare for one in found], "")
    table.add("bare inserts of the same rows, for the same entries", [APPENDED / one.bare for one in found], "/s")
    return table


def _append_once(folder: Path, number: int, entries: Sequence[Entry]) -> Appending:
    appended, bare = folder / f"appended-{number}.db", folder / f"bare-{number}.db"
    for file in (appended, bare):
        migrate(file)
    whole, appending = asyncio.run(_append(appended, entries))
    return Appending(whole, appending, _insert_bare(appended, bare))


async def _append(file: Path, entries: Sequence[Entry]) -> tuple[float, float]:
    engine = open_database(file)
    try:
        return await _append_batches(engine, entries)
    finally:
        await engine.dispose()


async def _append_batches(engine: AsyncEngine, entries: Sequence[Entry]) -> tuple[float, float]:
    begun, signing = time.perf_counter(), 0.0
    for first in range(0, len(entries), BATCH):
        async with transaction(engine) as connection:
            await store.append(connection, entries[first : first + BATCH], AT)
        written = time.perf_counter()
        await sign_head(engine, SIGNER, AT)
        signing += time.perf_counter() - written
    whole = time.perf_counter() - begun
    return whole, whole - signing


def _insert_bare(source: Path, file: Path) -> float:
    """The very same entries, nodes and states of the log, by the driver alone, in as many durable transactions."""
    with _cursor(source) as cursor:
        cursor.execute("SELECT place, type, at, body, leaf FROM evidence_entry ORDER BY place")
        entries = cursor.fetchall()
    frontier = Frontier()
    batches = [_with_nodes(frontier, entries[first : first + BATCH]) for first in range(0, len(entries), BATCH)]
    with _cursor(file) as cursor:
        begun = time.perf_counter()
        for rows, nodes, state in batches:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(_ENTRY, rows)
            cursor.executemany(_NODE, nodes)
            cursor.execute(_LOG, state)
            cursor.execute("COMMIT")
        return time.perf_counter() - begun


def _with_nodes(
    frontier: Frontier, rows: Sequence[tuple[Any, ...]]
) -> tuple[Sequence[Any], list[Any], tuple[Any, ...]]:
    nodes = [(node.level, node.place, hash_) for node, hash_ in frontier.extend(row[4] for row in rows)]
    return rows, nodes, (frontier.size, b"".join(frontier.peaks))


@contextmanager
def _cursor(file: Path) -> Iterator[Any]:
    """A cursor of the driver, with the gateway's own durability and no transaction of its own."""
    engine = create_engine(f"sqlite:///{file}")
    bare = engine.raw_connection()
    try:
        bare.driver_connection.isolation_level = None  # type: ignore[union-attr]  # the driver's own connection
        cursor = bare.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        yield cursor
    finally:
        bare.close()
        engine.dispose()


def _bench_verifying(folder: Path, rounds: int) -> Table:
    file, out = folder / "verified.db", folder / "verified.jsonl"
    migrate(file)
    asyncio.run(_fill_signed(file))
    begun = time.perf_counter()
    asyncio.run(export_log(file, out, AT))
    exporting = time.perf_counter() - begun
    found = [_verify(out) for _ in range(rounds)]
    megabytes = out.stat().st_size / 1e6
    title = f"Evidence: {VERIFIED:,} entries, each a record that its device has signed, in a file of {megabytes:.0f} MB"
    table = Table(title)
    table.add("writing the export", [exporting], "s")
    table.add("full verification by the stand-alone file", [whole for whole, _ in found], "s")
    table.add("its time to that of the bare signature checks of the same records", [a / b for a, b in found], "")
    return table


async def _fill_signed(file: Path) -> None:
    engine = open_database(file)
    key = base64.b64encode(DEVICE_KEY.public_key().public_bytes_raw()).decode()
    first = Entry("key", {"role": "device", "name": DEVICE, "key": key, "enrolment": ""})
    try:
        for start in range(0, VERIFIED, 10_000):
            records = [record_entry(_fact(seq, _sign(seq))) for seq in range(start + 1, start + 10_001)]
            async with transaction(engine) as connection:
                await store.append(connection, records if start else [first, *records], AT)
            await sign_head(engine, SIGNER, AT)
    finally:
        await engine.dispose()


def _verify(file: Path) -> tuple[float, float]:
    """Seconds of the whole verification, and of the signature checks alone, of as many."""
    begun = time.perf_counter()
    verifier.verify_file(file, [SIGNER.public.vkey])
    whole = time.perf_counter() - begun
    key, some = DEVICE_KEY.public_key(), VERIFIED // 10
    signed = [(base64.b64decode(_sign(seq)), signed_message(_statement(seq))) for seq in range(1, some + 1)]
    begun = time.perf_counter()
    for signature, message in signed:
        key.verify(signature, message)
    return whole, (time.perf_counter() - begun) * VERIFIED / some


def _bench_proofs(folder: Path, rounds: int) -> Table:
    file = folder / "proofs.db"
    migrate(file)
    _fill_leaves(file)
    found = {size: [asyncio.run(_prove(file, size)) for _ in range(rounds)] for size in SIZES}
    table = Table(f"Evidence: proofs from the stored log, {PROOFS} entries at random of a log of each size")
    for size, grown in found.items():
        most = math.ceil(math.log2(size))
        table.add(
            f"hashes of 32 bytes in the largest proof, {size:,} entries",
            [one.hashes for one in grown],
            "",
            at_most=most,
        )
    for size, grown in found.items():
        table.add(f"making a proof of inclusion, {size:,} entries", [one.proving * 1000 for one in grown], "ms")
    small, large = found[SIZES[0]], found[LEAVES]
    ratios = [b.proving / a.proving for a, b in zip(small, large, strict=True)]
    table.add(f"its time at {LEAVES:,} entries to that at {SIZES[0]:,}", ratios, "", at_most=10)
    table.add(f"checking a proof, {LEAVES:,} entries", [one.checking * 1e6 for one in large], "us")
    consistent = [one.consistency * 1000 for one in large]
    table.add(f"making a proof of consistency, {LEAVES:,} entries", consistent, "ms")
    return table


def _fill_leaves(file: Path) -> None:
    """Rows of a log of a million entries without content: proofs read hashes only."""
    frontier = Frontier()
    with _cursor(file) as cursor:
        for first in range(0, LEAVES, 50_000):
            rows = [(n, "record", AT, b"", leaf_hash(b"%d" % n)) for n in range(first, first + 50_000)]
            _, nodes, _ = _with_nodes(frontier, rows)
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(_ENTRY, rows)
            cursor.executemany(_NODE, nodes)
            cursor.execute("COMMIT")


async def _prove(file: Path, size: int) -> Growth:
    chance = random.Random(size)  # noqa: S311  # the same entries each time; no secret
    indexes = [chance.randrange(size) for _ in range(PROOFS)]
    engine = open_database(file)
    try:
        async with reading(engine) as connection:
            root = await store.root_at(connection, size)
            making, proofs = await _timed([inclusion_spans(index, size) for index in indexes], connection)
            consistency, _ = await _timed([consistency_spans(max(index, 1), size) for index in indexes], connection)
    finally:
        await engine.dispose()
    begun = time.perf_counter()
    checked = [
        is_included(leaf_hash(b"%d" % n), n, size, proof, root) for n, proof in zip(indexes, proofs, strict=True)
    ]
    checking = (time.perf_counter() - begun) / PROOFS
    assert all(checked)
    return Growth(size, max(map(len, proofs)), making, checking, consistency)


async def _timed(wanted: Sequence[Sequence[Span]], connection: AsyncConnection) -> tuple[float, list[list[bytes]]]:
    """Mean seconds of a proof, and the proofs."""
    begun = time.perf_counter()
    proofs = [await store.prove(connection, spans) for spans in wanted]
    return (time.perf_counter() - begun) / len(wanted), proofs


def _statement(seq: int) -> Statement:
    return Statement(DEVICE, EPOCH, Lane.RECORD, seq, "rating/1", AT + seq, b'{"n":%d}' % seq)


def _sign(seq: int) -> str:
    return sign(DEVICE_KEY, _statement(seq))


def _fact(seq: int, sig: str) -> RecordFact:
    return RecordFact(DEVICE, EPOCH, "record", seq, "rating/1", AT + seq, "ntp", b'{"n":%d}' % seq, sig)
