"""Writes messages: their words are made once, here, and kept; what is overtaken unsent ends here too."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.outreach.facts import Facts
from cloud_gateway.outreach.model import Channel, Message, MessageState, Recipient
from cloud_gateway.outreach.planning import Plan
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.store_facts import Entry, Key, entries_of_messages, officials, parts
from cloud_gateway.outreach.store_site_facts import complete_facts
from cloud_gateway.outreach.tables import message, message_change
from cloud_gateway.outreach.tokens import AnswerKey, hash_token
from cloud_gateway.tables import event

Render = Callable[[Message, str, Facts], tuple[str, str]]
#: Ways whose messages carry a link to answer by.
LINKED = frozenset({Channel.MAIL, Channel.CHAT})
#: Ids that an event for live pages names; a page that needs more reads them.
MOST_NAMED = 50
TOPIC = "message"


@dataclass(frozen=True)
class Kit:
    """What planning works with: the ladder, the key of answer links, the words, and fresh ids."""

    ladder: Sequence[Rung]
    key: AnswerKey
    render: Render
    new_id: Callable[[], str]


class Draft(NamedTuple):
    """Words that were made before the database was locked, and what they were made from."""

    message: Message
    facts: Facts
    subject: str
    body: str


#: By the message without its id.
Drafts = Mapping[Message, Draft]


async def read_facts(
    connection: AsyncConnection,
    kit: Kit,
    plan: Plan,
    people: Iterable[Recipient],
    entries: Mapping[Key, Entry],
    now: int,
) -> list[tuple[Message, Facts]]:
    """What each message of a plan tells.

    `entries` has all that the messages tell but what they take over from overtaken ones.
    """
    remade = await entries_of_messages(connection, plan.superseded)
    known = {**by_key(entry for found in remade.values() for entry in found), **entries}
    causes = {known[key].fact.warning for one in plan.messages for key in one.changes} - {""}
    told_of = {known[key].fact for one in plan.messages for key in one.changes}
    facts = await complete_facts(connection, told_of)
    behind, by_id = await officials(connection, causes), {one.id: one for one in people}
    found = []
    for one in plan.messages:
        sites = tuple(facts[known[key].fact] for key in one.changes)
        told = dict.fromkeys(fact.warning for fact in sites if fact.warning in behind)
        link = _link(kit, one)
        found.append((one, Facts(by_id[one.recipient], sites, tuple(behind[cause] for cause in told), link, now)))
    return found


def write_drafts(kit: Kit, told: Iterable[tuple[Message, Facts]]) -> Drafts:
    """Make the words of messages; takes time, so call it in a thread."""
    drafts = [Draft(one, facts, *kit.render(one, facts.recipient.language, facts)) for one, facts in told]
    return {msgspec.structs.replace(draft.message, id=""): draft for draft in drafts}


async def write_plan(
    connection: AsyncConnection,
    kit: Kit,
    plan: Plan,
    people: Iterable[Recipient],
    entries: Mapping[Key, Entry],
    now: int,
    drafts: Drafts = MappingProxyType({}),
) -> None:
    """Store messages with their words, end those that are overtaken, and tell live pages.

    A draft is used where it was made from the very same facts; else the words are made here.
    """
    told = await read_facts(connection, kit, plan, people, entries, now)
    written = [_finish(kit, one, facts, drafts) for one, facts in told]
    if written:
        await connection.execute(insert(message), [_row(kit, draft, now) for draft in written])
        await connection.execute(insert(message_change), _links(draft.message for draft in written))
    await supersede(connection, plan.superseded, now)
    made = [draft.message.id for draft in written]
    await tell(connection, now, made=made, superseded=plan.superseded, unreachable=plan.unreachable)


async def supersede(connection: AsyncConnection, messages: Collection[str], now: int) -> None:
    """End unsent messages that something newer has overtaken."""
    for part in parts(messages):
        unsent = message.c.id.in_(part) & (message.c.state == MessageState.QUEUED)
        await connection.execute(update(message).where(unsent).values(state=MessageState.SUPERSEDED, ended_at=now))


async def tell(connection: AsyncConnection, now: int, **lists: Collection[str]) -> None:
    """Append an event for live pages: under each name how many, and the first ids; nothing when all are empty."""
    body = {name: {"count": len(ids), "ids": list(ids)[:MOST_NAMED]} for name, ids in lists.items() if ids}
    if body:
        await connection.execute(insert(event).values(at=now, topic=TOPIC, body=json.dumps(body)))


def by_key(entries: Iterable[Entry]) -> dict[Key, Entry]:
    """Entries by event and number."""
    return {(entry.change.event, entry.change.number): entry for entry in entries}


def _finish(kit: Kit, one: Message, facts: Facts, drafts: Drafts) -> Draft:
    known = drafts.get(msgspec.structs.replace(one, id=""))
    if known is not None and known.facts == msgspec.structs.replace(facts, link=known.facts.link):
        return known
    return Draft(one, facts, *kit.render(one, facts.recipient.language, facts))


def _link(kit: Kit, one: Message) -> str:
    """What stands for the answer link; "" where there is none."""
    return kit.key.place(one.id) if one.channel in LINKED else ""


def _row(kit: Kit, draft: Draft, now: int) -> dict[str, object]:
    """A row of the table; the link's token stands in it as a hash only."""
    one = draft.message
    return {
        "id": one.id,
        "recipient": one.recipient,
        "channel": one.channel,
        "hazard": one.hazard,
        "change": one.change,
        "level": one.level,
        "step": one.step,
        "subject": draft.subject,
        "body": draft.body,
        "made_at": now,
        "due_at": one.due_at,
        "state": MessageState.QUEUED,
        "next_at": one.due_at,
        "answer_needed_by": one.answer_by,
        "token_hash": hash_token(kit.key.token(one.id)) if draft.facts.link else None,
        "simulated": one.simulated,
    }


def _links(messages: Iterable[Message]) -> list[dict[str, object]]:
    return [
        {"message": one.id, "event": told, "number": number, "rank": rank}
        for one in messages
        for rank, (told, number) in enumerate(one.changes)
    ]
