"""One round of requests to a gateway, each kind in turn with the bare query of the same data."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.staff.guard import COOKIE
from deploy.bench.asks import Ask
from deploy.bench.field import Field
from deploy.bench.ranks import percentile

#: A bare query is asked again only while all of its round have not taken so long; one that alone does, only once, s.
BARE_S = 3.0
TIMEOUT_S = 300.0
Reader = Callable[[Ask], object]


@dataclass
class Times:
    """Of one kind of request: ms of each round's answers, and of the bare query."""

    ours: list[list[float]] = field(default_factory=list)
    bare: list[list[float]] = field(default_factory=list)

    @property
    def medians(self) -> list[float]:
        """Of each round."""
        return [median(one) for one in self.ours]

    @property
    def slow(self) -> list[float]:
        """The 95th percentile of each round."""
        return [percentile(one, 95) for one in self.ours]

    @property
    def bare_medians(self) -> list[float]:
        """Of the bare query of each round."""
        return [median(one) for one in self.bare]

    @property
    def slow_bare(self) -> list[float]:
        """The bare query of the last round when a single one is enough of them, else nothing."""
        return list(self.bare[-1]) if self.bare and min(self.bare[-1]) > BARE_S * 1000 else []

    @property
    def ratios(self) -> list[float]:
        """Of the medians, to the bare query's of the same round."""
        return [ours / bare for ours, bare in zip(self.medians, self.bare_medians, strict=True)]


def measure_round(running: Field, times: dict[Ask, Times], requests: int) -> None:
    """So many requests of each kind, one after the other."""
    with _gateway(running) as gateway, _bare(running) as bare:
        for ask, found in times.items():
            gateway(ask)  # the first fills caches, of both
            ours, theirs = list[float](), found.slow_bare
            for _ in range(requests):
                ours.append(_time(gateway, ask))
                if sum(theirs) < BARE_S * 1000:
                    theirs.append(_time(bare, ask))
            found.ours.append(ours)
            found.bare.append(theirs)


def _time(reader: Reader, ask: Ask) -> float:
    begun = time.perf_counter()
    reader(ask)
    return (time.perf_counter() - begun) * 1000


@contextmanager
def _gateway(running: Field) -> Iterator[Reader]:
    """Reads answers whole, with the session of an administrator. Raises httpx.HTTPStatusError."""
    with _client(running.origin, {COOKIE: running.session}) as client:
        yield lambda ask: client.get(ask.path).raise_for_status().content


@contextmanager
def _bare(running: Field) -> Iterator[Reader]:
    """Reads the same data past the gateway, whole."""
    settings = running.gateway.settings
    with ExitStack() as stack:
        tables = stack.enter_context(_reading(settings.database))
        if settings.series.store == "sqlite":
            readings = stack.enter_context(_reading(settings.data_dir / SQLITE_FILE))
            yield lambda ask: _fetch(readings, [ask.readings]) if ask.readings else _fetch(tables, ask.tables)
        else:
            client, database = stack.enter_context(_client(settings.series.url, {})), settings.series.database
            yield lambda ask: _query(client, database, ask.readings) if ask.readings else _fetch(tables, ask.tables)


def _client(origin: str, cookies: dict[str, str]) -> httpx.Client:
    return httpx.Client(base_url=origin, cookies=cookies, trust_env=False, timeout=TIMEOUT_S)


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
        yield db


def _fetch(db: sqlite3.Connection, statements: Sequence[str]) -> int:
    return sum(len(db.execute(statement).fetchall()) for statement in statements)


def _query(client: httpx.Client, database: str, text: str) -> int:
    answer = client.get("/query", params={"db": database, "epoch": "ns", "q": text}).raise_for_status()
    return len(answer.content)
