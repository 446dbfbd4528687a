"""Signing in and out: passwords, one-time links, sessions."""

from __future__ import annotations

import asyncio
import re
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from argon2 import PasswordHasher, extract_parameters

from cloud_gateway.staff import accounts
from cloud_gateway.staff.passwords import LEAST, Passwords, WeakPassword
from cloud_gateway.staff.routes import own_path
from tests.cloud_gateway.conftest import Console

pytestmark = pytest.mark.asyncio(loop_scope="session")
GOOD = "correct horse battery"


async def test_password_opens_a_session(empty: Console) -> None:
    await accounts.set_password(empty.settings.database, "demo", GOOD)
    async with empty.visitor() as client:
        answer = await client.post("/sign-in", data={"name": "demo", "password": GOOD, "next": "/"})
        page = await client.get("/")
    assert (answer.status_code, answer.headers["location"], page.status_code) == (303, "/", 200)


async def test_cookie_is_kept_from_scripts_and_other_sites(shared: Console) -> None:
    async with shared.visitor() as client:
        answer = await client.post("/enter", data={"token": await shared.link()})
    cookie = answer.headers["set-cookie"]
    assert re.search(r"weiran_session=[\w-]{43};", cookie)
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie


@pytest.mark.parametrize(
    ("name", "password"),
    [("demo", "wrong password"), ("nobody", GOOD), ("", ""), ("regulator", ""), ("demo", "x" * 999)],
    ids=["wrong", "unknown", "empty", "no password set", "huge"],
)
async def test_wrong_names_and_passwords_say_the_same(empty: Console, name: str, password: str) -> None:
    await accounts.set_password(empty.settings.database, "demo", GOOD)
    async with empty.visitor() as client:
        answer = await client.post("/sign-in?lang=en", data={"name": name, "password": password})
    assert answer.status_code == 403
    assert "Name and password do not fit together" in answer.text
    assert "set-cookie" not in answer.headers or "weiran_session" not in answer.headers["set-cookie"]


async def test_sixth_wrong_password_must_wait(empty: Console) -> None:
    await accounts.set_password(empty.settings.database, "demo", GOOD)
    async with empty.visitor() as client:
        for _ in range(5):
            await client.post("/sign-in", data={"name": "demo", "password": "wrong password"})
        right = await client.post("/sign-in?lang=en", data={"name": "Demo ", "password": GOOD})
        other = await client.post("/sign-in", data={"name": "operations", "password": GOOD})
    assert (right.status_code, other.status_code) == (429, 403)
    assert re.search(r"Too many tries. Wait \d+ s", right.text)


async def test_many_sign_ins_at_once_are_bounded(shared: Console) -> None:
    async with shared.visitor() as client:
        client.timeout = httpx.Timeout(300)  # each check is meant to be slow, and so is a busy machine
        tries = (client.post("/sign-in", data={"name": f"n{i}", "password": GOOD}) for i in range(30))
        codes = [a.status_code for a in await asyncio.gather(*tries)]
    assert set(codes) == {403, 503}
    assert codes.count(403) >= 20


async def test_unknown_names_take_as_long_as_known_ones() -> None:
    hasher = NotingHasher(time_cost=1, memory_cost=1024, parallelism=1)
    passwords = Passwords(hasher)
    stored = await passwords.hash(GOOD)
    fits = [await passwords.verify(known, "wrong password") for known in (stored, None)]
    known, unknown = hasher.verified
    assert (fits, known) == ([False, False], stored)
    assert extract_parameters(unknown) == extract_parameters(stored)


class NotingHasher(PasswordHasher):
    """Notes each hash that it verifies a password against; the work of that depends on the hash's parameters."""

    verified: tuple[str, ...] = ()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the base class's name
        self.verified += (str(hash),)
        return super().verify(hash, password)


async def test_short_password_is_refused() -> None:
    with pytest.raises(WeakPassword, match="12 to 256"):
        await Passwords().hash("x" * (LEAST - 1))


async def test_link_signs_in_once(shared: Console) -> None:
    token = await shared.link()
    async with shared.visitor() as client:
        first = await client.post("/enter", data={"token": token})
        second = await client.post("/enter?lang=en", data={"token": token})
    assert (first.status_code, second.status_code) == (303, 403)
    assert "This link has been used" in second.text


