"""Keeps every message as it was published, once, and what had to be refused, with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from cryptography.x509 import Certificate
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.warnings.admission import Admitted, Incoming, RefusedRaw, admit
from cloud_gateway.warnings.model import Alert, AlertKey, Refused
from cloud_gateway.warnings.reading import Reading
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store_chains import place_in_chains
from cloud_gateway.warnings.store_tracks import save_tracks
from cloud_gateway.warnings.tables import alert, alert_refused, warning

#: Refusals kept of one answer, and of one source in all: the newest.
MOST_REFUSED = 100
KEPT_REFUSED = 1000
HEAD_BYTES = 64 * 1024
_AT_ONCE = 200


class Saved(NamedTuple):
    """What became of one answer: ids of the new messages, how many were known, and the refusals."""

    new: tuple[str, ...]
    known: int
    refused: tuple[Refused, ...]


class _Known(NamedTuple):
    id: str
    sha256: str
    parsed: str
    is_doubted: bool


async def save_reading(
    connection: AsyncConnection, source: Source, reading: Reading, now: int, certificate: Certificate | None = None
) -> Saved:
    """Store what the source's policy lets in; the same again changes nothing."""
    return await save_admitted(connection, source, admit(source, reading, certificate), now)


async def save_admitted(connection: AsyncConnection, source: Source, admitted: Admitted, now: int) -> Saved:
    """Store one answer's messages, each once by its key; a known key with another body is refused."""
    known = await _find_known(connection, [one.alert.key for one in admitted.taken])
    new: dict[AlertKey, Incoming] = {}
    others: list[Incoming] = []
    for one in admitted.taken:
        before = known.get(one.alert.key) or _as_known(new.get(one.alert.key))
        if before is None:
            new[one.alert.key] = one
        elif _differs(before, one):
            others.append(one)
    ids = await _insert(connection, source, list(new.values()), now)
    await _doubt(connection, [known[one.alert.key] for one in others if one.alert.key in known], now)
    refused = [*admitted.refused, *(RefusedRaw(_other_body(one.alert), one.raw) for one in others)]
    await _save_refused(connection, source.name, refused, now)
    known_count = len(admitted.taken) - len(new) - len(others)
    if admitted.storms is not None:
        tracks = await save_tracks(connection, source, admitted.storms, now)
        ids, known_count = [*ids, *tracks.new], known_count + tracks.known
    return Saved(tuple(ids), known_count, tuple(one.reason for one in refused))


async def _find_known(connection: AsyncConnection, keys: Sequence[AlertKey]) -> dict[AlertKey, _Known]:
    found: dict[AlertKey, _Known] = {}
    for start in range(0, len(keys), _AT_ONCE):
        query = select(alert).where(or_(*map(_is, keys[start : start + _AT_ONCE])))
        for row in await connection.execute(query):
            known = _Known(row.id, row.sha256, row.parsed, row.other_body_at is not None)
            found[AlertKey(row.sender, row.identifier, row.sent)] = known
    return found


def _is(key: AlertKey) -> ColumnElement[bool]:
    """One by one: SQLite finds these in the index, but not a list of triples."""
    return and_(alert.c.sender == key.sender, alert.c.identifier == key.identifier, alert.c.sent == key.sent)


def _as_known(one: Incoming | None) -> _Known | None:
    """A message of the same answer."""
    return None if one is None else _Known("", _digest(one.raw), _write(one.alert), False)


def _differs(known: _Known, one: Incoming) -> bool:
    """Whether one form says two things; a message in two forms never reads quite alike, nor need its bytes be alike."""
    if known.sha256 == _digest(one.raw):
        return False
    before = msgspec.json.decode(known.parsed, type=Alert)
    return before.format == one.alert.format and _content(before) != _content(one.alert)


def _content(said: Alert) -> Alert:
    return msgspec.structs.replace(said, findings=())


def _write(said: Alert) -> str:
    return msgspec.json.encode(said).decode()


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _other_body(said: Alert) -> Refused:
    text = f"{said.identifier[:200]} of {said.sender[:200]} is known with another body, which stays"
    return Refused("other_body", "identifier", text, "Publish a change under an identifier of its own, as an Update")


async def _insert(connection: AsyncConnection, source: Source, incoming: list[Incoming], now: int) -> list[str]:
    if not incoming:
        return []
    chains = await place_in_chains(connection, [one.alert for one in incoming], simulated=source.simulated)
    rows = [_row(source, one, chain, now) for one, chain in zip(incoming, chains, strict=True)]
    await connection.execute(insert(alert), rows)
    return [str(row["id"]) for row in rows]


def _row(source: Source, one: Incoming, chain: str, now: int) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "source": source.name,
        **one.alert.key._asdict(),
        "received_at": now,
        "sha256": _digest(one.raw),
        "raw": one.raw,
        "parsed": _write(one.alert),
        "signature": one.signature.value,
        "chain": chain,
        "simulated": source.simulated,
    }


async def _doubt(connection: AsyncConnection, known: Iterable[_Known], now: int) -> None:
    """Mark messages that came with another body, once, and have their warnings followed anew so that they say so."""
    ids = [one.id for one in known if not one.is_doubted]
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        await connection.execute(update(alert).where(alert.c.id.in_(part)).values(other_body_at=now))
        doubted = select(alert.c.warning).where(alert.c.id.in_(part))
        await connection.execute(update(warning).where(warning.c.id.in_(doubted)).values(next_at=now))


async def _save_refused(connection: AsyncConnection, source: str, refused: Sequence[RefusedRaw], now: int) -> None:
    if not refused:
        return
    rows = [_refused_row(source, one, now) for one in refused[:MOST_REFUSED]]
    again = upsert(alert_refused)
    key = ["source", "sha256", "code"]
    changes = {"times": alert_refused.c.times + 1, "received_at": now, "detail": again.excluded.detail}
    await connection.execute(again.on_conflict_do_update(index_elements=key, set_=changes), rows)
    mine = alert_refused.c.source == source
    newest = (
        select(alert_refused.c.id).where(mine).order_by(alert_refused.c.received_at.desc(), alert_refused.c.id.desc())
    )
    oldest = newest.offset(KEPT_REFUSED).limit(-1)
    await connection.execute(delete(alert_refused).where(alert_refused.c.id.in_(oldest)))


def _refused_row(source: str, one: RefusedRaw, now: int) -> dict[str, object]:
    return {
        "source": source,
        "received_at": now,
        "code": one.reason.code[:40],
        "field": one.reason.field[:200],
        "detail": one.reason.text[:1000],
        "sha256": _digest(one.raw),
        "size": len(one.raw),
        "head": one.raw[:HEAD_BYTES],
    }
