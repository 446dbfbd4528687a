"""Follows stored messages: the row of every warning is what the lifecycle makes of its chain, whatever came when.

A message not yet followed, a moment at which time alone may change a warning, and a closing all stand in the database:
a restart forgets none, and following again changes nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.tables import event
from cloud_gateway.warnings.course import Closing, Course, State
from cloud_gateway.warnings.lifecycle import follow, next_change
from cloud_gateway.warnings.model import Alert, AlertKey, Finding, Level
from cloud_gateway.warnings.tables import alert, warning, warning_closing

#: Chains followed in one transaction: others wait for the database meanwhile.
MOST_CHAINS = 200


class Standing(NamedTuple):
    """A warning with the messages of it that hold or are to come."""

    id: str
    course: Course
    simulated: bool
    alerts: tuple[Alert, ...]


class _Message(NamedTuple):
    id: str
    alert: Alert
    warning: str | None
    simulated: bool
    is_doubted: bool


class _Followed(NamedTuple):
    id: str
    course: Course
    simulated: bool
    head: str

    def row(self, now: int) -> dict[str, object]:
        """As it is stored."""
        course = self.course
        return {
            "id": self.id,
            "hazard": course.hazard,
            "issuer": course.issuer,
            "state": course.state.value,
            "level": int(course.level),
            "head": self.head,
            "course": msgspec.json.encode(course).decode(),
            "since": course.since,
            "changed_at": course.changed_at,
            "ends": course.ends,
            "unconfirmed_since": course.unconfirmed_since,
            "simulated": self.simulated,
            "next_at": next_change(course, now),
            "merged_into": None,
        }


async def due_changes(connection: AsyncConnection, now: int, most: int = MOST_CHAINS) -> tuple[str, ...]:
    """Chains that have a message not yet followed, or a warning that time or a closing may have changed."""
    fresh = select(alert.c.chain).distinct().where(alert.c.warning.is_(None)).limit(most)
    found = dict.fromkeys(await connection.scalars(fresh))
    timed = select(alert.c.chain).join(warning, warning.c.head == alert.c.id).where(warning.c.next_at <= now)
    found |= dict.fromkeys(await connection.scalars(timed.order_by(warning.c.next_at).limit(most)))
    return tuple(found)[:most]


async def follow_all(connection: AsyncConnection, now: int, most: int = MOST_CHAINS) -> tuple[str, ...]:
    """Follow what is due, at most so many chains: ask `due_changes` for more. Returns the ids of changed warnings.

    A warning that turns out to be another's is among them too: level NONE, expired, `merged_into` that one.
    """
    return await follow_chains(connection, await due_changes(connection, now, most), now)


async def follow_chains(connection: AsyncConnection, chains: Sequence[str], now: int) -> tuple[str, ...]:
    """Follow these chains, due or not; as `follow_all`."""
    changed: list[str] = []
    messages, closings = await _load_messages(connection, chains), await _load_closings(connection, chains)
    stored = await _load_warnings(connection, messages)
    for chain in chains:
        changed += await _follow_chain(connection, messages[chain], closings[chain], stored, now)
    return tuple(changed)


async def _load_messages(connection: AsyncConnection, chains: Sequence[str]) -> Mapping[str, list[_Message]]:
    wanted = (alert.c.id, alert.c.parsed, alert.c.warning, alert.c.simulated, alert.c.other_body_at, alert.c.chain)
    messages: dict[str, list[_Message]] = defaultdict(list)
    for row in await connection.execute(select(*wanted).where(alert.c.chain.in_(chains))):
        said = msgspec.json.decode(row.parsed, type=Alert)
        message = _Message(row.id, said, row.warning, row.simulated, row.other_body_at is not None)
        messages[row.chain].append(message)
    return messages


async def _load_closings(connection: AsyncConnection, chains: Sequence[str]) -> Mapping[str, list[Closing]]:
    query = select(warning_closing, alert.c.sender, alert.c.identifier, alert.c.sent, alert.c.chain).join(
        alert, alert.c.id == warning_closing.c.alert
    )
    closings: dict[str, list[Closing]] = defaultdict(list)
    for row in await connection.execute(query.where(alert.c.chain.in_(chains))):
        key = AlertKey(row.sender, row.identifier, row.sent)
        closings[row.chain].append(Closing(key, row.at, row.name, row.reason))
    return closings


async def _load_warnings(
    connection: AsyncConnection, messages: Mapping[str, Iterable[_Message]]
) -> dict[str, Row[tuple[object, ...]]]:
    ids = sorted({one.warning for some in messages.values() for one in some if one.warning is not None})
    found: dict[str, Row[tuple[object, ...]]] = {}
    for start in range(0, len(ids), 500):
        rows = await connection.execute(select(warning).where(warning.c.id.in_(ids[start : start + 500])))
        found |= {row.id: row for row in rows}
    return found


async def _follow_chain(
    connection: AsyncConnection,
    messages: Sequence[_Message],
    closings: Sequence[Closing],
    stored: Mapping[str, Row[tuple[object, ...]]],
    now: int,
) -> list[str]:
    followed = _name_courses(messages, follow([one.alert for one in messages], closings, now))
    changed = []
    for one in followed:
        if await _store_warning(connection, one, stored.get(one.id), now):
            changed.append(one.id)
    moved = _moves(messages, followed)
    if moved:
        statement = update(alert).where(alert.c.id == bindparam("which")).values(warning=bindparam("where"))
        await connection.execute(statement, [{"which": which, "where": where} for which, _, where in moved])
    left = {old: new for _, old, new in moved if old is not None and old not in {one.id for one in followed}}
    for old, new in left.items():
        await _merge(connection, old, new, now)
    return changed + list(left)


def _name_courses(messages: Sequence[_Message], courses: Iterable[Course]) -> list[_Followed]:
    """Each course with the id of the oldest warning that its messages had; a new one where that is another's."""
    by_key = {one.alert.key: one for one in messages}
    taken: set[str] = set()
    followed = []
    for course in courses:
        members = [by_key[key] for key in course.members]
        ids = sorted({one.warning for one in members if one.warning is not None} - taken)
        id_ = ids[0] if ids else str(uuid7())
        taken.add(id_)
        doubted = msgspec.structs.replace(course, findings=(*course.findings, *_doubts(members)))
        simulated = any(one.simulated for one in members)
        followed.append(_Followed(id_, doubted, simulated, by_key[course.head].id))
    return followed


