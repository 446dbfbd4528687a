"""Signs heads of the evidence log: what is signed was checked against the last head, and a failure is never silent."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.settings import Evidence
from cloud_gateway.evidence.store_heads import Head, Life
from cloud_gateway.evidence.store_keys import KeyName, append_keys
from edge_agent.proof.checkpoints import Checkpoint, LogKey, NoteError, open_checkpoint, sign_note, write_checkpoint
from edge_agent.wire.tls import CredentialError, check_private

logger = logging.getLogger(__name__)

NO_KEY = "no key: the settings name no evidence.key_file"


class NotSigned(Exception):
    """No head can be signed; the text says why. What is in the log stays as it is, without a new head."""


@dataclass(frozen=True)
class Signer:
    """The log's key. `name` is what signatures stand under: the origin of the settings, whatever the log's life."""

    name: str
    key: Ed25519PrivateKey

    @property
    def public(self) -> LogKey:
        """The key that verifiers pin."""
        return LogKey(self.name, self.key.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> str:
        """The signed note, opened once before it counts. Raises NotSigned."""
        try:
            note = sign_note(write_checkpoint(checkpoint), self.name, self.key)
            if open_checkpoint(note, [self.public]) != checkpoint:
                raise NotSigned("what was signed is not what should have been")
        except NoteError as exc:
            raise NotSigned(str(exc)) from exc
        return note


def load_signer(settings: Evidence) -> Signer:
    """The log's key from its file, read anew each time: one that is gone is noticed. Raises NotSigned."""
    if settings.key_file is None:
        raise NotSigned(NO_KEY)
    return Signer(settings.origin, _load_key(settings.key_file))


def _load_key(file: Path) -> Ed25519PrivateKey:
    try:
        check_private(file)
        key = load_pem_private_key(file.read_bytes(), None)
    except CredentialError as exc:
        raise NotSigned(str(exc)) from exc
    except OSError as exc:
        raise NotSigned(f"{file}: {exc.strerror}") from exc
    except (ValueError, TypeError) as exc:
        raise NotSigned(f"{file} is no key; name evidence.key of the provisioning folder") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise NotSigned(f"{file} is no Ed25519 key")
    return key


async def sign_head(engine: AsyncEngine, signer: Signer, now: int) -> Head | None:
    """The signed head of the log as it is, made if there is none yet; None for an empty log.

    Raises NotSigned when the stored log is not what the last head says, and what the database raises.
    """
    await _prepare(engine, signer, now)
    async with reading(engine) as c:
        state, life = await store.read_state(c), await store_heads.newest_life(c)
        last = await store_heads.newest_head(c)
        try:
            root = await store.root_at(c, state.frontier.size)
            before = None if last is None else await store.root_at(c, last.size)
        except store.BrokenLog as exc:
            raise NotSigned(str(exc)) from exc
    if life is None:
        return None
    _check_fit(state, root, last, before)
    if last is not None and (last.life, last.size) == (life.number, state.frontier.size):
        return last
    note = signer.sign(Checkpoint(life.origin, state.frontier.size, root))
    head = Head(life.number, state.frontier.size, root, note, now)
    async with transaction(engine) as c:
        await store_heads.add_head(c, head)
    return head


async def _prepare(engine: AsyncEngine, signer: Signer, now: int) -> None:
    """See that the log has a life of this origin, holds its key, and says that it was restored when it was.

    Raises NotSigned for a log of another origin.
    """
    name = KeyName("log", signer.name, base64.b64encode(signer.public.public).decode(), "")
    async with reading(engine) as c:
        state, first = await store.read_state(c), await store_heads.first_life(c)
        named = await store_heads.knows_key(c, name)
    if first is not None and first.origin != signer.name:
        raise NotSigned(f"the log's origin is {first.origin}, that of the settings {signer.name}: set it back")
    if state.frontier.size == 0 or (first is not None and named and state.restored_from is None):
        return
    async with transaction(engine) as c:
        await store.append(c, [], now)  # that it was restored; one that had no life yet has nothing to say of that
        if first is None:
            await store_heads.begin_life(c, Life(1, signer.name, 0), now)
        await append_keys(c, [name], now)


def _check_fit(state: store.State, root: bytes, last: Head | None, before: bytes | None) -> None:
    if state.frontier.root != root:
        raise NotSigned("the stored nodes of the log do not give the root that it grew to: it was altered")
    if last is None:
        return
    if last.size > state.frontier.size or before != last.root:
        raise NotSigned(f"the stored log is not the one whose head of {last.size} entries was signed: it was altered")


class HeadKeeper:
    """The duty that signs a head when the log has grown. `checkpoint` is the newest note, empty before the first."""

    def __init__(self, engine: AsyncEngine, settings: Evidence, now: Callable[[], int]) -> None:
        self._engine = engine
        self._settings = settings
        self._now = now
        self._told = ""
        self.checkpoint = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._settings.head_s)

    async def look(self) -> None:
        """Sign what there is to sign; a failure is written where pages and the API show it, and logged once."""
        try:
            head = await sign_head(self._engine, load_signer(self._settings), self._now())
            fault = ""
        except NotSigned as exc:
            head, fault = None, str(exc)
        except SQLAlchemyError as exc:  # the database is busy, full or away: the next look comes soon
            self._tell(f"the log cannot be read: {exc}")
            return
        if head is not None:
            self.checkpoint = head.note
        self._tell(fault)
        await self._note(fault)

    def _tell(self, fault: str) -> None:
        if fault == self._told:
            return
        if fault == NO_KEY:
            logger.warning("heads of the evidence log are not signed: %s", fault)
        elif fault:
            logger.error("heads of the evidence log are not signed: %s", fault)
        else:
            logger.info("heads of the evidence log are signed again")
        self._told = fault

    async def _note(self, fault: str) -> None:
        try:
            async with reading(self._engine) as c:
                known = (await store.read_state(c)).fault
            if known != fault:
                async with transaction(self._engine) as c:
                    await store_heads.note_fault(c, fault, self._now())
        except SQLAlchemyError as exc:
            logger.warning("the state of the evidence log cannot be noted: %s", exc)
