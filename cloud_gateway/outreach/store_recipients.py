"""Recipients and the duty calendar in the database: entered whole or not at all, the same again changing nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as Found
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.outreach.duty import Turn
from cloud_gateway.outreach.recipients import RecipientEntry, Row, clock_of, minutes_of
from cloud_gateway.outreach.tables import duty, recipient, recipient_site
from cloud_gateway.sites.entries import Mistake
from cloud_gateway.tables import site

BATCH = 5000


@dataclass(frozen=True)
class KnownRecipient:
    """A recipient as it is kept."""

    id: str
    entry: RecipientEntry
    contact_checked_at: int | None
    disabled_at: int | None


_Known = dict[tuple[str, str], KnownRecipient]


@dataclass(frozen=True)
class Entered:
    """What became of a table; nothing was entered when there are mistakes."""

    added: int
    changed: int
    unchanged: int
    mistakes: tuple[Mistake, ...]


async def enter_people(connection: AsyncConnection, rows: Sequence[Row], *, update_known: bool = False) -> Entered:
    """Enter recipients; name and role tell them apart. One known with other content needs `update_known`."""
    sites = await _site_ids(connection)
    known: _Known = {(one.entry.name, one.entry.role): one for one in await every_person(connection)}
    other = [row for row in rows if _is_other(row, known)]
    mistakes = [*_unknown_sites(rows, sites), *([] if update_known else map(_taken, other))]
    if mistakes:
        return Entered(0, 0, 0, tuple(mistakes))
    new = [row for row in rows if (row.entry.name, row.entry.role) not in known]
    for row in new:
        await _write(connection, str(uuid7()), row.entry, sites, is_new=True)
    for row in other:
        await _write(connection, known[row.entry.name, row.entry.role].id, row.entry, sites, is_new=False)
    return Entered(len(new), len(other), len(rows) - len(new) - len(other), ())


async def list_people(connection: AsyncConnection, after: str, limit: int) -> list[KnownRecipient]:
    """Recipients in order of their ids, above `after`."""
    query = select(recipient).where(recipient.c.id > after).order_by(recipient.c.id).limit(limit)
    return await _with_sites(connection, (await connection.execute(query)).all())


async def find_person(connection: AsyncConnection, person: str) -> KnownRecipient | None:
    """The recipient of that id."""
    rows = (await connection.execute(select(recipient).where(recipient.c.id == person))).all()
    found = await _with_sites(connection, rows)
    return found[0] if found else None


async def find_named(connection: AsyncConnection, name: str, role: str) -> KnownRecipient:
    """The recipient of that name and role. Raises LookupError."""
    this = (recipient.c.name == name) & (recipient.c.role == role)
    rows = (await connection.execute(select(recipient).where(this))).all()
    if not rows:
        raise LookupError(name)
    return (await _with_sites(connection, rows))[0]


async def set_disabled(connection: AsyncConnection, person: str, at: int | None) -> None:
    """Tell this recipient nothing from now on; None: again."""
    await connection.execute(update(recipient).where(recipient.c.id == person).values(disabled_at=at))


async def note_checked(connection: AsyncConnection, person: str, now: int) -> None:
    """Somebody has tried the addresses."""
    await connection.execute(update(recipient).where(recipient.c.id == person).values(contact_checked_at=now))


async def enter_calendar(connection: AsyncConnection, turns: Sequence[Turn], *, replace: bool = False) -> Entered:
    """Enter turns of duty; the same again changes nothing. `replace` takes out what overlaps the table's whole span."""
    people: dict[tuple[str, str], str] = {
        (one.entry.name, one.entry.role): one.id for one in await every_person(connection) if one.disabled_at is None
    }
    mistakes = tuple(_nobody(turn) for turn in turns if (turn.name, turn.role) not in people)
    if mistakes or not turns:
        return Entered(0, 0, 0, mistakes)
    wanted = {(people[turn.name, turn.role], turn.since, turn.until, turn.rank) for turn in turns}
    first, last = min(turn.since for turn in turns), max(turn.until for turn in turns)
    there = (await connection.execute(select(duty).where(duty.c.since < last, duty.c.until > first))).all()
    kept = {(row.recipient, row.since, row.until, row.rank) for row in there}
    gone = [row.id for row in there if (row.recipient, row.since, row.until, row.rank) not in wanted] if replace else []
    await connection.execute(delete(duty).where(duty.c.id.in_(gone)))
    new = [dict(zip(("recipient", "since", "until", "rank"), one, strict=True)) for one in sorted(wanted - kept)]
    if new:
        await connection.execute(insert(duty), [{"id": str(uuid7())} | row for row in new])
    return Entered(len(new), len(gone), len(wanted & kept), ())


