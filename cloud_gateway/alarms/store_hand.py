"""Alarms with what people did about them, in the gateway's database."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, insert, not_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.alarms.hand import Hand, Kind, Step, stand
from cloud_gateway.alarms.store import ALARMS, Alarm
from cloud_gateway.alarms.store_holder import is_held_by
from cloud_gateway.alarms.tables import alarm_step
from cloud_gateway.tables import alarm, device, event, rule, site

_a, _s = alarm.c, alarm_step.c
_KEY = (_a.device, _a.epoch, _a.seq)


class Key(NamedTuple):
    """Which alarm: `seq` is of the record that raised it."""

    device: str
    epoch: str
    seq: int


class Shown(StrEnum):
    """Which alarms a list is of; `open`: whatever nobody has closed."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    ALL = "all"


@dataclass(frozen=True)
class Choice:
    """Which alarms are asked for; empty fields choose nothing away."""

    shown: Shown = Shown.OPEN
    severity: str = ""
    site: str = ""
    device: str = ""
    q: str = ""


@dataclass(frozen=True)
class Held:
    """An alarm, how it stands, and its place; names are empty and `zone` is UTC where its device stood nowhere."""

    alarm: Alarm
    hand: Hand
    name: str
    name_zh: str
    zone: str
    simulated: bool

    @property
    def key(self) -> Key:
        """Which alarm it is."""
        return key_of(self.alarm)


def key_of(one: Alarm) -> Key:
    """Which alarm it is."""
    return Key(one.device, one.epoch, one.seq)


_PLACED = ALARMS.add_columns(
    func.coalesce(site.c.name, "").label("site_name"),
    func.coalesce(site.c.name_zh, "").label("site_name_zh"),
    func.coalesce(site.c.zone, "UTC").label("site_zone"),
    select(device.c.simulated).where(device.c.id == _a.device).scalar_subquery().label("simulated"),
)
_OF_THIS = and_(_s.device == _a.device, _s.epoch == _a.epoch, _s.seq == _a.seq)
_last = select(_s.id).where(_OF_THIS, _s.kind != Kind.NOTED).order_by(_s.id.desc()).limit(1)
_last_step = select(alarm_step).where(_s.id == _last.correlate(alarm).scalar_subquery())
#: As `hand.stand` judges: the last step is a closing that still counts.
_CLOSED = (
    _last_step.where(_s.kind == Kind.CLOSED, or_(_s.crossed, _a.cleared_at.is_not(None))).correlate(alarm).exists()
)


async def find_held(connection: AsyncConnection, key: Key) -> tuple[Held, list[Step]] | None:
    """An alarm with its steps, oldest first; None without such an alarm."""
    this = (_a.device == key.device) & (_a.epoch == key.epoch) & (_a.seq == key.seq)
    row = (await connection.execute(_PLACED.where(this))).first()
    if row is None:
        return None
    steps = (await _list_steps(connection, [key])).get(key, [])
    return _held(row, steps), steps


async def list_held(connection: AsyncConnection, choice: Choice, who: str, limit: int) -> list[Held]:
    """Alarms: what is crossed, urgent and old first, then what was cleared last; all: the newest first.

    `who` is whose alarms are meant by `mine`.
    """
    fitting = _PLACED.where(*_conditions(choice, who)).limit(limit)
    if choice.shown is Shown.ALL:
        return await _read(connection, fitting.order_by(_a.raised_at.desc(), *_KEY))
    mild = ALARMS.selected_columns.severity != "urgent"
    crossed = fitting.where(_a.cleared_at.is_(None)).order_by(mild, _a.raised_at, *_KEY)
    cleared = fitting.where(_a.cleared_at.is_not(None)).order_by(_a.cleared_at.desc(), *_KEY)
    held = await _read(connection, crossed)
    return held + await _read(connection, cleared.limit(limit - len(held)))


async def list_closed(connection: AsyncConnection, code: str, limit: int) -> list[Held]:
    """Alarms of a site that somebody has closed, the newest raising first."""
    query = _PLACED.where(_CLOSED, site.c.code == code).order_by(_a.raised_at.desc(), *_KEY)
    return await _read(connection, query.limit(limit))


async def find_hands(connection: AsyncConnection, alarms: Sequence[Alarm]) -> dict[Key, Hand]:
    """How each of these alarms stands."""
    keys = {key_of(one): one for one in alarms}
    steps = await _list_steps(connection, list(keys))
    return {key: stand(steps.get(key, []), one.cleared_at is None) for key, one in keys.items()}


async def list_earlier(connection: AsyncConnection, one: Alarm, limit: int) -> list[Held]:
    """Other raisings of the same rule of the same device, the newest first."""
    this = (_a.epoch == one.epoch) & (_a.seq == one.seq)
    same = (_a.device == one.device) & (_a.rule == one.rule) & not_(this)
    return await _read(connection, _PLACED.where(same).order_by(_a.raised_at.desc()).limit(limit))


async def add_step(connection: AsyncConnection, key: Key, step: Step) -> None:
    """Write down a step; live pages hear of it."""
    values = {"id": str(uuid7()), **key._asdict(), **vars(step)}
    await connection.execute(insert(alarm_step).values(**values))
    body = json.dumps(key._asdict() | {"step": step.kind})
    await connection.execute(insert(event).values(at=step.at, topic="alarm", body=body))


async def _read(connection: AsyncConnection, query: Select[tuple[object, ...]]) -> list[Held]:
    rows = (await connection.execute(query)).all()
    steps = await _list_steps(connection, [_key(row) for row in rows])
    return [_held(row, steps.get(_key(row), [])) for row in rows]


async def _list_steps(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, list[Step]]:
    found: dict[Key, list[Step]] = defaultdict(list)
    these = tuple_(_s.device, _s.epoch, _s.seq).in_(keys)
    for row in await connection.execute(select(alarm_step).where(these).order_by(_s.id)):
        step = Step(row.at, row.by, Kind(row.kind), row.whom, row.text, row.crossed)
        found[_key(row)].append(step)
    return found


def _conditions(choice: Choice, who: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [] if choice.shown is Shown.ALL else [not_(_CLOSED)]
    if choice.shown in (Shown.MINE, Shown.UNASSIGNED):
        wanted.append(is_held_by(who if choice.shown is Shown.MINE else ""))
    if choice.severity:
        wanted.append(func.coalesce(rule.c.severity, "urgent") == choice.severity)
    if choice.site:
        wanted.append(site.c.code == choice.site)
    if choice.device:
        wanted.append(_a.device == choice.device)
    if choice.q:
        texts = (_a.device, _a.rule, _a.stream, rule.c.label, rule.c.label_zh, site.c.code, site.c.name, site.c.name_zh)
        wanted.append(or_(*(text.icontains(choice.q, autoescape=True) for text in texts)))
    return wanted


def _key(row: Row[tuple[object, ...]]) -> Key:
    return Key(row.device, row.epoch, row.seq)


def _held(row: Row[tuple[object, ...]], steps: Sequence[Step]) -> Held:
    known = row._mapping
    one = Alarm(**{name: known[name] for name in Alarm.__dataclass_fields__})
    hand = stand(steps, one.cleared_at is None)
    return Held(one, hand, row.site_name, row.site_name_zh, row.site_zone, bool(row.simulated))
