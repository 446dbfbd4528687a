"""The API of plans, tasks and the flood network, with its roles, on a served gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.tables import recipient
from cloud_gateway.plans.store import run_plans
from cloud_gateway.sites.store import find_site
from cloud_gateway.staff.roles import Role
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.conftest import Console, now_ms

pytestmark = pytest.mark.asyncio(loop_scope="session")
LIFT = {
    "name": "lift-goods", "text": "Lift the goods", "text_zh": "垫高货物", "owner": "customer", "level": "yellow",
    "deadline_s": 7200, "proof": "photo",
}  # fmt: skip
LOOK = {
    "name": "look", "text": "Look at the dyke", "text_zh": "巡查围堰", "owner": "branch", "level": 3,
    "deadline_s": 3600, "inspection": True,
}  # fmt: skip
PHOTO = "ab" * 32


@dataclass(frozen=True)
class Ground:
    """A site of this test alone, with an event of the given level."""

    console: Console
    client: httpx.AsyncClient
    code: str
    event: str

    def plan(self, **change: object) -> dict[str, object]:
        return {"site": self.code, "hazard": "rainstorm", "review_by": "2099-05-01", "step": [LIFT, LOOK]} | change

    async def raise_event(self, level: Level) -> dict[str, dict[str, object]]:
        """Put the event there, run plans, and give its tasks by step."""
        async with reading(self.console.engine) as connection:
            site = await find_site(connection, self.code)
        assert site is not None
        now = now_ms()
        facts = {"holds": level, "level": level, "peak": level, "gauge": "", "priority": 1.0, "reasons": "[]"}
        times = {"onset": now, "opened_at": now, "changed_at": now, "number": 1}
        row = {"id": self.event, "site": site.id, "hazard": "rainstorm", "simulated": False} | facts | times
        await self.console.add(hazard_event, row)
        async with transaction(self.console.engine) as connection:
            await run_plans(connection, now)
        tasks = (await self.client.get("/tasks", params={"event": self.event})).json()["items"]
        return {task["step"]: task for task in tasks}

    async def partner(self, name: str, latitude: float, pumps: int) -> dict[str, object]:
        entry = {"name": name, "latitude": latitude, "longitude": 121.55, "phone": "13800000000"}
        answer = await self.client.post("/partners", json=entry | {"resources": [{"kind": "pump", "count": pumps}]})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def offers(self, least: int = 1) -> dict[str, dict[str, object]]:
        """By the partner's name, nearest first."""
        answer = await self.client.get(f"/sites/{self.code}/resource-offers", params={"kind": "pump", "least": least})
        return {offer["name"]: offer for offer in answer.json()}

    async def ask(self, resource: object, count: int, key: str) -> httpx.Response:
        body = {"event": self.event, "resource": resource, "count": count, "note": "by the gate"}
        return await self.client.post("/resource-requests", json=body, headers={"Idempotency-Key": key})


@pytest_asyncio.fixture(loop_scope="session")
async def ground(shared: Console, device: str) -> AsyncIterator[Ground]:
    async with shared.client(Role.RISK_ENGINEER.value) as client:
        client.base_url = httpx.URL(f"{shared.origin}/api/v1")
        entry = {"code": device, "name": "Yard", "name_zh": "堆场", "latitude": 31.25, "longitude": 121.55}
        assert (await client.post("/sites", json=entry | {"zone": "Asia/Shanghai"})).status_code == 201
        yield Ground(shared, client, device, str(uuid4()))


