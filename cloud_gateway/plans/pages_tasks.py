"""The pages of tasks, for whoever has to do them, on a telephone: what is open, and what became of it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import labels_of, render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.plans import store, store_pages
from cloud_gateway.plans.answering import AnswerRefused, Said, give_answer
from cloud_gateway.plans.labels import REFUSALS
from cloud_gateway.plans.model import TaskState
from cloud_gateway.plans.photos import NoPhoto, find_photo, keep_photo, photo_type
from cloud_gateway.plans.routes import DOERS, NOTE_MOST, no_task
from cloud_gateway.plans.safety import find_danger
from cloud_gateway.plans.task_page import compose_event_tasks, compose_open_tasks, compose_task
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
#: Below it a body may be as large as a photo.
PREFIX = "/tasks/"
Doer = Annotated[Staff, Depends(require_role(*DOERS))]
TASKS_MOST = 300
STATUS = {"task_ended": 409, "no_photo_now": 409, "not_kept": 507}


@router.get("/tasks")
async def list_tasks(
    request: Request,
    visitor: Visitor,
    event: Annotated[str, Query(max_length=36)] = "",
    owner: Annotated[str, Query(max_length=36)] = "",
) -> Response:
    """The tasks of an event or drill; else what is open, of everybody or of one owner."""
    gateway, labels = gateway_of(request), labels_of(request)
    now = gateway.clock()
    async with reading(gateway.engine) as connection:
        frame = await read_frame(connection, now)
        if event:
            page = compose_event_tasks(labels, await store_pages.event_tasks(connection, event), event, now)
        else:
            tasks = await store_pages.open_tasks(connection, owner or None, TASKS_MOST + 1)
            owners = await store_pages.open_owners(connection)
            page = compose_open_tasks(labels, tasks, owners, owner, TASKS_MOST, now)
    return render_page(request, "tasks.html", visitor, frame, page.simulated, page=page)


@router.get("/tasks/{task}")
async def show_task(request: Request, task: str, visitor: Visitor) -> Response:
    """One task."""
    return await _task_page(request, task, visitor)


@router.get("/tasks/{task}/photo")
async def show_photo(request: Request, task: str, _visitor: Visitor) -> Response:
    """The photo that proves a task."""
    async with reading(gateway_of(request).engine) as connection:
        facts = await store_pages.find_facts(connection, task)
    file = await asyncio.to_thread(find_photo, gateway_of(request).settings.data_dir, facts.task.photo if facts else "")
    if file is None:
        raise Problem(404, "no_photo", _("There is no such photo here."), _("Look at the task."), "task")
    content = await asyncio.to_thread(file.read_bytes)
    return Response(content, media_type=photo_type(content))


@router.post("/tasks/{task}")
async def answer_task(request: Request, task: str, who: Doer) -> Response:
    """Keep what became of a task and show it; an answer that is refused is shown again with the reason.

    The form is read only once the visitor's role is known: nobody else may hand in megabytes.
    """
    async with request.form(max_files=1, max_fields=8) as form:
        said = _read_said(form)
        photo = form.get("photo")
        content = await photo.read() if isinstance(photo, UploadFile) else b""
    try:
        await _keep(request, task, said, content, who)
    except AnswerRefused as exc:
        return await _task_page(request, task, who, exc.code, said.note)
    return RedirectResponse(f"/tasks/{task}", 303)


def _read_said(form: FormData) -> Said:
    """What the form says, without its photo. Raises Problem 422."""
    state, note = str(form.get("state", "")), str(form.get("note", "")).strip()
    if state not in {TaskState.DONE, TaskState.UNSAFE}:
        raise invalid("state", "not one of the buttons")
    if len(note) > NOTE_MOST:
        raise invalid("note", f"longer than {NOTE_MOST} characters")
    return Said(TaskState(state), note)


async def _keep(request: Request, name: str, said: Said, content: bytes, who: Staff) -> None:
    """Raises AnswerRefused; a photo is on the disk before the answer names it."""
    gateway = gateway_of(request)
    if content:
        await _check_photo(request, name)
        said = msgspec.structs.replace(said, photo=await _keep_photo(request, content))
    now = gateway.clock()
    async with transaction(gateway.engine) as connection:
        found = await store.find_task(connection, name)
        if found is None:
            raise no_task()
        ended = give_answer(*found, said, who.name, now)
        if ended is not found[0]:
            await store.end_task(connection, ended, now)


async def _check_photo(request: Request, name: str) -> None:
    """See, before it is kept, that a photo may be handed in. Raises AnswerRefused."""
    async with reading(gateway_of(request).engine) as connection:
        found = await store.find_task(connection, name)
    if found is None:
        raise no_task()
    if find_danger(found[1], found[2], gateway_of(request).clock()) is not None:
        raise AnswerRefused("no_photo_now", "no photo is taken now")


async def _keep_photo(request: Request, content: bytes) -> str:
    try:
        return await asyncio.to_thread(keep_photo, gateway_of(request).settings.data_dir, content)
    except NoPhoto as exc:
        raise AnswerRefused("no_picture", str(exc)) from exc
    except OSError as exc:
        raise AnswerRefused("not_kept", str(exc)) from exc


async def _task_page(request: Request, name: str, visitor: Staff, refused: str = "", note: str = "") -> Response:
    gateway, labels = gateway_of(request), labels_of(request)
    now = gateway.clock()
    async with reading(gateway.engine) as connection:
        facts = await store_pages.find_facts(connection, name)
        found = await store.find_task(connection, name)
        if facts is None or found is None:
            raise no_task()
        frame = await read_frame(connection, now)
    has_photo = await asyncio.to_thread(find_photo, gateway.settings.data_dir, facts.task.photo) is not None
    page = compose_task(labels, facts, found[1], found[2], now)
    status = STATUS.get(refused, 422) if refused else 200
    code = f"needs_{found[1].proof}" if refused == "proof_needed" else refused
    said = labels.text(REFUSALS[code]) if refused else ""
    context = {"page": page, "refused": said, "note": note, "may_answer": visitor.role in DOERS}
    simulated = page.card.mark == "simulated"
    return render_page(request, "task.html", visitor, frame, simulated, status, **context, has_photo=has_photo)
