"""What staff do about alarms: who may, what is checked, and that a second click does no harm."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from cloud_gateway.alarms.hand import Hand, Kind, State, Step, changes, possible, stand
from cloud_gateway.alarms.store_hand import Held, Key, add_step, find_held
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff, find_staff, list_staff
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

HANDLERS = (Role.RISK_ENGINEER, Role.OPERATIONS, Role.ADMINISTRATOR)
NOTERS = (*HANDLERS, Role.INSPECTOR)
Handler = Annotated[Staff, Depends(require_role(*HANDLERS))]
Noter = Annotated[Staff, Depends(require_role(*NOTERS))]
LEAST_REASON, MOST_TEXT = 2, 1000


def _name_alarm(
    device: Annotated[str, Path(max_length=32)],
    epoch: Annotated[str, Path(max_length=16)],
    seq: Annotated[int, Path(ge=0, lt=2**63)],
) -> Key:
    return Key(device, epoch, seq)


#: The alarm that an address names.
Named = Annotated[Key, Depends(_name_alarm)]


async def read_alarm(connection: Connection, key: Key) -> tuple[Held, list[Step]]:
    """An alarm with its steps. Raises Problem 404."""
    found = await find_held(connection, key)
    if found is None:
        raise Problem(404, "no_alarm", _("There is no such alarm."), _("The list of alarms has them all."), "seq")
    return found


async def take_step(
    connection: Connection, who: Staff, key: Key, kind: Kind, *, whom: str = "", text: str = "", crossed: bool = False
) -> Hand:
    """Take a step in the person's name, and tell how the alarm stands then; what changes nothing is not written.

    `crossed`: the person closes it knowing that its threshold still is. Raises Problem 404, 409 and 422.
    """
    held, steps = await read_alarm(connection, key)
    still = held.alarm.cleared_at is None
    step = Step(now_ms(), who.name, kind, whom, text, kind is Kind.CLOSED and still)
    if not changes(held.hand, step):
        return held.hand
    _check(held.hand, step, crossed)
    if whom:
        await _check_assignee(connection, whom)
    await add_step(connection, key, step)
    return stand([*steps, step], still)


def _check(hand: Hand, step: Step, crossed: bool) -> None:
    if step.kind not in possible(hand):
        closed = hand.state is State.CLOSED
        title = _("This alarm is closed.") if closed else _("This alarm is not closed.")
        raise Problem(409, "alarm_closed" if closed else "alarm_open", title, _("Load its page again."))
    if step.crossed and not crossed:
        remedy = _("Say that you close it all the same; it comes back if the device raises it again.")
        raise Problem(409, "still_crossed", _("The threshold is still crossed."), remedy, "crossed")


async def _check_assignee(connection: Connection, whom: str) -> None:
    found = await find_staff(connection, whom)
    if found is None or not can_have(found):
        remedy = _("Choose somebody who is in service and may handle alarms.")
        raise Problem(422, "no_assignee", _("This person cannot have an alarm."), remedy, "whom")


def can_have(one: Staff) -> bool:
    """Whether an alarm can be given to them."""
    return one.disabled_at is None and one.role in NOTERS


async def list_assignees(connection: Connection) -> list[str]:
    """The names of those to whom an alarm can be given."""
    return [one.name for one in await list_staff(connection) if can_have(one)]
