"""Enters plans from a file and begins drills: plain calls on the database file, as the command line makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, transaction
from cloud_gateway.plans import store
from cloud_gateway.plans.entries import PlanEntry, review_end
from cloud_gateway.plans.model import Plan, Task
from cloud_gateway.sites.store import find_site
from cloud_gateway.warnings.model import Level


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one plan of a file, counted from 0."""

    plan: int
    field: str
    text: str
    remedy: str


@dataclass(frozen=True)
class Imported:
    """What became of a file of plans. Nothing was entered when there are mistakes."""

    added: int
    unchanged: int
    mistakes: tuple[Mistake, ...]


class NoPlan(LookupError):
    """A site is not known, or has no plan against the hazard."""


class _Stop(Exception):
    """Roll the transaction back."""


async def import_plans(database: Path, entries: Sequence[PlanEntry], by: str, now: int) -> Imported:
    """Enter all plans in one transaction, each as a new version, or none when one is wrong.

    A plan that says what its newest version says makes none.
    """
    done: list[Plan] = []
    mistakes: list[Mistake] = []
    try:
        async with _writing(database) as connection:
            for number, entry in enumerate(entries):
                found = await _enter(connection, number, entry, by, now)
                mistakes += [found] if isinstance(found, Mistake) else []
                done += [found] if isinstance(found, Plan) else []
            if mistakes:
                raise _Stop
            await write_command(connection, "plans import", f"{len(done)} plans", now)
    except _Stop:
        return Imported(0, 0, tuple(mistakes))
    added = sum(plan.made_at == now and plan.made_by == by for plan in done)
    return Imported(added, len(done) - added, ())


async def begin_drill(
    database: Path, code: str, hazard: str, level: Level, ahead_s: int, by: str, now: int
) -> tuple[Task, ...]:
    """Exercise a plan as if `level` were in force, or to come in `ahead_s`. Raises NoPlan."""
    async with _writing(database) as connection:
        site = await find_site(connection, code)
        if site is None:
            raise NoPlan(f"there is no site {code!r}")
        try:
            tasks = await store.begin_drill(connection, site.id, hazard, level, now + ahead_s * 1000, by, now)
        except LookupError as exc:
            raise NoPlan(f"the site {code!r} has no plan against {hazard}") from exc
        await write_command(connection, "plans drill", f"{code} {hazard} {level.name.lower()}", now)
    return tuple(tasks)


async def end_drills(database: Path, code: str, hazard: str, now: int) -> int:
    """End the open drills of a plan; returns how many there were. Raises NoPlan without such a site."""
    async with _writing(database) as connection:
        site = await find_site(connection, code)
        if site is None:
            raise NoPlan(f"there is no site {code!r}")
        await write_command(connection, "plans drill-end", f"{code} {hazard}", now)
        return await store.end_drills(connection, site.id, hazard, now)


async def _enter(connection: AsyncConnection, number: int, entry: PlanEntry, by: str, now: int) -> Plan | Mistake:
    site = await find_site(connection, entry.site)
    if site is None:
        return Mistake(number, "site", f"there is no site {entry.site!r}", "Enter it first: weiran sites import")
    if unknown := await store.unknown_owners(connection, entry.steps()):
        text = f"{', '.join(unknown)}: no role and no recipient"
        return Mistake(number, "step.owner", text, "Name a role, or the id of a recipient who is told")
    new = store.NewPlan(site.id, entry.hazard, entry.steps(), review_end(entry.review_by, site.zone))
    return await store.add_plan(connection, new, by, now)


@asynccontextmanager
async def _writing(database: Path) -> AsyncIterator[AsyncConnection]:
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            yield connection
    finally:
        await engine.dispose()
