"""Enters an imported portfolio: plain calls on the database file, as the command line makes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from uuid_utils import uuid7

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, transaction
from cloud_gateway.exposures.store_sites import Risk, find_portfolio, write_portfolio
from cloud_gateway.sites.changes import Changed, Facts, compare_facts
from cloud_gateway.sites.entries import Entry, Mistake
from cloud_gateway.sites.imports import Portfolio
from cloud_gateway.sites.store import NewSite, Site
from cloud_gateway.sites.store_changes import IMPORT, note_changes


@dataclass(frozen=True)
class Imported:
    """What became of a portfolio. Nothing was entered when there are mistakes, unless that was asked for."""

    added: int
    changed: int
    unchanged: int
    mistakes: tuple[Mistake, ...]


async def import_portfolio(
    database: Path, portfolio: Portfolio, now: int, *, update: bool = False, partial: bool = False
) -> Imported:
    """Enter all sites in one transaction, or none when a row is wrong; `partial` enters the right rows all the same.

    A site that is known with other content is a mistake unless `update` is given. The same file again changes nothing.
    """
    if portfolio.mistakes and not partial:
        return Imported(0, 0, 0, portfolio.mistakes)
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            known = await find_portfolio(connection, [entry.site.code for entry in portfolio.entries])
            new, other = _sort(portfolio.entries, known)
            mistakes = (*portfolio.mistakes, *(() if update else map(_taken, other)))
            if mistakes and not partial:
                return Imported(0, 0, 0, mistakes)
            changed = other if update else []
            new_sites = [(_site(str(uuid7()), entry.site), entry.risk) for entry in new]
            changed_sites = [(_site(known[e.site.code][0].id, e.site), e.risk) for e in changed]
            await write_portfolio(connection, new_sites, changed_sites, now)
            await note_changes(connection, _differences([*new_sites, *changed_sites], known), IMPORT, now)
            await write_command(connection, "sites import", f"{len(new)} new, {len(changed)} changed", now)
    finally:
        await engine.dispose()
    unchanged = len(portfolio.entries) - len(new) - len(other)
    return Imported(len(new), len(changed), unchanged, mistakes)


def _sort(entries: Iterable[Entry], known: dict[str, tuple[Site, Risk]]) -> tuple[list[Entry], list[Entry]]:
    """Those that are new, and those that differ from what is known."""
    rows = list(entries)
    new = [entry for entry in rows if entry.site.code not in known]
    old = [entry for entry in rows if entry.site.code in known]
    return new, [e for e in old if known[e.site.code] != (_site(known[e.site.code][0].id, e.site), e.risk)]


def _differences(
    written: Iterable[tuple[Site, Risk]], known: dict[str, tuple[Site, Risk]]
) -> Iterator[tuple[str, tuple[Changed, ...]]]:
    for site, risk in written:
        old, facts = known.get(site.code, (site, Risk()))
        before = Facts(old.as_entered(), facts) if site.code in known else None
        yield site.id, compare_facts(before, Facts(site.as_entered(), risk))


def _site(site_id: str, new: NewSite) -> Site:
    return Site(id=site_id, **vars(new))


def _taken(entry: Entry) -> Mistake:
    text = f"the site {entry.site.code!r} is known with other content"
    return Mistake(entry.row, "code", text, "Give it another code, or let it be changed: --update")
