"""Writes alarms, so that they end the same in whatever order their words come: by the first clearing after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Integer, String, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from edge_agent.wire.messages import AlarmBody, AlarmState, Birth

_a, _k = t.alarm.c, t.alarm_clearing.c
_device, _epoch, _rule = (bindparam(name, type_=String) for name in ("d", "e", "r"))
_seq, _at, _now = (bindparam(name, type_=Integer) for name in ("s", "moment", "present"))
_ALARM_OF_RULE = (_a.device == _device) & (_a.epoch == _epoch) & (_a.rule == _rule)
_CLEARING_OF_RULE = (_k.device == _device) & (_k.epoch == _epoch) & (_k.rule == _rule)
_CLEARED_AFTER = select(_k.at).where(_CLEARING_OF_RULE, _k.seq > _seq).order_by(_k.seq).limit(1)
_CLEARED_BEFORE = select(_k.seq).where(_CLEARING_OF_RULE, _k.seq < _seq).order_by(_k.seq.desc()).limit(1)

_CLOSE_RAISED = (
    update(t.alarm).where(_ALARM_OF_RULE, _a.seq == _seq).values(cleared_at=_CLEARED_AFTER.scalar_subquery())
)
_CLOSE_EARLIER = (
    update(t.alarm)
    .where(_ALARM_OF_RULE, _a.seq < _seq, _a.seq > func.coalesce(_CLEARED_BEFORE.scalar_subquery(), 0))
    .values(cleared_at=_at)
)
_CLOSE_OTHER_EPOCHS = (
    update(t.alarm)
    .where(_a.cleared_at.is_(None), _a.device == _device, _a.rule == _rule)
    .where(_a.raised_at <= _at, _a.epoch != _epoch)
    .values(cleared_at=_at)
)
_OLDER_EPOCHS = select(t.device_epoch.c.epoch).where(
    t.device_epoch.c.device == _device,
    t.device_epoch.c.first_seen_at
    < func.coalesce(
        select(t.device_epoch.c.first_seen_at).where(t.device_epoch.c.epoch == _epoch).scalar_subquery(),
        _now,
    ),
)
_CLOSE_LOST = (
    update(t.alarm)
    .where(_a.cleared_at.is_(None), _a.device == _device, _a.rule == _rule, _a.raised_at <= _at)
    .where(_a.epoch != _epoch, _a.epoch.in_(_OLDER_EPOCHS))
    .values(cleared_at=_at)
)
_others = t.alarm.alias("others")
_NEWEST = select(func.max(_others.c.seq)).where(
    _others.c.device == _device, _others.c.epoch == _epoch, _others.c.rule == _rule
)
_REOPEN = (
    update(t.alarm)
    .where(_ALARM_OF_RULE, _a.seq == _NEWEST.scalar_subquery(), _a.cleared_at.is_not(None))
    .where(~select(_k.seq).where(_CLEARING_OF_RULE, _k.seq > _a.seq).exists())
    .values(cleared_at=None)
)


class Word(NamedTuple):
    """What a device said of one of its rules. `at` is the record's time, ms UTC."""

    device: str
    epoch: str
    seq: int
    at: int
    alarm: AlarmBody


async def store_alarms(c: AsyncConnection, words: Sequence[Word], now: int) -> None:
    """Raise and clear, in a few statements however many words there are; `now` is the gateway's time, ms UTC."""
    raisings = [word for word in words if word.alarm.state is AlarmState.RAISED]
    clearings = [word for word in words if word.alarm.state is AlarmState.CLEARED]
    if clearings:
        await c.execute(insert(t.alarm_clearing), [_clearing_row(word) for word in clearings])
    if raisings:
        await c.execute(insert(t.alarm), [_alarm_row(word, now) for word in raisings])
        await c.execute(_CLOSE_RAISED, [_place(word) for word in raisings])
    if clearings:
        await c.execute(_CLOSE_EARLIER, [_place(word) | {"moment": word.at} for word in clearings])
        await _close_other_epochs(c, clearings)


async def settle_alarms(c: AsyncConnection, device: str, birth: Birth, at: int, now: int) -> None:
    """Act on how a birth says that its rules stand; of rules of which it does not tell, nothing changes.

    An alarm of an epoch that the device has lost is over when its rule does not stand raised: nobody else will say so.
    One whose own epoch says that it stands is open: what closed it was another device of the same identity. `at` is
    the birth's time, ms UTC.
    """
    place = {"d": device, "e": birth.epoch}
    calm = [place | {"r": r.name, "moment": at, "present": now + 1} for r in birth.rules if r.raised is False]
    raised = [place | {"r": r.name} for r in birth.rules if r.raised]
    if calm:
        await c.execute(_CLOSE_LOST, calm)
    if raised:
        await c.execute(_REOPEN, raised)


async def _close_other_epochs(c: AsyncConnection, clearings: Sequence[Word]) -> None:
    """A clearing counts for what was raised before it, by its time, in an epoch that the device has lost."""
    rows = [
        {"d": word.device, "e": word.epoch, "r": word.alarm.rule, "moment": word.at}
        for word in sorted(clearings, key=lambda word: word.at)
    ]
    await c.execute(_CLOSE_OTHER_EPOCHS, rows)


def _place(word: Word) -> dict[str, object]:
    return {"d": word.device, "e": word.epoch, "r": word.alarm.rule, "s": word.seq}


def _clearing_row(word: Word) -> dict[str, object]:
    return {"device": word.device, "epoch": word.epoch, "rule": word.alarm.rule, "seq": word.seq, "at": word.at}


def _alarm_row(word: Word, now: int) -> dict[str, object]:
    alarm = word.alarm
    said = {"rule": alarm.rule, "stream": alarm.stream, "value": alarm.value, "limit": alarm.limit, "unit": alarm.unit}
    times = {"since": alarm.since, "raised_at": word.at, "received_at": now, "cleared_at": None}
    return {"device": word.device, "epoch": word.epoch, "seq": word.seq} | said | times
