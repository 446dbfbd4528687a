"""Which messages speak of one warning, and which of them takes the place of which: whatever order they came in.

Messages are joined by `references` (through heads never seen, too), by `expiredReferences` of the NWS, by one
identifier published again, and by `event_key`. CAP 1.2, 3.2.1: an Update supersedes, a Cancel ends what it references.

Only a sender speaks of its own messages: an office's name (`issuer`) and an event key can be copied by anybody. So a
Cancel that names another's message only is refused; an Update stands for itself, so that no warning is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from cloud_gateway.warnings.model import Alert, AlertKey, Finding, MsgType, Status
from cloud_gateway.warnings.references import read_references

Name = tuple[str, str]
Reason = tuple[str, ...]

#: Longer chains are joined by what they reference alone: nobody's honest chain is so long.
LONGEST_LINEAGE = 200
PUBLIC_TYPES = frozenset({MsgType.ALERT, MsgType.UPDATE, MsgType.CANCEL})
_RANK = {MsgType.ALERT: 0, MsgType.UPDATE: 1, MsgType.CANCEL: 2}


class Chain(NamedTuple):
    """Messages of one warning in order of time. `replaced`: when (ms UTC) another took a message's place.

    `unseen` are the heads known by reference only. `counts` is false for a Cancel that was not the sender's to give.
    """

    alerts: tuple[Alert, ...]
    unseen: frozenset[AlertKey]
    replaced: Mapping[AlertKey, int]
    findings: tuple[Finding, ...] = ()
    counts: bool = True


def is_public(alert: Alert) -> bool:
    """Whether a message may change what customers are told: no Test, Exercise, System, Draft, Ack or Error."""
    return alert.status is Status.ACTUAL and alert.msg_type in PUBLIC_TYPES


def says_something(alert: Alert) -> bool:
    """Whether a message can take another's place: an Update without info takes no warning away."""
    return alert.msg_type is MsgType.CANCEL or bool(alert.infos)


def order_of(alert: Alert) -> tuple[int, int, str, str]:
    """Sorts messages by time; in one millisecond an Alert comes before its Update, that before its Cancel."""
    return alert.sent, _RANK.get(alert.msg_type, 0), alert.sender, alert.identifier


def name_of(key: AlertKey) -> Name:
    """What is compared of a reference: its time is often written otherwise or left out."""
    return key.sender.strip().casefold(), key.identifier


def _event_of(alert: Alert) -> Reason:
    return ("event", name_of(alert.key)[0], alert.event_key)


def references_of(alert: Alert) -> tuple[AlertKey, ...]:
    """Everything a message says that it follows: `references`, and the parameter `expiredReferences` of the NWS."""
    texts = [text for info in alert.infos for name, text in info.parameters if name == "expiredReferences"]
    expired = [key for text in texts for key in read_references("expiredReferences", text)[0]]
    return tuple(dict.fromkeys([*alert.references, *expired]))


def join(alerts: Sequence[Alert], doubts: Mapping[AlertKey, Finding]) -> tuple[Chain, ...]:
    """The chains of `alerts`, as `sift` gives them."""
    links = _Links(alerts)
    groups: dict[Reason, list[Alert]] = defaultdict(list)
    for alert in alerts:
        groups[links.group_of(alert)].append(alert)
    return tuple(_make_chain(group, links, doubts) for group in groups.values())


def sift(alerts: Iterable[Alert]) -> tuple[list[Alert], dict[AlertKey, Finding]]:
    """One message for each key, in order, whatever order and repeats came; and which keys came with several bodies.

    Of several bodies one that is for the public wins, then the fullest, then the lowest by content: always alike.
    """
    bodies: dict[AlertKey, dict[bytes, Alert]] = defaultdict(dict)
    for alert in alerts:
        bodies[alert.key][_content(alert)] = alert
    kept = {key: min(found.items(), key=_preference)[1] for key, found in bodies.items()}
    doubts = {key: _doubt(key) for key, found in bodies.items() if _differ(found.values())}
    return sorted(kept.values(), key=order_of), doubts


