"""Notes each change of the official word about a site, and which of these the series store does not have yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.exposures.events import Subject, Touch
from cloud_gateway.exposures.official import OfficialWord, color_of, official_word
from cloud_gateway.exposures.tables import warning_step
from cloud_gateway.readings.series import WarningStep, point_time
from cloud_gateway.warnings.model import Alert, Level
from cloud_gateway.warnings.tables import alert

#: So many values in one statement: SQLite has a limit.
BATCH = 500


class Owed(NamedTuple):
    """A step that the series store is still to be given, by its number here."""

    id: int
    step: WarningStep


async def note_steps(
    connection: AsyncConnection, sites: Collection[str], touches: Mapping[Subject, Sequence[Touch]], now: int
) -> None:
    """Note where the official word about these sites is another than it was last; `touches` is all that stands."""
    known = await _last_words(connection, sites)
    words = {subject: official_word(subject, touches.get(subject, ()), now) for subject in sorted({*known, *touches})}
    new = [_row(subject, word, now) for subject, word in words.items() if word != known.get(subject, OfficialWord())]
    if new:
        await connection.execute(insert(warning_step), new)


async def owed_steps(connection: AsyncConnection, most: int) -> list[Owed]:
    """Steps that the series store does not have yet, the oldest first, with their colours."""
    s = warning_step.c
    query = select(warning_step, t.site.c.code).join(t.site, t.site.c.id == s.site)
    rows = list(await connection.execute(query.where(s.written_at.is_(None)).order_by(s.id).limit(most)))
    said = await _messages(connection, {row.warning for row in rows if row.warning})
    found = []
    for row in rows:
        word = OfficialWord(Level(row.level), Level(row.coming), row.warning)
        color = color_of(word.shown, said[row.warning]) if word.shown else None
        key = (row.code, row.hazard, point_time(row.at, row.id))
        step = WarningStep(*key, row.level, row.coming, color.value if color else "", row.warning or "", row.simulated)
        found.append(Owed(row.id, step))
    return found


async def mark_written(connection: AsyncConnection, refused: Mapping[int, str], now: int) -> None:
    """Say that the series store has these steps, or will never take them: then the text says why."""
    statement = update(warning_step).where(warning_step.c.id == bindparam("number"))
    rows = [{"number": number, "text": text, "now": now} for number, text in refused.items()]
    await connection.execute(statement.values(written_at=bindparam("now"), refused=bindparam("text")), rows)


def _row(subject: Subject, word: OfficialWord, now: int) -> dict[str, object]:
    levels = {"level": int(word.level), "coming": int(word.coming), "warning": word.warning}
    return {**subject._asdict(), "at": now, **levels, "written_at": None}


async def _last_words(connection: AsyncConnection, sites: Collection[str]) -> dict[Subject, OfficialWord]:
    s = warning_step.c
    found = {}
    for part in _parts(sites):
        newest = select(func.max(s.id)).where(s.site.in_(part)).group_by(s.site, s.hazard, s.simulated)
        for row in await connection.execute(select(warning_step).where(s.id.in_(newest))):
            word = OfficialWord(Level(row.level), Level(row.coming), row.warning)
            found[Subject(row.site, row.hazard, row.simulated)] = word
    return found


async def _messages(connection: AsyncConnection, warnings: Iterable[str]) -> Mapping[str, list[Alert]]:
    """All messages of these warnings, the newest first."""
    said: dict[str, list[Alert]] = defaultdict(list)
    for part in _parts(warnings):
        query = select(alert.c.warning, alert.c.parsed).where(alert.c.warning.in_(part))
        for row in await connection.execute(query.order_by(alert.c.sent.desc(), alert.c.id.desc())):
            said[row.warning].append(msgspec.json.decode(row.parsed, type=Alert))
    return said


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(values)
    return (every[first : first + BATCH] for first in range(0, len(every), BATCH))
