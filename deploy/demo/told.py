"""What became of a story's warnings, read back from the gateway's database: stored, followed, told, answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.database import open_database, reading
from cloud_gateway.exposures.tables import event_change, hazard_event
from cloud_gateway.outreach.model import MessageState
from cloud_gateway.outreach.tables import answer, message, recipient
from cloud_gateway.warnings.course import State
from cloud_gateway.warnings.tables import alert, alert_refused, warning
from deploy.demo.outreach import DESK
from deploy.demo.people import CUSTOMER
from deploy.demo.postbox import Letter
from deploy.demo.stage import Stage
from firmware_sim.feed import identifier_of, published_until

#: What is still to go out when its time comes.
UNSENT = (MessageState.QUEUED, MessageState.SENDING)


@dataclass(frozen=True)
class Told:
    """What the tables hold: `messages` are (id, state, channel, role of the recipient)."""

    identifiers: list[str]
    refused: int
    courses: Counter[str]
    events: list[int | None]  # when each was closed
    changes: Counter[str]
    unplanned: int
    of_tests: int
    messages: list[tuple[str, str, str, str]]
    answered: int


class WarningReport(msgspec.Struct, frozen=True):
    """Messages of offices, events at sites, notices to people. What must not be: `not_stored` to `to_customers`.

    `by_state` counts the warnings by where they stand. `notices_lost` were sent by the gateway's word and never came;
    `notices_doubled` came twice although nothing was killed; `notices_altered` came twice and differ.
    """

    published: int
    stored: int
    refused: int
    by_state: dict[str, int]
    events_opened: int
    events_closed: int
    changes: dict[str, int]
    notices_planned: int
    notices_sent: int
    notices_superseded: int
    notices_failed: int
    notices_waiting: int
    letters: int
    answered: int
    not_stored: int
    changes_unplanned: int
    notices_lost: int
    notices_doubled: int
    notices_altered: int
    tests_told: int
    to_customers: int


#: What a clean run has none of.
BROKEN = (
    "refused", "not_stored", "changes_unplanned", "notices_failed", "notices_lost", "notices_doubled",
    "notices_altered", "tests_told", "to_customers",
)  # fmt: skip


def make_warning_report(published: Sequence[str], told: Told, came: Sequence[Letter]) -> WarningReport:
    """Hold what was published against what is stored, and what was sent against what came.

    Letters to the duty desk are the dead man's switch's own tests and count for nothing here.
    """
    letters = [letter for letter in came if letter.to != DESK]
    states = Counter(state for _, state, _, _ in told.messages)
    sent = {id_ for id_, state, channel, _ in told.messages if state in _ON_THEIR_WAY and channel == "mail"}
    copies = Counter(letter.id for letter in letters)
    kinds = Counter(id_ for id_, _ in {(letter.id, letter.raw) for letter in letters})
    customers = sum(role == CUSTOMER for *_, role in told.messages)
    return WarningReport(
        published=len(published),
        stored=len(told.identifiers),
        refused=told.refused,
        by_state=dict(told.courses),
        events_opened=len(told.events),
        events_closed=sum(closed is not None for closed in told.events),
        changes=dict(told.changes),
        notices_planned=len(told.messages),
        notices_sent=sum(states[state] for state in _ON_THEIR_WAY),
        notices_superseded=states[MessageState.SUPERSEDED],
        notices_failed=states[MessageState.FAILED],
        notices_waiting=sum(states[state] for state in UNSENT),
        letters=len(letters),
        answered=told.answered,
        not_stored=sum(not _is_stored(name, told.identifiers) for name in published),
        changes_unplanned=told.unplanned,
        notices_lost=len(sent - copies.keys()),
        notices_doubled=sum(count > 1 for count in copies.values()),
        notices_altered=sum(count > 1 for count in kinds.values()),
        tests_told=told.of_tests,
        to_customers=customers + sum(letter.to.startswith("owner-") for letter in letters),
    )


_ON_THEIR_WAY = (MessageState.SENT, MessageState.DELIVERED, MessageState.ANSWERED)


def find_broken(report: WarningReport, *, killed: bool) -> list[str]:
    """What was promised and not kept; after a kill a letter may come twice, unaltered."""
    names = [name for name in BROKEN if not (killed and name == "notices_doubled")]
    return [f"warnings: {name} {count}" for name in names if (count := getattr(report, name))]


async def read_warning_report(stage: Stage) -> WarningReport:
    """What became of the warnings that were published by the time that the story came to."""
    published = [identifier_of(stage.scenario, b) for b in published_until(stage.scenario, stage.story_time.now)]
    engine = open_database(stage.settings.database)
    try:
        async with reading(engine) as c:
            return make_warning_report(published, await read_told(c), stage.postbox.letters)
    finally:
        await engine.dispose()


async def read_told(c: AsyncConnection) -> Told:
    """Everything that the report needs."""
    tests = select(warning.c.id).where(warning.c.state == State.NOT_FOR_PUBLIC)
    rows = await c.execute(
        select(message.c.id, message.c.state, message.c.channel, recipient.c.role).join_from(message, recipient)
    )
    return Told(
        identifiers=list(await c.scalars(select(alert.c.identifier))),
        refused=await _count(c, select(func.count()).select_from(alert_refused)),
        courses=Counter(await c.scalars(select(warning.c.state).where(warning.c.merged_into.is_(None)))),
        events=list(await c.scalars(select(hazard_event.c.closed_at))),
        changes=Counter(await c.scalars(select(event_change.c.change))),
        unplanned=await _count(c, select(func.count()).where(event_change.c.planned_at.is_(None))),
        of_tests=await _count(c, select(func.count()).where(event_change.c.cause.in_(tests))),
        messages=[(row.id, row.state, row.channel, row.role) for row in rows],
        answered=await _count(c, select(func.count(answer.c.message.distinct()))),
    )


async def is_settled(c: AsyncConnection, published: Iterable[str], now: int) -> bool:
    """Whether all that was published is stored, followed to `now`, settled, planned, and what is due is sent."""
    identifiers = list(await c.scalars(select(alert.c.identifier)))
    open_work = or_(
        exists().where(alert.c.warning.is_(None)),
        exists().where(and_(warning.c.next_at.is_not(None), warning.c.next_at <= now)),
        exists().where(and_(warning.c.settle_at.is_not(None), warning.c.settle_at <= now)),
        exists().where(event_change.c.planned_at.is_(None)),
        exists().where(and_(message.c.state.in_(UNSENT), message.c.next_at <= now)),
    )
    return all(_is_stored(name, identifiers) for name in published) and not await c.scalar(select(open_work))


def _is_stored(published: str, identifiers: Iterable[str]) -> bool:
    """A Chinese signal is kept under its number and kind."""
    return any(one == published or one.startswith(f"{published}.") for one in identifiers)


async def _count(c: AsyncConnection, query: Select[int]) -> int:
    return int(await c.scalar(query) or 0)
