"""The witness: outside the agents' processes, it writes down what each `put()` promised at the moment it returned.

A fleet process sends it lines through a pipe; it keeps them in a journal file and in memory for the report.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from edge_agent.proof.digest import digest
from edge_agent.storage.facts import Item
from edge_agent.wire.messages import ALARM, AlarmBody, LaneAck
from edge_agent.wire.topics import Lane

#: Longest line of the pipe: a commit of the largest group.
LINE_LIMIT = 4 * 1024 * 1024


class Promise(NamedTuple):
    """What identifies a fact, as the witness and the stores name it."""

    device: str
    epoch: str
    lane: str
    seq: int


class Said(NamedTuple):
    """What an alarm record says: the rule, raised or cleared, and when (ms UTC)."""

    rule: str
    state: str
    at: int


class Stored(msgspec.Struct, tag="put", frozen=True):
    """Facts whose `put()` is returning: [lane, seq, seal]; `at_s` real and `now` scenario time. Alarms by seq."""

    device: str
    epoch: str
    at_s: float
    now: int
    facts: list[tuple[str, int, str]]
    alarms: list[tuple[int, Said]] = []


class Acked(msgspec.Struct, tag="ack", frozen=True):
    """The gateway's acknowledgement has reached the outbox."""

    device: str
    epoch: str
    at_s: float
    lane: str
    upto: int
    ranges: list[tuple[int, int]]


class Tick(msgspec.Struct, tag="tick", frozen=True):
    """Scenario time of a fleet process, ms UTC; in real time also how many of its devices are linked."""

    now: int
    linked: int = 0


class Ended(msgspec.Struct, tag="ended", frozen=True):
    """The fleet has played the scenario to its end, and has given its outboxes time to empty."""


class Screen(msgspec.Struct, tag="screen", frozen=True):
    """The screen of a rating terminal is served at this port of the loopback address."""

    device: str
    port: int


Line = Stored | Acked | Tick | Ended | Screen
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_alarm_decoder = msgspec.json.Decoder(AlarmBody)


def seal(kind: str, at: int, clock: str, body: bytes) -> str:
    """The digest of all that a fact says: what it is, when it was, how good the clock was, and its body."""
    return digest(_encoder.encode((kind, at, clock)) + body)


def read_alarm(at: int, body: bytes) -> Said:
    """What an ``alarm/1`` record of time `at` says."""
    alarm = _alarm_decoder.decode(body)
    return Said(alarm.rule, alarm.state.value, at)


class PipeObserver:
    """In the agents' process: tells the witness, before `put()` returns."""

    def __init__(self, device: str, pipe: int, now: Callable[[], int]) -> None:
        self._device = device
        self._pipe = pipe
        self._now = now

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """Facts are committed."""
        facts = [(i.lane.value, seq, seal(i.kind, i.at, i.clock.value, i.body)) for seq, i in items]
        alarms = [(seq, read_alarm(i.at, i.body)) for seq, i in items if i.kind == ALARM]
        send_line(self._pipe, Stored(self._device, epoch, time.monotonic(), self._now(), facts, alarms))

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The gateway has said what it stored."""
        line = Acked(self._device, epoch, time.monotonic(), lane.value, ack.upto, list(ack.ranges))
        send_line(self._pipe, line)


def send_line(pipe: int, line: Line) -> None:
    """Write one line whole; blocks while the witness is behind, which is the point of a witness."""
    data = _encoder.encode(line) + b"\n"
    while data:
        data = data[os.write(pipe, data) :]


@dataclass
class Witness:
    """What was promised by all devices, and how long each promise waited for the gateway."""

    journal: Path
    put: dict[Promise, str] = field(default_factory=dict)
    alarms: dict[tuple[str, str, int], Said] = field(default_factory=dict)
    altered: set[Promise] = field(default_factory=set)
    #: when the word that the gateway has it reached the device, s of the monotonic clock
    acked: dict[Promise, float] = field(default_factory=dict)
    #: when a device was last told anything by the gateway, the same
    answered: dict[str, float] = field(default_factory=dict)
    worst_delay_s: float = 0.0
    _waiting: dict[tuple[str, str, str], dict[int, float]] = field(default_factory=dict)
    _file: IO[bytes] | None = None

    def note(self, line: Line, raw: bytes) -> None:
        """Take in a line."""
        if self._file is None:
            self._file = self.journal.open("ab")
        self._file.write(raw)
        match line:
            case Stored():
                self._promise(line)
            case Acked():
                self._release(line)

    def waits_for(self, lane: Lane) -> bool:
        """Whether something of this lane was promised that the gateway has not acknowledged."""
        return any(waiting for (_, _, name), waiting in self._waiting.items() if name == lane.value)

    def close(self) -> None:
        """Let go of the journal."""
        if self._file is not None:
            self._file.close()

    def _promise(self, line: Stored) -> None:
        self.alarms |= {(line.device, line.epoch, seq): said for seq, said in line.alarms}
        for lane, seq, sealed in line.facts:
            promise = Promise(line.device, line.epoch, lane, seq)
            if self.put.setdefault(promise, sealed) != sealed:
                self.altered.add(promise)  # one seq was given to two facts
            self._waiting.setdefault((line.device, line.epoch, lane), {})[seq] = line.at_s

    def _release(self, line: Acked) -> None:
        self.answered[line.device] = line.at_s
        waiting = self._waiting.get((line.device, line.epoch, line.lane), {})
        spans = [(1, line.upto), *line.ranges]
        for seq in [s for s in waiting if any(first <= s <= last for first, last in spans)]:
            self.worst_delay_s = max(self.worst_delay_s, line.at_s - waiting.pop(seq))
            self.acked[Promise(line.device, line.epoch, line.lane, seq)] = line.at_s


@dataclass
class Ear:
    """The reading end of one fleet process's pipe."""

    witness: Witness
    now: int = 0
    linked: int = 0
    ended: bool = False
    readable: int = -1
    writable: int = -1
    #: ports of rating terminals' screens, by device
    screens: dict[str, int] = field(default_factory=dict)

    def open(self) -> None:
        """Make the pipe."""
        self.readable, self.writable = os.pipe()
        os.set_inheritable(self.writable, True)

    def close_writable(self) -> None:
        """Leave the writing end to the fleet process alone, so that its end is the pipe's end."""
        os.close(self.writable)

    async def listen(self) -> None:
        """Read until the pipe is closed at the other end."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LINE_LIMIT)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(self.readable, "rb", buffering=0)
        )
        try:
            while raw := await reader.readline():
                self._hear(raw)
        finally:
            transport.close()

    def _hear(self, raw: bytes) -> None:
        if not raw.endswith(b"\n"):
            return  # torn by a kill: its put() had not returned
        line = _decoder.decode(raw)
        match line:
            case Tick():
                self.now, self.linked = max(self.now, line.now), line.linked
            case Ended():
                self.ended = True
            case Screen():
                self.screens[line.device] = line.port
            case Stored():
                self.now = max(self.now, line.now)
                self.witness.note(line, raw)
            case Acked():
                self.witness.note(line, raw)
