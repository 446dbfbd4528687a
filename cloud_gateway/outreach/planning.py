"""Who is told what, by which way and when: decided from changes of events, recipients and what they know already.

One message for each recipient, hazard and change, its sites ranked. Of several changes of one event that come together
the newest is told. What has not been sent and is overtaken is not sent any more. Nobody is told what they know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from cloud_gateway.outreach.ladder import rung_reached
from cloud_gateway.outreach.model import Change, Channel, Message, Recipient, SiteChange
from cloud_gateway.outreach.quiet import RELIEF, due_at
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.situation import Known, Pending, Situation

#: Whose messages never tell of what is simulated.
CUSTOMER = "customer"
#: By which way a person is told when the rung's own cannot reach them.
WAYS = (Channel.MAIL, Channel.CHAT, Channel.CALL)


class Plan(msgspec.Struct, frozen=True):
    """What is to be sent, which unsent messages are overtaken, and who should be told and has no address."""

    messages: tuple[Message, ...]
    superseded: tuple[str, ...]
    unreachable: tuple[str, ...] = ()


class _Group(NamedTuple):
    """What makes one message of several changes."""

    channel: Channel
    hazard: str
    change: Change
    due_at: int
    step: str
    simulated: bool


_Groups = dict[_Group, dict[str, SiteChange]]  # by event


def plan_changes(
    changes: Iterable[SiteChange], situation: Situation, ladder: Sequence[Rung], now: int, new_id: Callable[[], str]
) -> Plan:
    """The messages that changes call for, each with an id of its own."""
    news = _News(changes, ladder, now)
    messages: list[Message] = []
    superseded: list[str] = []
    unreachable: list[str] = []
    for recipient in situation.recipients:
        desk = _Desk(recipient, situation, news, now)
        desk.take_up()
        messages += desk.messages(new_id)
        superseded += desk.superseded
        unreachable += [recipient.id] if desk.unreachable else []
    return Plan(tuple(messages), tuple(superseded), tuple(unreachable))


def plan_steps(
    steps: Iterable[tuple[SiteChange, Rung]], situation: Situation, now: int, new_id: Callable[[], str]
) -> Plan:
    """The messages of steps that need no answer and have come due: to all whom the change itself would be told."""
    by_site: dict[str, list[tuple[SiteChange, Rung]]] = defaultdict(list)
    for change, rung in steps:
        by_site[change.site].append((change, rung))
    messages: list[Message] = []
    for recipient in (one for one in situation.recipients if one.id not in situation.strangers):
        groups: _Groups = defaultdict(dict)
        for change, rung in (pair for site in recipient.sites for pair in by_site.get(site, ())):
            if concerns(recipient, change) and not _is_silenced(recipient, change, situation):
                due = due_at(recipient, change.change, change.level, None, now)
                channel = step_way(recipient, rung)
                if channel is not None:
                    groups[_group(channel, change, due, rung.name)][change.event] = change
        messages += _write(recipient, groups, new_id)
    return Plan(tuple(messages), ())


def plan_call(
    changes: Iterable[SiteChange], rung: Rung, person: Recipient, now: int, new_id: Callable[[], str]
) -> Message | None:
    """The message that asks one person for an answer about events of one hazard; None when nothing reaches them.

    Whoever is on duty is asked at any hour.
    """
    way = step_way(person, rung)
    listed = rank(changes)
    if way is None or not listed or (person.role == CUSTOMER and any(one.simulated for one in listed)):
        return None
    message = _message(person, _group(way, listed[0], now, rung.name), listed, new_id)
    return msgspec.structs.replace(message, answer_by=now + rung.answer_within_s * 1000)


def rank(changes: Iterable[SiteChange]) -> list[SiteChange]:
    """Sites in the order they are told: by priority, then by level; the rest only makes it the same every time."""
    return sorted(changes, key=lambda one: (-one.priority, -one.level, one.site, one.event))


def concerns(recipient: Recipient, change: SiteChange) -> bool:
    """Whether somebody of that site wants to hear of a hazard at that level."""
    return (
        change.level >= recipient.least
        and (not recipient.hazards or change.hazard in recipient.hazards)
        and not (change.simulated and recipient.role == CUSTOMER)
    )


def first_ways(recipient: Recipient, rung: Rung | None) -> tuple[Channel, ...]:
    """The ways of a first word: to the person as `way_to` says, and to the device that stands at the site."""
    person = way_to(recipient, None if rung is None else Channel(rung.channel))
    return (*(() if person is None else (person,)), *((Channel.NOTICE,) if recipient.device else ()))


def step_way(recipient: Recipient, rung: Rung) -> Channel | None:
    """The way of a step: the rung's own, or the first that reaches the person; a notice is for devices only."""
    channel = Channel(rung.channel)
    if channel is Channel.NOTICE:
        return channel if recipient.device else None
    return way_to(recipient, channel)


def way_to(recipient: Recipient, wished: Channel | None) -> Channel | None:
    """The wished way where it reaches the person, else the first that does."""
    has = addresses(recipient)
    return next((way for way in (wished, *WAYS) if way is not None and has.get(way)), None)