async def test_plan_is_entered_and_shown_at_its_newest(ground: Ground) -> None:
    first = await ground.client.post("/plans", json=ground.plan())
    again = await ground.client.post("/plans", json=ground.plan())
    other = await ground.client.post("/plans", json=ground.plan(step=[LOOK], review_by="2020-05-01"))
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert [answer.json()["version"] for answer in (first, again, other)] == [1, 1, 2]
    (shown,) = (await ground.client.get("/plans", params={"site": ground.code})).json()["items"]
    assert shown == other.json()
    assert (shown["review_by"], shown["overdue"], shown["made_by"]) == ("2020-05-01", True, "risk-engineer")
    (overdue,) = (await ground.client.get("/plans", params={"site": ground.code, "overdue": True})).json()["items"]
    assert overdue == shown


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hazard": "zombies"}, "hazard"),
        ({"review_by": "soon"}, "review_by"),
        ({"review_by": "9999-12-31"}, "review_by"),
        ({"review_by": "0001-01-01"}, "review_by"),
        ({"step": []}, "step"),
        ({"step": [LIFT, LIFT]}, ""),
        ({"step": [LIFT | {"level": "green"}]}, "step.0.level"),
        ({"step": [LIFT | {"deadline_s": 0}]}, "step.0"),
        ({"step": [LIFT | {"owner": "nobody"}]}, "step"),
        ({"step": [LIFT | {"colour": "red"}]}, "step.0.colour"),
        ({"site": "nowhere-at-all"}, "site"),
    ],
    ids=[
        "hazard",
        "date",
        "too late",
        "too early",
        "no step",
        "same name",
        "colour",
        "no deadline",
        "owner",
        "unknown",
        "site",
    ],
)
async def test_wrong_plans_are_refused(ground: Ground, change: dict[str, object], field: str) -> None:
    answer = await ground.client.post("/plans", json=ground.plan(**change))
    assert (answer.status_code in {404, 422}, answer.json()["field"]) == (True, field)


async def test_task_needs_its_proof_and_is_answered_once(ground: Ground) -> None:
    await ground.client.post("/plans", json=ground.plan())
    lift = (await ground.raise_event(Level.SEVERE))["lift-goods"]
    place = f"/tasks/{lift['id']}/result"
    bare = await ground.client.post(place, json={"state": "done"})
    assert (bare.status_code, bare.json()["code"], bare.json()["field"]) == (422, "proof_needed", "photo")
    done = await ground.client.post(place, json={"state": "done", "photo": PHOTO})
    assert (done.json()["state"], done.json()["ended_by"]) == ("done", "risk-engineer")
    again = await ground.client.post(place, json={"state": "done", "photo": PHOTO})
    assert (again.status_code, again.json()) == (200, done.json())
    other = await ground.client.post(place, json={"state": "unsafe-not-done"})
    assert (other.status_code, other.json()["code"]) == (409, "task_ended")


async def test_unsafe_and_not_done_is_a_full_answer(ground: Ground) -> None:
    await ground.client.post("/plans", json=ground.plan())
    look = (await ground.raise_event(Level.SEVERE))["look"]
    answer = await ground.client.post(f"/tasks/{look['id']}/result", json={"state": "unsafe-not-done"})
    assert (answer.status_code, answer.json()["state"]) == (200, "unsafe-not-done")


async def test_under_red_no_photo_is_asked_and_no_inspection_is_open(ground: Ground) -> None:
    await ground.client.post("/plans", json=ground.plan())
    tasks = await ground.raise_event(Level.EXTREME)
    assert (tasks["lift-goods"]["state"], tasks["look"]["state"]) == ("open", "closed-unsafe")
    answer = await ground.client.post(f"/tasks/{tasks['lift-goods']['id']}/result", json={"state": "done"})
    assert (answer.status_code, answer.json()["state"]) == (200, "done")


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.REGULATOR, "/plans", 403),
        (Role.OPERATIONS, "/plans", 403),
        (Role.ADMINISTRATOR, "/plans", 201),
        (Role.INSPECTOR, "/tasks/none/result", 404),
        (Role.REGULATOR, "/tasks/none/result", 403),
        (Role.COUNTER_MANAGER, "/tasks/none/result", 403),
        (Role.REGULATOR, "/partners", 403),
        (Role.INSPECTOR, "/resource-requests", 403),
        (Role.REGULATOR, "/partners/none/contact-check", 403),
    ],
)
async def test_roles_may_do_what_is_theirs(ground: Ground, role: Role, path: str, status: int) -> None:
    bodies = {"/plans": ground.plan(), "/tasks/none/result": {"state": "unsafe-not-done"}}
    body = bodies.get(path, {"name": "x", "latitude": 0, "longitude": 0, "event": "", "resource": "", "count": 1})
    async with ground.console.client(role.value) as other:
        answer = await other.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status


