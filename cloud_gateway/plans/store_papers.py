"""Reads what plans have left of a site on paper: the plans in force, and the photos that prove tasks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.plans.store import is_newest
from cloud_gateway.plans.tables import plan, task


@dataclass(frozen=True)
class PlanPaper:
    """The newest version of a plan; times are ms UTC."""

    id: str
    hazard: str
    version: int
    made_at: int
    review_by: int


@dataclass(frozen=True)
class PhotoPaper:
    """A photo that proves a task; `task` is its id, `ended_at` ms UTC."""

    task: str
    text: str
    text_zh: str
    ended_at: int | None
    drill: bool


async def list_plan_papers(connection: AsyncConnection, site: str, most: int) -> list[PlanPaper]:
    """The newest version of each plan of a site, by hazard."""
    columns = [plan.c[name] for name in PlanPaper.__dataclass_fields__]
    query = select(*columns).where(plan.c.site == site, is_newest()).order_by(plan.c.hazard).limit(most)
    return [PlanPaper(**row) for row in (await connection.execute(query)).mappings()]


async def list_photo_papers(connection: AsyncConnection, site: str, most: int) -> list[PhotoPaper]:
    """Photos of a site's tasks, the newest first."""
    t = task.c
    columns = (t.id.label("task"), t.text, t.text_zh, t.ended_at, t.drill)
    query = select(*columns).join(plan, plan.c.id == t.plan).where(plan.c.site == site, t.photo != "")
    rows = await connection.execute(query.order_by(t.ended_at.desc(), t.id).limit(most))
    return [PhotoPaper(**row) for row in rows.mappings()]
