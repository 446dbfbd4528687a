"""The API of emergency plans and of the tasks that events set off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.plans import store
from cloud_gateway.plans.answering import AnswerRefused, Said, give_answer
from cloud_gateway.plans.entries import PlanEntry, review_day, review_end
from cloud_gateway.plans.model import Plan, Proof, Standing, Step, Task, TaskState
from cloud_gateway.running import gateway_of
from cloud_gateway.sites.routes import no_site
from cloud_gateway.sites.store import find_site
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(tags=["plans"])
PLANNERS = (Role.ADMINISTRATOR, Role.RISK_ENGINEER)
DOERS = (Role.ADMINISTRATOR, Role.RISK_ENGINEER, Role.OPERATIONS, Role.INSPECTOR)
Planner = Annotated[Staff, Depends(require_role(*PLANNERS))]
Doer = Annotated[Staff, Depends(require_role(*DOERS))]
NOTE_MOST = 1000


@dataclass(frozen=True)
class StepView:
    """One step of a plan."""

    name: str
    text: str
    text_zh: str
    owner: str
    level: int
    deadline_s: int
    lead_s: int | None
    outdoor: bool
    inspection: bool
    safe_lead_s: int
    proof: Proof


@dataclass(frozen=True)
class PlanView:
    """The newest version of a plan; `overdue` once `review_by`, a day at the site, is over."""

    id: str
    site: str
    hazard: str
    version: int
    step: list[StepView]
    review_by: date
    overdue: bool
    made_at: Time
    made_by: str


@dataclass(frozen=True)
class TaskView:
    """A task. `event` is that of a hazard event, or of a drill: then `drill` is true. `overdue` when open too long."""

    id: str
    event: str
    plan: str
    step: str
    level: int
    owner: str
    text: str
    text_zh: str
    outdoor: bool
    inspection: bool
    proof_needed: Proof
    state: TaskState
    made_at: Time
    due_at: Time
    overdue: bool
    unsafe_at: Time | None
    ended_at: Time | None
    ended_by: str
    note: str
    photo: str
    drill: bool


class TaskResult(BaseModel):
    """What became of a task. That it was unsafe and not done is a full answer."""

    model_config = ConfigDict(extra="forbid")

    state: Literal[TaskState.DONE, TaskState.UNSAFE]
    note: str = Field("", max_length=NOTE_MOST)
    photo: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="SHA-256 of the picture, hex.")


@router.get("/plans")
async def list_plans(
    request: Request,
    after: After = None,
    limit: Limit = 100,
    site: Annotated[str | None, Query(max_length=32, description="Of the site of this code only.")] = None,
    overdue: Annotated[bool, Query(description="Only those whose review date has passed.")] = False,
) -> Page[PlanView]:
    """The newest version of every plan, by site and hazard."""
    key = decode_cursor(after, str, str) or ["", ""]
    now = gateway_of(request).clock()
    async with reading(gateway_of(request).engine) as connection:
        place = (str(key[0]), str(key[1]))
        rows = await store.list_plans(connection, place, limit + 1, now if overdue else None, site)
    return make_page([_plan_view(*row, now) for row in rows], limit, lambda p: [p.site, p.hazard])


@router.post("/plans", status_code=201, response_model=PlanView)
async def add_plan(request: Request, who: Planner, entry: PlanEntry, key: IdempotencyKey = None) -> Response:
    """Enter a plan as a new version; what the newest version says already makes none. Tasks keep their version."""

    async def make(connection: Connection) -> PlanView:
        known = await find_site(connection, entry.site)
        if known is None:
            raise no_site("site")
        if unknown := await store.unknown_owners(connection, entry.steps()):
            raise invalid("step", f"no role and no recipient: {', '.join(unknown)}")
        new = store.NewPlan(known.id, entry.hazard, entry.steps(), review_end(entry.review_by, known.zone))
        now = gateway_of(request).clock()
        return _plan_view(known.code, known.zone, await store.add_plan(connection, new, who.name, now), now)

    return await make_once(request, who, key, PlanView, make)


@router.get("/tasks")
async def list_tasks(
    request: Request,
    after: After = None,
    limit: Limit = 100,
    event: Annotated[str | None, Query(max_length=36, description="Of this event or drill only.")] = None,
    state: Annotated[TaskState | None, Query(description="In this state only.")] = None,
    drill: Annotated[bool, Query(description="Without `event`: those of drills, and no real ones.")] = False,
) -> Page[TaskView]:
    """Tasks in the order they were made; drills and real ones are never mixed."""
    key = decode_cursor(after, str) or [""]
    now = gateway_of(request).clock()
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_tasks(connection, str(key[0]), limit + 1, event, state, drill)
    return make_page([_task_view(row, now) for row in rows], limit, lambda task: [task.id])


@router.post("/tasks/{task}/result")
async def answer_task(request: Request, who: Doer, task: str, result: TaskResult) -> TaskView:
    """Say what became of a task. The same again changes nothing.

    Under red, and in its safe lead time, a task that needs a photo needs none, and one is refused.
    """
    now = gateway_of(request).clock()
    async with transaction(gateway_of(request).engine) as connection:
        found = await store.find_task(connection, task)
        if found is None:
            raise no_task()
        known, step, standing = found
        ended = _give(known, step, standing, Said(result.state, result.note, result.photo), who.name, now)
        if ended is not known:
            await store.end_task(connection, ended, now)
    return _task_view(ended, now)


def no_task() -> Problem:
    """404: no task has that id."""
    return Problem(404, "no_task", _("There is no such task."), _("Check the task's id."), "task")


def _give(task: Task, step: Step, standing: Standing, said: Said, by: str, now: int) -> Task:
    """Raises Problem 409 for a task that has ended and for a photo in danger, 422 where its proof is missing."""
    try:
        return give_answer(task, step, standing, said, by, now)
    except AnswerRefused as exc:
        if exc.code == "task_ended":
            remedy = _("Read the task again.")
            raise Problem(409, exc.code, _("The task has ended."), remedy, "state", detail=str(exc)) from exc
        if exc.code == "no_photo_now":
            remedy = _("Answer without a photo.")
            raise Problem(409, exc.code, _("No photo is taken now."), remedy, "photo", detail=str(exc)) from exc
        remedy = _("Add the proof, or answer that it was unsafe and not done.")
        field = step.proof.value
        raise Problem(422, exc.code, _("The task needs its proof."), remedy, field, detail=str(exc)) from exc


def _plan_view(code: str, zone: str, plan: Plan, now: int) -> PlanView:
    return PlanView(
        id=plan.id,
        site=code,
        hazard=plan.hazard,
        version=plan.version,
        step=[StepView(**msgspec.structs.asdict(step)) for step in plan.steps],
        review_by=review_day(plan.review_by, zone),
        overdue=plan.review_by <= now,
        made_at=plan.made_at,
        made_by=plan.made_by,
    )


def _task_view(task: Task, now: int) -> TaskView:
    names = [name for name in TaskView.__dataclass_fields__ if name != "overdue"]
    is_overdue = task.state is TaskState.OPEN and task.due_at < now
    return TaskView(overdue=is_overdue, **{name: getattr(task, name) for name in names})
