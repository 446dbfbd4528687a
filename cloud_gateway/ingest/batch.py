"""What the gateway takes in at once: messages as they came, sorted for the stores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from cloud_gateway.ingest.admission import DETAILS, Admission
from cloud_gateway.ingest.validation import Accepted, RecordError, sort_records, sort_salvaged
from edge_agent.proof.digest import digest
from edge_agent.web.times import LATEST
from edge_agent.wire.frames import FrameError, decode_frame, salvage_frame
from edge_agent.wire.messages import MAX_FRAME_BYTES, VERSION, Birth, Presence, Reported
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import ROOT, Lane, Leaf, Topic, TopicError, parse_topic

#: How much of an unreadable message is kept.
KEPT_BYTES = 4096
KNOWN_TOPICS = 20_000
MAX_BIRTH_BYTES = MAX_FRAME_BYTES
MAX_PRESENCE_BYTES = 4 * 1024
MAX_REPORTED_BYTES = MAX_FRAME_BYTES

#: How a record's clock is written when it is unset; a frame without it needs no look at each record.
UNSET = b'"unset"'

_birth_decoder = msgspec.json.Decoder(Birth)
_presence_decoder = msgspec.json.Decoder(Presence)
_reported_decoder = msgspec.json.Decoder(Reported)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Unreadable:
    """A whole message that names no record: kept by its head and hash."""

    topic: str
    device: str | None
    code: str
    detail: str
    payload: bytes
    size: int
    sha256: str
    times: int = 1


class Life(NamedTuple):
    """A birth as one life of a device's agent tells it. `received_at` gateway time, `said_at` the device's, ms UTC."""

    device: str
    boot: str
    serial: str
    said_at: int
    mono: int | None
    retained: bool
    simulated: bool
    received_at: int


@dataclass
class Batch:
    """Messages in order of arrival, already taken apart."""

    frames: list[Accepted] = field(default_factory=list)
    births: dict[str, Birth] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)  # each birth of them
    presences: list[tuple[str, Presence, bool]] = field(default_factory=list)  # device, message, retained
    reports: dict[str, Reported] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # messages not looked at, by device and code
    tokens: list[int] = field(default_factory=list)
    readable: list[Delivery] = field(default_factory=list)  # the messages themselves, less the unreadable ones
    readings: int = 0
    since: float | None = None  # monotonic seconds: when the first of them came

    def __bool__(self) -> bool:
        return bool(self.tokens)

    def devices(self) -> set[str]:
        """Whose messages they are; of unreadable ones nobody's."""
        told = {device for device, _, _ in self.presences}
        return {a.device for a in self.frames} | self.births.keys() | self.reports.keys() | told

    def drop(self, device: str) -> int:
        """Take a device's messages out; returns how many they were."""
        frames = [a for a in self.frames if a.device != device]
        presences = [p for p in self.presences if p[0] != device]
        dropped = len(self.frames) - len(frames) + len(self.presences) - len(presences)
        self.frames, self.presences = frames, presences
        self.lives = [life for life in self.lives if life.device != device]
        said = (self.births.pop(device, None), self.reports.pop(device, None))
        return dropped + sum(one is not None for one in said)


