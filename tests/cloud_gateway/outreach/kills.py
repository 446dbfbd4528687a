"""Kills of the outreach process at seeded moments, before a real HTTP sink, and what must hold of all that it saw.

A seed names the moments: before or after the n-th request is answered, or at the n-th commit of the database that is
seen from outside. Changes go on coming; nobody answers, so that calls go from one person to the next.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.settings import Outreach, Rung
from cloud_gateway.outreach.tokens import hash_token
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.outreach.ground import Ground, ground
from tests.cloud_gateway.outreach.life import live

SITES = ("east", "west", "north", "south")
PEOPLE = ("an", "bo", "chen", "du", "en")
DUTY = ("first", "second")
#: Each is written while a life goes on; the last one ends every event.
STORY = (
    (Change.RAISED, Level.MODERATE, SITES),
    (Change.UPGRADED, Level.SEVERE, ("east", "west")),
    (Change.CONFIRMED, Level.SEVERE, ("east",)),
    (Change.UPGRADED, Level.EXTREME, ("west", "north")),
    (Change.DOWNGRADED, Level.MODERATE, SITES),
    (Change.CLEARED, Level.NONE, SITES),
)
LADDER = (Rung(name="call-out", lead_s=0, least=3, channel="chat", answer_within_s=1, tries=2),)
LIMIT_S = 120.0
_TOKEN = re.compile(r"/a/([\w-]{43})")


class Moment(NamedTuple):
    """When a life ends: `kind` is request, answered or commit, and the how many-th of this life."""

    kind: str
    number: int


@dataclass
class Report:
    """What a seed has shown; `findings` is empty when all held."""

    seed: int
    moments: list[Moment]
    messages: int = 0
    requests: int = 0
    repeated: int = 0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ends = " ".join(f"{one.kind}-{one.number}" for one in self.moments)
        verdict = "FAILED" if self.findings else "ok"
        seen = f"{self.messages} messages, {self.requests} requests, {self.repeated} again"
        return f"seed {self.seed}: {seen}, ended at {ends}: {verdict}"


class Sink:
    """An HTTP endpoint of apprise's JSON; `before` and `after` are called around each answer."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: dict[str, list[str]] = {}  # bodies by the hash of the link's token
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it; half a one, of a process that died over it, has said nothing."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = int(re.findall(r"(?i)content-length: (\d+)", head)[0])
            body = json.loads(await reader.readexactly(length))
        except asyncio.IncompleteReadError:
            writer.close()
            return
        (token,) = set(_TOKEN.findall(body["message"]))
        self.seen.setdefault(hash_token(token), []).append(f"{head.split()[1]} {body['title']} {body['message']}")
        self.before()
        writer.write(b"HTTP/1.1 200 Taken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.after()
        writer.close()


class Life:
    """One process, killed when its moment comes."""

    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload(["tests.cloud_gateway.outreach.life"])

    def __init__(self, settings: GatewaySettings, sink: Sink, moment: Moment | None) -> None:
        self._database = settings.database
        self._moment = moment
        self._count = 0
        self.ended = asyncio.Event()
        sink.before = lambda: self._note("request")
        sink.after = lambda: self._note("answered")
        self._process: ForkServerProcess = self._context.Process(target=live, args=(settings.model_dump_json(),))
        self._process.start()

    async def watch(self) -> None:
        """Count commits and see the process end, until it has."""
        with closing(sqlite3.connect(self._database)) as connection:
            version = _data_version(connection)
            while self._process.is_alive():
                seen = _data_version(connection)
                if seen != version:
                    version = seen
                    self._note("commit")
                await asyncio.sleep(0.001)
        self.ended.set()

    async def end(self) -> int:
        """SIGTERM; its exit status. Only `watch` asks for it: of two that ask one would not learn it."""
        self._process.terminate()
        async with asyncio.timeout(LIMIT_S):
            await self.ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def _note(self, kind: str) -> None:
        if self._moment is None or self._moment.kind != kind:
            return
        self._count += 1
        if self._count == self._moment.number:
            self._process.kill()


async def play(seed: int, folder: Path) -> Report:
    """One seed: lives that end at their moments, one that is left to finish, and what held."""
    chance = random.Random(seed)
    kinds = ("request", "answered", "commit")
    moments = [Moment(chance.choice(kinds), chance.randint(1, 8)) for _ in range(2)]
    report = Report(seed, moments)
    sink = Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    settings = _settings(folder)
    try:
        async with ground(settings.data_dir) as place:
            await _people(place, sink.port)
            await _live_through(place, settings, sink, moments, chance, report)
            await _judge(place, sink, report)
    finally:
        server.close()
    return report


async def _live_through(
    place: Ground, settings: GatewaySettings, sink: Sink, moments: list[Moment], chance: random.Random, report: Report
) -> None:
    story = list(STORY)
    in_hand: Counter[str] = Counter()
    for moment in moments:
        life = Life(settings, sink, moment)
        watching = asyncio.create_task(life.watch())
        for change, level, sites in story[:2]:
            await place.change(change, level, *sites)
            await _until(place, PLANNED, life.ended)
            await _rest(life.ended, chance.uniform(0.0, 0.2))
        del story[:2]
        await _until(place, IDLE, life.ended)
        await life.end()
        await watching
        in_hand.update(await _in_hand(place))
    life = Life(settings, sink, None)
    watching = asyncio.create_task(life.watch())
    for change, level, sites in story:
        await place.until(PLANNED)
        await place.change(change, level, *sites)
    await place.until(SETTLED)
    if (status := await life.end()) != 0:
        report.findings.append(f"the last life ended with {status} at SIGTERM")
    await watching
    for token, bodies in sink.seen.items():
        if len(bodies) > 1 and token not in in_hand:
            report.findings.append(f"{token[:8]} came {len(bodies)} times and was not in hand at a kill")


SETTLED = """
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM event_change WHERE planned_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM message WHERE state IN ('queued', 'sending'))
AND NOT EXISTS (SELECT 1 FROM ladder_step WHERE state IN ('waiting', 'made'))
"""


#: Nothing to do but to wait for answers.
IDLE = """
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM event_change WHERE planned_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM message WHERE state IN ('queued', 'sending'))
"""


PLANNED = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM event_change WHERE planned_at IS NULL)"


