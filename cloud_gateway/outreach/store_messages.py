"""Writes messages: their words are made once, here, and kept; what is overtaken unsent ends here too."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.outreach.facts import Facts, Official
from cloud_gateway.outreach.model import Channel, Message, MessageState, Recipient
from cloud_gateway.outreach.planning import Plan
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.store_facts import Entry, Key, entries_of_messages, officials, parts
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


async def write_plan(
    connection: AsyncConnection,
    kit: Kit,
    plan: Plan,
    people: Iterable[Recipient],
    entries: Mapping[Key, Entry],
    now: int,
) -> None:
    """Store messages with their words, end those that are overtaken, and tell live pages.

    `entries` has all that the messages tell but what they take over from overtaken ones.
    """
    remade = await entries_of_messages(connection, plan.superseded)
    known = {**by_key(entry for found in remade.values() for entry in found), **entries}
    causes = {known[key].fact.warning for one in plan.messages for key in one.changes} - {""}
    writer = _Writer(kit, {one.id: one for one in people}, known, await officials(connection, causes), now)
    if plan.messages:
        await connection.execute(insert(message), [writer.row(one) for one in plan.messages])
        await connection.execute(insert(message_change), _links(plan.messages))
    await supersede(connection, plan.superseded, now)
    made = [one.id for one in plan.messages]
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


@dataclass(frozen=True)
class _Writer:
    """Makes the rows of messages that are planned together."""

    kit: Kit
    people: Mapping[str, Recipient]
    entries: Mapping[Key, Entry]
    behind: Mapping[str, Official]
    now: int

    def row(self, one: Message) -> dict[str, object]:
        """A row of the table; what the link's token is stands in it as a hash only."""
        link = self.kit.key.place(one.id) if one.channel in LINKED else ""
        subject, body = self._words(one, link)
        return {
            "id": one.id,
            "recipient": one.recipient,
            "channel": one.channel,
            "hazard": one.hazard,
            "change": one.change,
            "level": one.level,
            "step": one.step,
            "subject": subject,
            "body": body,
            "made_at": self.now,
            "due_at": one.due_at,
            "state": MessageState.QUEUED,
            "next_at": one.due_at,
            "answer_needed_by": one.answer_by,
            "token_hash": hash_token(self.kit.key.token(one.id)) if link else None,
            "simulated": one.simulated,
        }

    def _words(self, one: Message, link: str) -> tuple[str, str]:
        who = self.people[one.recipient]
        sites = tuple(self.entries[key].fact for key in one.changes)
        causes = dict.fromkeys(fact.warning for fact in sites if fact.warning in self.behind)
        facts = Facts(who, sites, tuple(self.behind[cause] for cause in causes), link, self.now)
        return self.kit.render(one, who.language, facts)


def _links(messages: Iterable[Message]) -> list[dict[str, object]]:
    return [
        {"message": one.id, "event": told, "number": number, "rank": rank}
        for one in messages
        for rank, (told, number) in enumerate(one.changes)
    ]
