"""The API of twins: what is desired of a device, what it made of it, and how the two differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Request, Response
from pydantic import JsonValue

from cloud_gateway.database import reading, transaction
from cloud_gateway.devices.routes import no_device
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.twin import store
from cloud_gateway.twin.difference import Difference, Standing, compare, in_use, stand
from cloud_gateway.twin.store import Change, StaleVersion, Twin, WrongSection
from edge_agent.web.paging import Time
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _
from edge_agent.wire.messages import Reported
from edge_agent.wire.sections import Sections

router = APIRouter(tags=["twins"])
Changer = Annotated[Staff, Depends(require_role(Role.ADMINISTRATOR, Role.OPERATIONS))]
IfMatch = Annotated[str | None, Header(max_length=40, description='The `ETag` of the twin that was read: `"3"`.')]
Keys = Annotated[
    dict[str, JsonValue],
    Body(description="The whole section: numbers by key. Empty: leave the section to the device's own file."),
]


@dataclass(frozen=True)
class Answer:
    """What a device said: what is wrong with each key, if anything, and the settings it lives by."""

    version: int
    hash: str
    state: str
    results: dict[str, str]
    sections: Sections
    at: Time


@dataclass(frozen=True)
class TwinView:
    """A twin as it is shown. `standing` is that of the newest change; `difference` the keys not in use as desired."""

    device: str
    version: int
    hash: str
    sections: Sections
    desired_at: Time | None
    desired_by: str
    standing: Standing
    difference: list[Difference]
    reported: Answer | None
    reported_at: Time | None


@router.get("/devices/{device}/twin")
async def show_twin(request: Request, response: Response, device: str) -> TwinView:
    """What is desired of a device, what it reported, and the difference. `ETag` is the version of the desired."""
    async with reading(gateway_of(request).engine) as connection:
        if not await store.has_device(connection, device):
            raise no_device("device")
        twin = await store.find_twin(connection, device)
    return _view(twin, response)


@router.put("/devices/{device}/twin/{section}")
async def change_section(
    request: Request,
    response: Response,
    who: Changer,
    device: str,
    section: str,
    keys: Keys,
    if_match: IfMatch = None,
) -> TwinView:
    """Put a section in place of the one that is desired. The same request again changes nothing.

    The device answers when it is next connected: see `standing`.
    """
    change = Change(section, keys, _read_version(if_match))
    try:
        async with transaction(gateway_of(request).engine) as connection:
            if not await store.has_device(connection, device):
                raise no_device("device")
            twin = await store.change_section(connection, device, change, who.name, now_ms())
    except WrongSection as exc:
        raise invalid(exc.field, str(exc)) from exc
    except StaleVersion as exc:
        remedy = _("Read the settings again, then decide anew.")
        title = _("Somebody else has changed these settings.")
        raise Problem(412, "stale_version", title, remedy, "If-Match", detail=str(exc)) from exc
    return _view(twin, response)


def _read_version(if_match: str | None) -> int:
    """The version in an `If-Match` header. Raises Problem 428 without one, 422 for another form."""
    if if_match is None:
        remedy = _("Send the ETag of the settings you have read as If-Match.")
        raise Problem(
            428, "version_needed", _("The request does not say which version it changes."), remedy, "If-Match"
        )
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit()):
        raise invalid("If-Match", 'give it as it was read: "3"')
    return int(text)


def _view(twin: Twin, response: Response) -> TwinView:
    response.headers["ETag"] = f'"{twin.version}"'
    return TwinView(
        device=twin.device,
        version=twin.version,
        hash=twin.hash,
        sections=twin.sections or {},
        desired_at=twin.desired_at,
        desired_by=twin.desired_by,
        standing=stand(twin),
        difference=compare(twin),
        reported=None if twin.reported is None else _answer(twin.reported),
        reported_at=twin.reported_at,
    )


def _answer(said: Reported) -> Answer:
    results = {key: "" if result.ok else result.error for key, result in said.results.items()}
    return Answer(said.version, said.hash, said.state.value, results, in_use(said), said.at)