async def _until(place: Ground, sql: str, ended: asyncio.Event) -> None:
    """Until it is so, or the life has ended; its moment may not come at all."""
    waiting = [asyncio.create_task(ended.wait()), asyncio.create_task(place.until(sql))]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def _in_hand(place: Ground) -> list[str]:
    rows = await place.rows("SELECT token_hash FROM message WHERE state='sending'")
    return [str(row["token_hash"]) for row in rows]


async def _judge(place: Ground, sink: Sink, report: Report) -> None:
    rows = await place.rows("SELECT id, token_hash, state FROM message")
    states = {str(row["token_hash"]): str(row["state"]) for row in rows}
    report.messages, report.requests = len(rows), sum(map(len, sink.seen.values()))
    report.repeated = sum(len(bodies) > 1 for bodies in sink.seen.values())
    report.findings += [f"{token[:8]} is no message" for token in sink.seen if token not in states]
    report.findings += [f"{token[:8]} differs" for token, bodies in sink.seen.items() if len(set(bodies)) > 1]
    sent = [token for token, state in states.items() if state == "sent"]
    report.findings += [f"{token[:8]} was not seen" for token in sent if token not in sink.seen]
    report.findings += [f"{token[:8]} ended {state}" for token, state in states.items() if state not in ENDS]
    report.findings += [f"told twice: {tuple(row.values())}" for row in await place.rows(TWICE)]
    report.findings += [f"no all-clear: {tuple(row.values())}" for row in await place.rows(UNENDED)]
    report.findings += [f"never told: {tuple(row.values())}" for row in await place.rows(LOST)]


ENDS = ("sent", "superseded")
TWICE = """
SELECT m.recipient, m.step, c.event, c.number FROM message m JOIN message_change c ON c.message = m.id
WHERE m.state = 'sent' GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
"""
#: Whoever heard of an event has heard of its end.
UNENDED = """
SELECT DISTINCT m.recipient, c.event FROM message m JOIN message_change c ON c.message = m.id
WHERE m.state = 'sent' AND m.change != 'cleared' AND NOT EXISTS (
  SELECT 1 FROM message a JOIN message_change ac ON ac.message = a.id
  WHERE a.recipient = m.recipient AND ac.event = c.event AND a.change = 'cleared' AND a.state = 'sent')
"""
#: A change that was planned before its event was over has made a message for everybody of the site.
LOST = """
SELECT s.recipient, e.event FROM event_change e JOIN hazard_event h ON h.id = e.event
JOIN recipient_site s ON s.site = h.site
JOIN event_change o ON o.event = e.event AND o.change = 'cleared' AND o.planned_at > e.planned_at
WHERE e.number = 1 AND NOT EXISTS (
  SELECT 1 FROM message m JOIN message_change c ON c.message = m.id
  WHERE m.recipient = s.recipient AND c.event = e.event)
"""


async def _rest(ended: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        pass


def _settings(folder: Path) -> GatewaySettings:
    data = folder / "data"
    data.mkdir()
    outreach = Outreach(public_url="https://example.org", ladder=LADDER, tick_s=0.05)
    return GatewaySettings(data_dir=data, outreach=outreach)


async def _people(place: Ground, port: int) -> None:
    await place.add_sites(*SITES)
    for name in (*PEOPLE, *DUTY):
        sites = SITES if name in PEOPLE else ()
        await place.add_person(name, *sites, mail="", chat=f"json://127.0.0.1:{port}/{name}")
    await place.add_duty(*DUTY, since=0, until=2**50)


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