async def list_turns(connection: AsyncConnection, since: int) -> list[Turn]:
    """Turns that end after `since`, by their beginning and rank."""
    query = select(duty, recipient.c.name, recipient.c.role).join(recipient).where(duty.c.until > since)
    rows = await connection.execute(query.order_by(duty.c.since, duty.c.rank, duty.c.id))
    return [Turn(0, row.name, row.role, row.since, row.until, row.rank) for row in rows]


async def every_person(connection: AsyncConnection) -> list[KnownRecipient]:
    """All recipients, the disabled too."""
    return await _with_sites(connection, (await connection.execute(select(recipient))).all())


async def _with_sites(connection: AsyncConnection, rows: Sequence[Found[Any]]) -> list[KnownRecipient]:
    codes: dict[str, list[str]] = {row.id: [] for row in rows}
    query = select(recipient_site.c.recipient, site.c.code).join(site, site.c.id == recipient_site.c.site)
    ids = list(codes)
    for start in range(0, len(ids), BATCH):
        here = query.where(recipient_site.c.recipient.in_(ids[start : start + BATCH])).order_by(site.c.code)
        for row in await connection.execute(here):
            codes[row.recipient].append(row.code)
    return [_known(row, codes[row.id]) for row in rows]


def _known(row: Found[Any], codes: list[str]) -> KnownRecipient:
    entry = RecipientEntry.model_construct(
        name=row.name,
        role=row.role,
        language=row.language,
        zone=row.zone,
        sites=codes,
        mail=row.mail,
        chat=row.chat,
        phone=row.phone,
        device=row.device,
        quiet_from=clock_of(row.quiet_from_min),
        quiet_to=clock_of(row.quiet_to_min),
        breaks_quiet=row.breaks_quiet,
        least=row.least,
        hazards=json.loads(row.hazards),
    )
    return KnownRecipient(row.id, entry, row.contact_checked_at, row.disabled_at)


async def _write(
    connection: AsyncConnection, person: str, entry: RecipientEntry, sites: dict[str, str], *, is_new: bool
) -> None:
    values = entry.model_dump(exclude={"sites", "quiet_from", "quiet_to", "hazards"}) | {
        "quiet_from_min": minutes_of(entry.quiet_from),
        "quiet_to_min": minutes_of(entry.quiet_to),
        "hazards": json.dumps(entry.hazards),
    }
    if is_new:
        await connection.execute(insert(recipient).values(id=person, **values))
    else:
        await connection.execute(update(recipient).where(recipient.c.id == person).values(**values))
        await connection.execute(delete(recipient_site).where(recipient_site.c.recipient == person))
    if entry.sites:
        theirs = [{"recipient": person, "site": sites[code]} for code in dict.fromkeys(entry.sites)]
        await connection.execute(insert(recipient_site), theirs)


async def _site_ids(connection: AsyncConnection) -> dict[str, str]:
    return {row.code: row.id for row in await connection.execute(select(site.c.code, site.c.id))}


def _is_other(row: Row, known: _Known) -> bool:
    """Whether the recipient is known with other content."""
    found = known.get((row.entry.name, row.entry.role))
    return found is not None and found.entry != row.entry.model_copy(update={"sites": sorted(set(row.entry.sites))})


def _unknown_sites(rows: Iterable[Row], sites: dict[str, str]) -> list[Mistake]:
    return [
        Mistake(row.row, "sites", f"no site has the code {code!r}", "Enter the site first: weiran sites import")
        for row in rows
        for code in row.entry.sites
        if code not in sites
    ]


def _taken(row: Row) -> Mistake:
    text = f"{row.entry.name!r} with this role is known with other content"
    return Mistake(row.row, "name", text, "Let it be changed: --update")


def _nobody(turn: Turn) -> Mistake:
    text = f"nobody is called {turn.name!r} with the role {turn.role!r}"
    return Mistake(turn.row, "name", text, "Enter the recipient first: weiran outreach people import")
