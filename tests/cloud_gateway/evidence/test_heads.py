"""Heads: signed by the log's key, checked against the last one, and never silently missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.heads import HeadKeeper, NotSigned, Signer, load_signer, sign_head
from cloud_gateway.evidence.settings import Evidence
from cloud_gateway.evidence.tables import evidence_entry, evidence_key, evidence_log, evidence_node
from edge_agent.proof.checkpoints import open_checkpoint
from tests.cloud_gateway.evidence.pieces import AT, record_entries

ORIGIN = "weiran.example/evidence"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


async def grow(log: AsyncEngine, first: int, last: int) -> None:
    async with transaction(log) as connection:
        await store.append(connection, record_entries(first, last), AT)


async def types(log: AsyncEngine) -> list[str]:
    async with reading(log) as connection:
        return [entry.type for entry in await store.list_entries(connection, -1, 100)]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The log's key as its file holds it."""
    file = tmp_path / "evidence.key"
    file.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    return file


async def test_a_head_names_the_log_its_size_and_root_and_opens_with_the_pinned_key(log: AsyncEngine) -> None:
    await grow(log, 1, 3)
    head = await sign_head(log, SIGNER, AT)
    assert head is not None
    checkpoint = open_checkpoint(head.note, [SIGNER.public])
    async with reading(log) as connection:
        assert checkpoint == (ORIGIN, 4, await store.root_at(connection, 4))  # the log's own key is an entry, too
    assert await types(log) == ["record", "record", "record", "key"]


async def test_an_empty_log_has_no_head(log: AsyncEngine) -> None:
    assert await sign_head(log, SIGNER, AT) is None


async def test_a_log_that_has_not_grown_keeps_its_head(log: AsyncEngine) -> None:
    await grow(log, 1, 3)
    first, second = await sign_head(log, SIGNER, AT), await sign_head(log, SIGNER, AT + 1)
    await grow(log, 4, 4)
    third = await sign_head(log, SIGNER, AT + 2)
    async with reading(log) as connection:
        assert await store_heads.list_heads(connection) == [first, third]
    assert second == first


async def test_another_key_of_the_log_is_named_before_it_signs(log: AsyncEngine) -> None:
    other = Signer(ORIGIN, Ed25519PrivateKey.generate())
    await grow(log, 1, 1)
    await sign_head(log, SIGNER, AT)
    head = await sign_head(log, other, AT)
    assert head is not None
    assert open_checkpoint(head.note, [other.public]).size == 3
    assert await types(log) == ["record", "key", "key"]


async def test_a_log_that_was_altered_behind_its_head_is_not_signed(log: AsyncEngine) -> None:
    await grow(log, 1, 4)
    await sign_head(log, SIGNER, AT)
    async with transaction(log) as connection:
        await connection.execute(update(evidence_node).where(evidence_node.c.level == 2).values(hash=bytes(32)))
    await grow(log, 5, 5)
    with pytest.raises(NotSigned, match="altered"):
        await sign_head(log, SIGNER, AT)


async def test_a_log_that_was_altered_before_its_first_head_is_not_signed(log: AsyncEngine) -> None:
    await grow(log, 1, 4)
    async with transaction(log) as connection:
        await connection.execute(update(evidence_node).where(evidence_node.c.level == 2).values(hash=bytes(32)))
    with pytest.raises(NotSigned, match="do not give the root"):
        await sign_head(log, SIGNER, AT)


async def test_a_log_that_was_wholly_written_anew_is_not_signed(log: AsyncEngine) -> None:
    await grow(log, 1, 4)
    await sign_head(log, SIGNER, AT)
    async with transaction(log) as connection:
        for table in (evidence_key, evidence_entry, evidence_node, evidence_log):
            await connection.execute(delete(table))
    await grow(log, 2, 9)
    with pytest.raises(NotSigned, match="is not the one whose head"):
        await sign_head(log, SIGNER, AT)


async def test_a_leaf_that_was_altered_in_an_odd_place_is_not_signed(log: AsyncEngine) -> None:
    await grow(log, 1, 4)
    await sign_head(log, SIGNER, AT)
    async with transaction(log) as connection:
        await connection.execute(update(evidence_entry).where(evidence_entry.c.place == 4).values(leaf=bytes(32)))
    with pytest.raises(NotSigned, match="altered"):
        await sign_head(log, SIGNER, AT)


async def test_a_log_is_not_signed_under_another_origin(log: AsyncEngine) -> None:
    await grow(log, 1, 1)
    await sign_head(log, SIGNER, AT)
    with pytest.raises(NotSigned, match="origin"):
        await sign_head(log, Signer("weiran.example/other", SIGNER.key), AT)


def remove(file: Path) -> None:
    file.unlink()


def open_to_all(file: Path) -> None:
    file.chmod(0o644)


def close_again(file: Path) -> None:
    file.chmod(0o600)


def garble(file: Path) -> None:
    file.write_text("no key\n")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(remove, id="gone"),
        pytest.param(open_to_all, id="readable by others"),
        pytest.param(garble, id="no key"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_told(key_file: Path, spoil: Callable[[Path], None]) -> None:
    spoil(key_file)
    with pytest.raises(NotSigned, match=r"evidence\.key"):
        load_signer(Evidence(key_file=key_file))


def test_a_log_without_key_is_told() -> None:
    with pytest.raises(NotSigned, match="no key"):
        load_signer(Evidence())


async def test_a_failure_to_sign_is_written_down_and_taken_back_when_it_is_over(
    log: AsyncEngine, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = HeadKeeper(log, Evidence(key_file=key_file), lambda: AT)
    await grow(log, 1, 1)
    await keeper.look()
    before = keeper.checkpoint
    open_to_all(key_file)
    await grow(log, 2, 2)
    for _ in range(2):
        await keeper.look()
    async with reading(log) as connection:
        state = await store.read_state(connection)
    assert "may be read by others" in state.fault
    assert state.frontier.size == 3  # what comes is still kept: it waits for a head
    assert keeper.checkpoint == before
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1
    close_again(key_file)
    await keeper.look()
    async with reading(log) as connection:
        assert (await store.read_state(connection)).fault == ""
    assert open_checkpoint(keeper.checkpoint, [SIGNER.public]).size == 3