def _doubts(members: Iterable[_Message]) -> Iterator[Finding]:
    for one in members:
        if one.is_doubted:
            text = f"{one.alert.identifier} came again with another body, which is not used"
            yield Finding("other_body", "identifier", text, "doubtful")


async def _store_warning(
    connection: AsyncConnection, followed: _Followed, before: Row[tuple[object, ...]] | None, now: int
) -> bool:
    """Write a warning's row; whether anything but the moment of its next look has changed."""
    row = followed.row(now)
    if before is None:
        await connection.execute(insert(warning).values(row))
    elif _stored(before, row) != row:
        await connection.execute(update(warning).where(warning.c.id == followed.id).values(row))
    if before is not None and _told(_stored(before, row)) == _told(row):
        return False
    await _tell(connection, row, now)
    return True


def _stored(before: Row[tuple[object, ...]], row: Mapping[str, object]) -> Mapping[str, object]:
    """What is followed of a stored row; `settle_at`, which every update sets to 0, is the matching's."""
    return {name: before._mapping[name] for name in row}  # the public way to a row's names


def _told(row: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in row.items() if name != "next_at"}


def _moves(messages: Sequence[_Message], followed: Iterable[_Followed]) -> list[tuple[str, str | None, str]]:
    """(message, its warning before, its warning now) where the two differ."""
    now_in = {key: one.id for one in followed for key in one.course.members}
    pairs = ((one, now_in[one.alert.key]) for one in messages)
    return [(one.id, one.warning, where) for one, where in pairs if one.warning != where]


async def _merge(connection: AsyncConnection, old: str, new: str, now: int) -> None:
    row: dict[str, object] = {
        "state": State.EXPIRED.value,
        "level": int(Level.NONE),
        "changed_at": now,
        "next_at": None,
        "merged_into": new,
    }
    await connection.execute(update(warning).where(warning.c.id == old).values(row))
    await _tell(connection, {"id": old, **row}, now)


async def _tell(connection: AsyncConnection, row: Mapping[str, object], now: int) -> None:
    """Live pages follow."""
    body = {name: row[name] for name in ("id", "hazard", "issuer", "state", "level", "merged_into") if name in row}
    await connection.execute(insert(event).values(at=now, topic="warning", body=json.dumps(body, ensure_ascii=False)))


async def load_standing(connection: AsyncConnection, ids: Sequence[str]) -> list[Standing]:
    """The warnings of these ids with the messages that hold or are to; a merged one has none."""
    rows = list(await connection.execute(select(warning).where(warning.c.id.in_(ids))))
    query = select(alert.c.warning, alert.c.parsed).where(alert.c.warning.in_(ids))
    said: dict[str, list[Alert]] = defaultdict(list)
    for id_, parsed in await connection.execute(query):
        said[id_].append(msgspec.json.decode(parsed, type=Alert))
    standing = []
    for row in rows:
        course = msgspec.json.decode(row.course, type=Course)
        kept = () if row.merged_into else tuple(one for one in said[row.id] if one.key in course.standing)
        standing.append(Standing(row.id, course, row.simulated, kept))
    return standing