async def test_nearest_partner_is_asked_until_nothing_is_left(ground: Ground) -> None:
    await ground.raise_event(Level.SEVERE)
    near, far = (
        await ground.partner(f"near {ground.code}", 31.26, 3),
        await ground.partner(f"far {ground.code}", 31.9, 9),
    )
    offers = await ground.offers()
    ranked = list(offers)
    assert ranked.index(str(near["name"])) < ranked.index(str(far["name"]))
    pumps = offers[str(near["name"])]
    assert 1_000 < float(str(pumps["distance_m"])) < 1_200
    asked = await ground.ask(pumps["resource"], 2, f"first {ground.code}")
    assert (asked.status_code, asked.json()["state"], asked.json()["count"]) == (201, "asked", 2)
    left = (await ground.offers())[str(near["name"])]
    assert (left["count"], left["available"]) == (3, 1)
    assert str(near["name"]) not in await ground.offers(least=2)
    more = await ground.ask(pumps["resource"], 2, f"second {ground.code}")
    assert (more.status_code, more.json()["code"], more.json()["field"]) == (409, "not_enough", "count")


async def test_request_goes_on_and_its_log_tells_all(ground: Ground) -> None:
    await ground.raise_event(Level.SEVERE)
    partner = await ground.partner(f"log {ground.code}", 31.26, 3)
    pumps = (await ground.offers())[str(partner["name"])]
    asked = (await ground.ask(pumps["resource"], 3, f"log {ground.code}")).json()
    place = f"/resource-requests/{asked['id']}"
    early = await ground.client.put(f"{place}/state", json={"state": "returned"})
    assert (early.status_code, early.json()["code"]) == (409, "cannot_follow")
    for state in ("accepted", "accepted", "arrived", "returned"):
        moved = await ground.client.put(f"{place}/state", json={"state": state, "note": f"now {state}"})
        assert (moved.status_code, moved.json()["state"]) == (200, state)
    log = (await ground.client.get(f"{place}/log")).json()
    assert [(word["number"], word["state"], word["note"]) for word in log] == [
        (1, "asked", "by the gate"),
        (2, "accepted", "now accepted"),
        (3, "arrived", "now arrived"),
        (4, "returned", "now returned"),
    ]
    assert (await ground.offers())[str(partner["name"])]["available"] == 3
    (listed,) = (await ground.client.get("/resource-requests", params={"event": ground.event})).json()["items"]
    assert (listed["id"], listed["state"]) == (asked["id"], "returned")