def _preference(item: tuple[bytes, Alert]) -> tuple[bool, int, bytes]:
    content, alert = item
    return not is_public(alert), -len(content), content


def _content(alert: Alert) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(alert, source="", findings=()))


def _differ(found: Iterable[Alert]) -> bool:
    """One format says two things; two formats of one message never read quite alike."""
    formats = [alert.format for alert in found]
    return len(formats) > len(set(formats))


def _doubt(key: AlertKey) -> Finding:
    text = f"{key.identifier} came with several bodies under one identifier; one of them is used, always the same"
    return Finding("other_body", "identifier", text, "doubtful")


class _Links:
    """A union of all names and event keys; each message's references, those of other senders apart."""

    def __init__(self, alerts: Sequence[Alert]) -> None:
        self._parent: dict[Reason, Reason] = {}
        self._versions: dict[Name, list[Alert]] = defaultdict(list)
        for alert in alerts:
            self._versions[name_of(alert.key)].append(alert)
        self.own: dict[AlertKey, tuple[AlertKey, ...]] = {}
        self.foreign: dict[AlertKey, tuple[AlertKey, ...]] = {}
        self.refused: dict[Name, list[Alert]] = defaultdict(list)  # by the name that was not theirs to speak of
        for alert in alerts:
            self._take(alert)

    def group_of(self, alert: Alert) -> Reason:
        """The same for all messages of one chain."""
        return self._find(name_of(alert.key))

    def versions(self, key: AlertKey) -> Sequence[Alert]:
        """The messages seen under a reference's name."""
        return self._versions.get(name_of(key), ())

    def _take(self, alert: Alert) -> None:
        resolved = (self._resolve(alert, key) for key in references_of(alert))
        named = [key for key in resolved if name_of(key) != name_of(alert.key)]
        own = tuple(key for key in named if name_of(key)[0] == name_of(alert.key)[0])
        foreign = tuple(key for key in named if key not in own)
        self.own[alert.key], self.foreign[alert.key] = own, foreign
        for key in foreign:
            self.refused[name_of(key)].append(alert)
        for key in own:
            self._unite(name_of(alert.key), name_of(key))
        if alert.event_key:
            self._unite(name_of(alert.key), _event_of(alert))

    def _resolve(self, alert: Alert, key: AlertKey) -> AlertKey:
        """Some write another name for themselves into references: an identifier of their own is meant."""
        own = key._replace(sender=alert.sender)
        return own if not self.versions(key) and self.versions(own) else key

    def _find(self, node: Reason) -> Reason:
        parent = self._parent.setdefault(node, node)
        while parent != self._parent[parent]:
            self._parent[node] = self._parent[parent]
            node, parent = parent, self._parent[parent]
        return parent

    def _unite(self, one: Reason, other: Reason) -> None:
        self._parent[self._find(other)] = self._find(one)


def _make_chain(alerts: list[Alert], links: _Links, doubts: Mapping[AlertKey, Finding]) -> Chain:
    seen = {name_of(alert.key) for alert in alerts}
    unseen = frozenset(key for alert in alerts for key in links.own[alert.key] if name_of(key) not in seen)
    replaced, findings = _replace(alerts, links)
    findings += [doubts[alert.key] for alert in alerts if alert.key in doubts]
    findings += [_foreign(alert, key) for alert in alerts for key in links.foreign[alert.key]]
    strangers = [(other, alert.key) for alert in alerts for other in links.refused.get(name_of(alert.key), ())]
    findings += [_foreign(other, key) for other, key in strangers]
    counts = not all(_is_refused_cancel(alert, links) for alert in alerts)
    return Chain(tuple(alerts), unseen, replaced, tuple(dict.fromkeys(findings)), counts)