def addresses(recipient: Recipient) -> Mapping[Channel, str]:
    """Where a person is reached by each of `WAYS`, "" where not."""
    return {Channel.MAIL: recipient.mail, Channel.CHAT: recipient.chat, Channel.CALL: recipient.phone}


class _News:
    """The changes that came together: of each event the newest that moved its level, and whether it was confirmed."""

    def __init__(self, changes: Iterable[SiteChange], ladder: Sequence[Rung], now: int) -> None:
        self.moved: dict[str, SiteChange] = {}
        self.confirmed: dict[str, SiteChange] = {}
        for change in sorted(changes, key=lambda one: one.number):
            (self.confirmed if change.change is Change.CONFIRMED else self.moved)[change.event] = change
            if change.change is Change.CLEARED:
                self.confirmed.pop(change.event, None)
        self.rungs = {event: rung_reached(change, ladder, now) for event, change in self.moved.items()}
        self.at_site: dict[str, list[SiteChange]] = defaultdict(list)
        for change in (*self.moved.values(), *self.confirmed.values()):
            self.at_site[change.site].append(change)

    def overtakes(self, told: SiteChange) -> bool:
        """Whether something newer makes it pointless to send this."""
        newer = self.moved.get(told.event)
        if newer is None or newer.number <= told.number:
            return False
        return told.change is not Change.CONFIRMED or newer.change is Change.CLEARED


class _Desk:
    """One recipient's share: what is to be told, and what of the unsent goes."""

    def __init__(self, recipient: Recipient, situation: Situation, news: _News, now: int) -> None:
        self._recipient, self._situation, self._news, self._now = recipient, situation, news, now
        self._groups: _Groups = defaultdict(dict)
        self.superseded: list[str] = []
        self.unreachable = False

    def take_up(self) -> None:
        """Sort the news of the recipient's sites into messages, then look what becomes of the unsent."""
        for change in (one for site in self._recipient.sites for one in self._news.at_site.get(site, ())):
            known = self._situation.known.get((self._recipient.id, change.event))
            if self._is_told(change, known):
                self._add(change, known)
        for pending in self._situation.pending.get(self._recipient.id, ()):
            self._review(pending)

    def messages(self, new_id: Callable[[], str]) -> list[Message]:
        """One for each group."""
        return _write(self._recipient, self._groups, new_id)

    def _is_told(self, change: SiteChange, known: Known | None) -> bool:
        if change.simulated and self._recipient.role == CUSTOMER:
            return False
        if known is None and self._recipient.id in self._situation.strangers:
            return False
        if change.change is Change.CLEARED:
            return known is not None
        if _is_silenced(self._recipient, change, self._situation) or _is_known(change, known):
            return False
        return concerns(self._recipient, change) or (change.change is Change.DOWNGRADED and known is not None)

    def _add(self, change: SiteChange, known: Known | None) -> None:
        due = due_at(self._recipient, change.change, change.level, known.at if known else None, self._now)
        channels = first_ways(self._recipient, self._news.rungs.get(change.event))
        if known is not None and change.change in RELIEF:
            channels = tuple(sorted(known.channels))
        self.unreachable = self.unreachable or not channels
        for channel in channels:
            self._groups[_group(channel, change, due)][change.event] = change

    def _review(self, pending: Pending) -> None:
        """A message that nobody has seen is made anew where it is partly overtaken, or where another goes with it."""
        left = [change for change in pending.changes if not self._news.overtakes(change)]
        if not left:
            self.superseded.append(pending.id)
            return
        group = _group(pending.channel, left[0], pending.due_at, pending.step)
        if pending.fresh and (len(left) < len(pending.changes) or group in self._groups):
            self.superseded.append(pending.id)
            for change in left:
                self._groups[group].setdefault(change.event, change)


def _group(channel: Channel, change: SiteChange, due: int, step: str = "") -> _Group:
    return _Group(channel, change.hazard, change.change, due, step, change.simulated)


def _is_known(change: SiteChange, known: Known | None) -> bool:
    """Whether the recipient has heard this level already: a level that went and came back needs no word."""
    if known is None or change.change is Change.CONFIRMED:
        return False
    was_advice, is_advice = known.change is Change.ADVICE, change.change is Change.ADVICE
    return known.number >= change.number or (known.level == change.level and was_advice == is_advice)


def _is_silenced(recipient: Recipient, change: SiteChange, situation: Situation) -> bool:
    """A silence holds up to its level, never against an all-clear."""
    silence = situation.silences.get((recipient.id, change.event))
    return silence is not None and change.level <= silence.level and change.change is not Change.CLEARED


def _write(
    recipient: Recipient, groups: Mapping[_Group, Mapping[str, SiteChange]], new_id: Callable[[], str]
) -> list[Message]:
    return [_message(recipient, group, rank(changes.values()), new_id) for group, changes in groups.items()]


def _message(recipient: Recipient, group: _Group, listed: Sequence[SiteChange], new_id: Callable[[], str]) -> Message:
    return Message(
        id=new_id(),
        recipient=recipient.id,
        channel=group.channel,
        hazard=group.hazard,
        change=group.change,
        level=max(one.level for one in listed),
        sites=tuple(dict.fromkeys(one.site for one in listed)),
        changes=tuple((one.event, one.number) for one in listed),
        due_at=group.due_at,
        step=group.step,
        simulated=group.simulated,
    )
