"""People and sessions as an API: made once, listed page by page, changed, shut out, and each one's own business."""

from __future__ import annotations

import httpx
import pytest

from cloud_gateway.staff.accounts import set_password
from tests.cloud_gateway.conftest import Console

pytestmark = pytest.mark.asyncio(loop_scope="session")
PEOPLE = "/api/v1/people"
GOOD = "correct horse battery"


async def find_id(client: httpx.AsyncClient, name: str) -> str:
    """The id of a person."""
    items = (await client.get(PEOPLE, params={"limit": 1000})).json()["items"]
    return next(str(item["id"]) for item in items if item["name"] == name)


async def test_person_is_made_once_for_a_key_and_listed_page_by_page(empty: Console) -> None:
    key = {"Idempotency-Key": "once-and-never-again"}
    new = {"name": "Wen", "role": "inspector"}
    async with empty.client() as admin:
        made = [await admin.post(PEOPLE, json=new, headers=key) for _ in range(2)]
        again = await admin.post(PEOPLE, json=new)
        first = (await admin.get(PEOPLE, params={"limit": 3})).json()
        rest = (await admin.get(PEOPLE, params={"after": first["next"]})).json()
        one = (await admin.get(f"{PEOPLE}/{made[0].json()['id']}")).json()
    names = [item["name"] for page in (first, rest) for item in page["items"]]
    assert [answer.status_code for answer in (*made, again)] == [201, 201, 409]
    assert made[0].json() == made[1].json() == one
    assert (one["role"], one["has_password"], one["disabled_at"]) == ("inspector", False, None)
    assert (names, rest["next"]) == (sorted(names), None)
    assert len(names) == 8


async def test_role_link_password_and_disabling_follow_one_another(empty: Console) -> None:
    await set_password(empty.settings.database, "inspector", GOOD)
    async with empty.client() as admin, empty.client("inspector") as inspector:
        this = f"{PEOPLE}/{await find_id(admin, 'inspector')}"
        changed = (await admin.put(f"{this}/role", json={"role": "regulator"})).json()
        out = await inspector.get("/api/v1/sessions")
        link = (await admin.post(f"{this}/links")).json()["link"]
        entered = await inspector.post("/enter", data={"token": link.partition("#")[2]})
        codes = [(await admin.delete(f"{this}/password")).status_code]
        codes += [(await admin.post(f"{this}/disabling")).status_code]
        refused = await admin.post(f"{this}/links")
        seen = (await admin.get(this)).json()
        codes += [(await admin.delete(f"{this}/disabling")).status_code]
    assert (changed["role"], out.status_code, entered.status_code, codes) == ("regulator", 401, 303, [204] * 3)
    assert (refused.status_code, refused.json()["code"]) == (409, "shut_out")
    assert (seen["has_password"], seen["disabled_at"] is None) == (False, False)


async def test_sessions_are_ended_one_by_one_by_their_owner_and_by_administrators(empty: Console) -> None:
    async with empty.client("inspector") as first, empty.client("inspector") as second, empty.client() as admin:
        sessions = (await first.get("/api/v1/sessions")).json()["items"]
        others = [one["name"] for one in sessions if not one["this"]]
        codes = [(await admin.delete(f"/api/v1/sessions/{others[0]}")).status_code]
        codes += [(await first.delete(f"/api/v1/sessions/{others[0]}")).status_code]
        codes += [(await second.get("/api/v1/sessions")).status_code]
        this = f"{PEOPLE}/{await find_id(admin, 'inspector')}/sessions"
        left = (await admin.get(this)).json()["items"]
        codes += [(await admin.delete(f"{this}/{left[0]['name']}")).status_code]
        codes += [(await first.get("/api/v1/sessions")).status_code, (await admin.delete(this)).status_code]
    assert (len(others), len(left), codes) == (1, 1, [404, 204, 401, 204, 401, 204])


async def test_last_administrator_keeps_role_and_account(empty: Console) -> None:
    async with empty.client() as admin:
        await admin.post(f"{PEOPLE}/{await find_id(admin, 'administrator')}/disabling")
        this = f"{PEOPLE}/{await find_id(admin, 'demo')}"
        answers = [await admin.put(f"{this}/role", json={"role": "regulator"}), await admin.post(f"{this}/disabling")]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "last_administrator")] * 2


@pytest.mark.parametrize(
    ("new", "field"),
    [({"name": "a\nb", "role": "inspector"}, "name"), ({"name": "x", "role": "king"}, "role")],
    ids=["name", "role"],
)
async def test_person_that_cannot_be_is_refused_by_name(shared: Console, new: dict[str, str], field: str) -> None:
    async with shared.client() as admin:
        answer = await admin.post(PEOPLE, json=new)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("role", ["operations", "regulator"])
async def test_people_are_the_business_of_administrators(shared: Console, role: str) -> None:
    async with shared.client() as admin:
        this = f"{PEOPLE}/{await find_id(admin, 'inspector')}"
    async with shared.client(role) as other:
        codes = {(await other.get(path)).status_code for path in (PEOPLE, this, f"{this}/sessions")}
        codes |= {
            (await other.post(path, json={})).status_code for path in (PEOPLE, f"{this}/disabling", f"{this}/links")
        }
        codes |= {(await other.delete(path)).status_code for path in (f"{this}/password", f"{this}/sessions")}
    assert codes == {403}