async def test_fetching_a_link_does_not_use_it(shared: Console) -> None:
    token = await shared.link()
    async with shared.visitor() as client:
        for _ in range(3):
            await client.get("/enter", params={"token": token})
            await client.head("/enter", params={"token": token})
        answer = await client.post("/enter", data={"token": token})
    assert answer.status_code == 303


async def test_link_expires(shared: Console) -> None:
    token = await accounts.make_link(shared.settings.database, "demo", lasts_ms=0)
    async with shared.visitor() as client:
        answer = await client.post("/enter", data={"token": token})
    assert answer.status_code == 403


async def test_link_page_tells_nobody_where_it_was(shared: Console) -> None:
    async with shared.visitor() as client:
        answer = await client.get("/enter")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


async def test_tokens_are_not_in_the_database(empty: Console) -> None:
    token = await empty.link()
    async with empty.visitor() as client:
        await client.post("/enter", data={"token": token})
        session = client.cookies["weiran_session"]
    files = b"".join(f.read_bytes() for f in empty.settings.data_dir.glob("gateway.db*"))
    assert token.encode() not in files and session.encode() not in files


async def test_sign_out_ends_the_session_itself(shared: Console) -> None:
    async with shared.client() as client:
        token = client.cookies["weiran_session"]
        await client.post("/sign-out")
        answer = await client.get("/api/v1/devices", headers={"Cookie": f"weiran_session={token}"})
    assert answer.status_code == 401


async def test_new_password_ends_sessions_and_links(empty: Console) -> None:
    link = await empty.link()
    async with empty.client() as client:
        await accounts.set_password(empty.settings.database, "demo", GOOD)
        codes = [(await client.get("/api/v1/devices")).status_code]
        codes.append((await client.post("/enter", data={"token": link})).status_code)
    assert codes == [401, 403]


async def test_disabled_staff_is_out_at_once(empty: Console) -> None:
    await accounts.set_password(empty.settings.database, "demo", GOOD)
    async with empty.client() as client:
        await accounts.disable_staff(empty.settings.database, "demo")
        session = await client.get("/api/v1/devices")
        again = await client.post("/sign-in", data={"name": "demo", "password": GOOD})
    assert (session.status_code, again.status_code) == (401, 403)
    with pytest.raises(accounts.NoSuchStaff, match="disabled"):
        await accounts.make_link(empty.settings.database, "demo")


async def test_disabled_staff_hears_no_more_events(empty: Console) -> None:
    async with empty.client() as client, client.stream("GET", "/api/v1/events") as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        await accounts.disable_staff(empty.settings.database, "demo")
        async with asyncio.timeout(60):
            rest = [line async for line in lines]
    assert rest


async def test_pages_lead_to_the_sign_in_page(shared: Console) -> None:
    async with shared.visitor() as client:
        first = await client.get("/")
        other = await client.get("/overview/state")
        chart = await client.get("/charts?s=tide-1/level&from=2026-11-22T00:00:00Z")
        long = await client.get("/charts?s=" + "a" * 1500)
    assert first.headers["location"] == "/sign-in"
    assert other.headers["location"] == "/sign-in?next=%2Foverview%2Fstate"
    goal = parse_qs(urlsplit(chart.headers["location"]).query)["next"]
    assert goal == ["/charts?s=tide-1/level&from=2026-11-22T00:00:00Z"]
    assert long.headers["location"] == "/sign-in?next=%2Fcharts"


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("/", "/"), ("/overview", "/overview"), ("https://evil.example/", "/"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("/a\r\nSet-Cookie: x=1", "/"), ("javascript:alert(1)", "/"), ("", "/"),
    ],
)  # fmt: skip
async def test_sign_in_leads_to_own_pages_only(goal: str, expected: str) -> None:
    assert own_path(goal) == expected


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "a\nb"], ids=["empty", "blank", "long", "two lines"])
async def test_unusable_names_are_refused(shared: Console, name: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        await accounts.add_staff(shared.settings.database, name, "operations")


async def test_names_and_roles_are_checked(shared: Console) -> None:
    with pytest.raises(accounts.NameTaken):
        await accounts.add_staff(shared.settings.database, "demo", "operations")
    with pytest.raises(ValueError, match="king"):
        await accounts.add_staff(shared.settings.database, "new", "king")
    with pytest.raises(accounts.NoSuchStaff, match="nobody"):
        await accounts.make_link(shared.settings.database, "nobody")


async def test_staff_is_listed_by_name(shared: Console) -> None:
    names = [s.name for s in await accounts.list_staff(shared.settings.database)]
    assert names == sorted(names) and "demo" in names