class Sorter:
    """Takes messages apart as they come; knows topics it has seen, so that each is parsed once.

    With an `admission`, messages that it refuses are counted and not looked at.
    """

    def __init__(self, admission: Admission | None = None, on_birth: Callable[[Life], None] | None = None) -> None:
        self._admission = admission
        self._on_birth = on_birth
        self._topics: dict[str, tuple[str, Lane | Leaf]] = {}
        self.batch = Batch()

    def take(self) -> Batch:
        """The batch so far; the next one begins."""
        batch, self.batch = self.batch, Batch()
        return batch

    def add(self, delivery: Delivery) -> None:
        """Take in one message. Never raises for what the message holds."""
        batch = self.batch
        batch.tokens.append(delivery.token)
        try:
            device, part = self._part(delivery.topic)
        except TopicError as exc:
            batch.unreadable.append(unreadable(delivery, None, "bad_topic", str(exc)))
            return
        admission = self._admission
        if admission is None:
            self._try_sort(batch, device, part, delivery)
        elif (code := admission.fault(device, part)) is not None:
            batch.refused[device, code] += 1
        else:
            before = batch.readings
            self._try_sort(batch, device, part, delivery)
            admission.pay(device, part, batch.readings - before, len(delivery.payload))

    def _try_sort(self, batch: Batch, device: str, part: Lane | Leaf, delivery: Delivery) -> None:
        before = len(batch.unreadable)
        try:
            self._sort(batch, device, part, delivery)
        except TopicError as exc:
            batch.unreadable.append(unreadable(delivery, None, "bad_topic", str(exc)))
        except (FrameError, RecordError) as exc:
            batch.unreadable.append(unreadable(delivery, device, exc.code, exc.detail))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
            batch.unreadable.append(unreadable(delivery, device, "malformed_message", str(exc)))
        if len(batch.unreadable) == before:
            batch.readable.append(delivery)

    def _part(self, text: str) -> tuple[str, Lane | Leaf]:
        known = self._topics.get(text)
        if known is None:
            known = parse_topic(text)
            if len(self._topics) >= KNOWN_TOPICS:
                self._topics.clear()
            self._topics[text] = known
        return known

    def _sort(self, batch: Batch, device: str, part: Lane | Leaf, delivery: Delivery) -> None:
        if isinstance(part, Lane):
            if delivery.retain:
                raise FrameError("retained_frame", "frames are never retained")
            batch.frames.append(accepted := _read_frame(device, part, delivery.payload))
            batch.readings += len(accepted.frame.records)
        elif not delivery.payload:
            return  # a retained message was cleared
        elif part is Leaf.BIRTH:
            batch.births[device] = birth = _read_birth(delivery.payload)
            self._note_life(batch, device, birth, delivery.retain)
        elif part is Leaf.PRESENCE:
            batch.presences.append((device, _read_presence(delivery.payload), delivery.retain))
        elif part is Leaf.REPORTED:
            batch.reports[device] = _read_reported(delivery.payload)
        else:
            raise TopicError(f"{part.value} is not for the gateway")

    def _note_life(self, batch: Batch, device: str, birth: Birth, retained: bool) -> None:
        now = time.time_ns() // 1_000_000
        life = Life(device, birth.boot, birth.serial, birth.at, birth.mono, retained, birth.simulated, now)
        batch.lives.append(life)
        if self._on_birth is not None:
            self._on_birth(life)


def _read_frame(device: str, lane: Lane, payload: bytes) -> Accepted:
    try:
        accepted = sort_records(device, decode_frame(lane, payload))
    except FrameError as exc:
        if exc.code != "malformed_frame":
            raise
        accepted = sort_salvaged(device, *salvage_frame(lane, payload))
    accepted.may_be_unset = UNSET in payload
    return accepted


def _read_birth(payload: bytes) -> Birth:
    _check_size("birth", payload, MAX_BIRTH_BYTES)
    birth = _birth_decoder.decode(payload)
    _check_version(birth.v)
    return birth


def _read_presence(payload: bytes) -> Presence:
    _check_size("presence", payload, MAX_PRESENCE_BYTES)
    presence = _presence_decoder.decode(payload)
    _check_version(presence.v)
    return presence


def _read_reported(payload: bytes) -> Reported:
    _check_size("report", payload, MAX_REPORTED_BYTES)
    reported = _reported_decoder.decode(payload)
    _check_version(reported.v)
    if not 0 <= reported.at <= LATEST:
        raise FrameError("malformed_message", f"at {reported.at} is no time in ms UTC of the years 1970 to 9999")
    for keys in reported.sections.values():
        for value in keys.values():
            msgspec.json.decode(value)  # whoever reads it later must be able to
    return reported


def _check_size(what: str, payload: bytes, limit: int) -> None:
    if len(payload) > limit:
        raise FrameError("message_too_large", f"a {what} of {len(payload)} bytes; at most {limit}")


def _check_version(version: int) -> None:
    if version != VERSION:
        raise FrameError("unknown_version", f"version {version}; this gateway knows {VERSION}")


def unreadable(delivery: Delivery, device: str | None, code: str, detail: str) -> Unreadable:
    """Keep what a person needs to find the fault."""
    payload = delivery.payload
    return Unreadable(
        topic=delivery.topic[:300],
        device=device,
        code=code,
        detail=detail[:300],
        payload=payload[:KEPT_BYTES],
        size=len(payload),
        sha256=digest(payload),
    )


def frame_letter(accepted: Accepted, code: str, detail: str) -> Unreadable:
    """A readable frame that is set aside whole; of one epoch and lane it is the same letter, again and again."""
    frame = accepted.frame
    kept = _encoder.encode(frame)
    mark = digest(f"{code} {frame.epoch}".encode())
    topic = str(Topic(accepted.device, frame.lane))
    return Unreadable(topic, accepted.device, code, detail[:300], kept[:KEPT_BYTES], len(kept), mark)


def refusal_letters(refused: Counter[tuple[str, str]]) -> list[Unreadable]:
    """Messages that were not looked at: one letter for each device and reason, counted."""
    return [
        Unreadable(f"{ROOT}/{device}", device, code, DETAILS[code], b"", 0, digest(f"{code} {device}".encode()), times)
        for (device, code), times in refused.items()
    ]