def _is_refused_cancel(alert: Alert, links: _Links) -> bool:
    has_foreign, has_own = bool(links.foreign[alert.key]), bool(links.own[alert.key])
    return alert.msg_type is MsgType.CANCEL and has_foreign and not has_own


def _foreign(alert: Alert, key: AlertKey) -> Finding:
    what = f"{alert.msg_type} {alert.identifier} of {alert.sender} names {key.identifier} of {key.sender}"
    return Finding("foreign_sender", "references", f"{what}: not counted, the message is another sender's", "doubtful")


def _replace(alerts: list[Alert], links: _Links) -> tuple[dict[AlertKey, int], list[Finding]]:
    replaced: dict[AlertKey, int] = {}
    findings: list[Finding] = []
    for alert in filter(says_something, alerts):
        for key in links.own[alert.key]:
            for target in links.versions(key):
                if order_of(target) < order_of(alert):
                    _mark(replaced, target.key, alert.sent)
                else:
                    findings.append(_backward(alert, target))
    _replace_by_time(alerts, replaced)
    if len(alerts) <= LONGEST_LINEAGE:
        _replace_overtaken(alerts, links, replaced)
    findings += [_empty(alert) for alert in alerts if not says_something(alert)]
    return replaced, findings


def _mark(replaced: dict[AlertKey, int], key: AlertKey, at: int) -> None:
    replaced[key] = min(at, replaced.get(key, at))


def _replace_by_time(alerts: list[Alert], replaced: dict[AlertKey, int]) -> None:
    """Of one event key, or one identifier published again, the newest counts; those of one moment stand together.

    246 alerts of the NWS were looked at: of an event with several segments all stand published at one moment.
    """
    next_of: dict[Reason, tuple[int, int | None]] = {}  # sent last taken, and the one after it
    for alert in reversed(alerts):
        for reason in (name_of(alert.key), _event_of(alert)) if alert.event_key else (name_of(alert.key),):
            sent, after = next_of.get(reason, (alert.sent, None))
            later = after if sent == alert.sent else sent
            if later is not None:
                _mark(replaced, alert.key, later)
            if says_something(alert):
                next_of[reason] = (alert.sent, later)


def _replace_overtaken(alerts: list[Alert], links: _Links, replaced: dict[AlertKey, int]) -> None:
    """A later message that names only the beginning of a chain replaces its newer ones where it covers their places."""
    lineage: dict[AlertKey, set[Name]] = {}
    for alert in alerts:
        names = {name_of(key) for key in links.own[alert.key]}
        for earlier in [a for a in alerts if a.sent < alert.sent] if names and says_something(alert) else ():
            is_open = replaced.get(earlier.key, alert.sent + 1) > alert.sent
            if is_open and names <= lineage[earlier.key] and _covers(alert, earlier):
                _mark(replaced, earlier.key, alert.sent)
        ancestors = [lineage.get(t.key, set()) for key in links.own[alert.key] for t in links.versions(key)]
        lineage[alert.key] = names.union(*ancestors)


def _covers(later: Alert, earlier: Alert) -> bool:
    places = _places(later)
    return _places(earlier) <= places or (later.msg_type is MsgType.CANCEL and not places)


def _places(alert: Alert) -> set[object]:
    """Where, by code; by shape where there is no code, by words where there is no shape."""
    places: set[object] = set()
    for area in (area for info in alert.infos for area in info.areas):
        places.update(area.geocodes or (*area.polygons, *area.circles) or (area.description,))
    return places


def _backward(alert: Alert, target: Alert) -> Finding:
    text = f"{alert.identifier} names {target.identifier}, which is not older: that reference is not counted"
    return Finding("reference_to_later", "references", text, "doubtful")


def _empty(alert: Alert) -> Finding:
    text = f"{alert.msg_type} {alert.identifier} has no info: it says nothing and replaces nothing"
    return Finding("nothing_said", "info", text, "doubtful")