async def test_same_key_makes_one_request_even_at_once(ground: Ground) -> None:
    await ground.raise_event(Level.SEVERE)
    partner = await ground.partner(f"key {ground.code}", 31.26, 9)
    resource = (await ground.offers())[str(partner["name"])]["resource"]
    answers = await asyncio.gather(*(ground.ask(resource, 2, f"key {ground.code}") for _ in range(4)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert (await ground.offers())[str(partner["name"])]["available"] == 7
    other = await ground.ask(resource, 3, f"key {ground.code}")
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (422, "key_reused", "Idempotency-Key")


async def test_key_of_another_member_of_staff_is_another_key(ground: Ground) -> None:
    await ground.raise_event(Level.SEVERE)
    partner = await ground.partner(f"two {ground.code}", 31.26, 9)
    resource = (await ground.offers())[str(partner["name"])]["resource"]
    first = await ground.ask(resource, 2, f"two {ground.code}")
    async with ground.console.client(Role.OPERATIONS.value) as other:
        other.base_url = ground.client.base_url
        second = await Ground(ground.console, other, ground.code, ground.event).ask(resource, 2, f"two {ground.code}")
    assert (second.status_code, second.json()["id"] != first.json()["id"]) == (201, True)


async def test_request_without_a_key_or_for_nothing_is_refused(ground: Ground) -> None:
    body = {"event": ground.event, "resource": "none", "count": 1}
    bare = await ground.client.post("/resource-requests", json=body)
    assert (bare.status_code, bare.json()["code"]) == (400, "key_needed")
    assert (await ground.ask("none", 1, "no event yet")).json()["code"] == "no_event"
    await ground.raise_event(Level.SEVERE)
    assert (await ground.ask("none", 1, "no resource")).json()["code"] == "no_resource"


async def test_refused_request_leaves_its_key_free(ground: Ground) -> None:
    await ground.ask("none", 1, f"free {ground.code}")
    await ground.raise_event(Level.SEVERE)
    partner = await ground.partner(f"free {ground.code}", 31.26, 9)
    resource = (await ground.offers())[str(partner["name"])]["resource"]
    assert (await ground.ask(resource, 1, f"free {ground.code}")).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"phone": "javascript:alert(1)"}, "phone"),
        ({"mail": "two@example.org, three@example.org"}, "mail"),
    ],
    ids=["blank name", "control sign", "no phone", "two mails"],
)
async def test_wrong_partners_are_refused(ground: Ground, change: dict[str, object], field: str) -> None:
    entry = {"name": f"wrong {ground.code}", "latitude": 31.2, "longitude": 121.5}
    answer = await ground.client.post("/partners", json=entry | change)
    assert (answer.status_code, answer.json().get("field")) == (422, field)


async def test_partner_is_entered_once_and_changed(ground: Ground) -> None:
    known = await ground.partner(f"again {ground.code}", 31.26, 3)
    assert await ground.partner(f"again {ground.code}", 31.26, 3) == known
    entry = {"name": known["name"], "latitude": 31.27, "longitude": 121.55, "resources": [{"kind": "boat", "count": 1}]}
    taken = await ground.client.post("/partners", json=entry)
    assert (taken.status_code, taken.json()["code"]) == (409, "partner_exists")
    async with ground.console.client(Role.OPERATIONS.value) as other:
        changed = await other.put(f"/api/v1/partners/{known['id']}", json=entry)
        missing = await other.put("/api/v1/partners/none", json=entry | {"name": f"none {ground.code}"})
    assert (changed.json()["latitude"], changed.json()["resources"]) == (
        31.27,
        [{"kind": "boat", "count": 1, "detail": ""}],
    )
    assert known["name"] not in await ground.offers()
    assert (missing.status_code, missing.json()["code"]) == (404, "no_partner")


async def test_contacts_that_nobody_tried_are_listed_until_somebody_does(ground: Ground) -> None:
    partner = await ground.partner(f"stale {ground.code}", 31.26, 1)
    person = {"id": f"p-{ground.code}", "name": "Invented Wang", "role": "customer", "language": "zh-Hans"}
    await ground.console.add(recipient, person | {"zone": "Asia/Shanghai", "contact_checked_at": 1_000})

    async def stale(since: str) -> set[str]:
        answer = await ground.client.get("/unchecked-contacts", params={"since": since, "limit": 1000})
        return {contact["id"] for contact in answer.json()["items"]} & {str(partner["id"]), person["id"]}

    assert await stale("2026-03-01T00:00:00Z") == {partner["id"], person["id"]}
    assert await stale("1970-01-01T00:00:01Z") == {partner["id"]}
    checked = await ground.client.post(f"/partners/{partner['id']}/contact-check")
    assert checked.status_code == 204
    assert await stale("2026-03-01T00:00:00Z") == {person["id"]}
