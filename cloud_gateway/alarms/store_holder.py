"""Asks in SQL who has an alarm, as `hand.stand` judges it, so that a list can choose by it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, and_, case, func, select

from cloud_gateway.alarms.hand import Kind
from cloud_gateway.alarms.tables import alarm_step
from cloud_gateway.tables import alarm

_TAKING = (Kind.ACKNOWLEDGED, Kind.ASSIGNED)


def _steps(name: str) -> FromClause:
    return alarm_step.alias(name)


def _before(step: FromClause) -> ScalarSelect[str]:
    """What was done last before a step, notes aside."""
    b, s = _steps("before_it").c, step.c
    earlier = and_(b.device == s.device, b.epoch == s.epoch, b.seq == s.seq, b.id < s.id, b.kind != Kind.NOTED)
    return select(b.kind).where(earlier).order_by(b.id.desc()).limit(1).correlate(step).scalar_subquery()


def _taken_anew() -> ScalarSelect[str]:
    """The step with which somebody took an alarm that had come back after its closing: what was before it is over."""
    taking = _steps("taking")
    s = taking.c
    anew = and_(s.device == alarm.c.device, s.epoch == alarm.c.epoch, s.seq == alarm.c.seq)
    query = select(func.max(s.id)).where(anew, s.kind.in_(_TAKING), _before(taking) == Kind.CLOSED)
    return query.correlate(alarm).scalar_subquery()


def _last(kind: Kind, column: str) -> ScalarSelect[str]:
    """A column of the last step of a kind that still counts."""
    s = _steps(f"last_{kind}").c
    own = and_(s.device == alarm.c.device, s.epoch == alarm.c.epoch, s.seq == alarm.c.seq, s.kind == kind)
    query = select(s[column]).where(own, s.id >= func.coalesce(_taken_anew(), ""))
    return query.order_by(s.id.desc()).limit(1).correlate(alarm).scalar_subquery()


def _last_kind() -> ScalarSelect[str]:
    s = _steps("last_of_all").c
    own = and_(s.device == alarm.c.device, s.epoch == alarm.c.epoch, s.seq == alarm.c.seq, s.kind != Kind.NOTED)
    return select(s.kind).where(own).order_by(s.id.desc()).limit(1).correlate(alarm).scalar_subquery()


def is_held_by(who: str) -> ColumnElement[bool]:
    """Of an alarm that is not closed; empty: nobody has it. One whose last step is its closing has come back."""
    assigned = func.nullif(_last(Kind.ASSIGNED, "whom"), "")
    holder = func.coalesce(assigned, _last(Kind.ACKNOWLEDGED, "by"), "")
    return case((_last_kind() == Kind.CLOSED, ""), else_=holder) == who
