"""The API of warnings over a served gateway: posted by a source, followed, shown, and closed by a duty engineer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copyfile

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert, select

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.tables import exposure
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.sites.store import NewSite, add_site
from cloud_gateway.staff.roles import Role
from cloud_gateway.warnings.reading import Reading
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store import save_reading
from cloud_gateway.warnings.store_courses import follow_all
from cloud_gateway.warnings.tables import alert
from tests.cloud_gateway.conftest import Console, now_ms, running
from tests.cloud_gateway.warnings.documents import atom, cap_xml
from tests.cloud_gateway.warnings.messages import signal

pytestmark = pytest.mark.asyncio(loop_scope="session")
TOKEN = "a-token-of-the-test-office"
PUSH = "/api/v1/warning-sources/office/messages"


@asynccontextmanager
async def serving(migrated: Path, folder: Path) -> AsyncIterator[Console]:
    """A gateway with a source that posts and one that is polled, by nobody here."""
    copyfile(migrated, folder / "gateway.db")
    (folder / "token").touch(0o600)
    (folder / "token").write_text(TOKEN + "\n")
    (folder / "open").write_text(TOKEN + "\n")
    (folder / "open").chmod(0o644)
    settings = {
        "data_dir": folder,
        "web": {"port": 0},
        "sources": [
            {"name": "office", "kind": "push", "token_file": folder / "token", "simulated": True},
            {"name": "index", "kind": "feed", "url": "https://alerts.example.org/feed"},
            {"name": "unset", "kind": "push", "token_file": folder / "none"},
            {"name": "open", "kind": "push", "token_file": folder / "open"},
        ],
    }
    async with running(GatewaySettings.model_validate(settings)) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def console(migrated: Path, tmp_path: Path) -> AsyncIterator[Console]:
    """A gateway of one test alone."""
    async with serving(migrated, tmp_path) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def common(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A gateway for tests that do not mind what others posted."""
    async with serving(migrated, tmp_path_factory.mktemp("common")) as served:
        yield served


async def push(console: Console, body: bytes, token: str = TOKEN, path: str = PUSH) -> httpx.Response:
    """Post as a program does: no session, no origin."""
    async with httpx.AsyncClient(base_url=console.origin, timeout=60) as program:
        return await program.post(path, content=body, headers={"Authorization": f"Bearer {token}".strip()})


async def follow(console: Console) -> None:
    async with transaction(console.engine) as connection:
        await follow_all(connection, now_ms())


async def add_signal(console: Console, hazard: str = "typhoon") -> str:
    """A Chinese signal in force without an end, followed; its warning's id."""
    said = signal(1, "red", hazard)
    source = Source(name="index", kind="nmc", url="https://alerts.example.org/")
    async with transaction(console.engine) as connection:
        saved = await save_reading(connection, source, Reading((said,), raws=(b"<as published>",)), now_ms())
        await follow_all(connection, now_ms())
        id_ = await connection.scalar(select(alert.c.warning).where(alert.c.id == saved.new[0]))
    return str(id_)


async def test_a_posted_message_is_taken_once_and_shown(console: Console) -> None:
    first, again = await push(console, cap_xml("A")), await push(console, cap_xml("A"))
    await follow(console)
    async with console.client("regulator") as client:
        (shown,) = (await client.get("/api/v1/warnings?state=all")).json()["items"]
        story = (await client.get(f"/api/v1/warnings/{shown['id']}")).json()
    assert (first.status_code, len(first.json()["new"]), again.json()) == (
        200,
        1,
        {"new": [], "known": 1, "refused": []},
    )
    assert (shown["event"], shown["source"], shown["simulated"], shown["where"]) == (
        "Rainstorm",
        "office",
        True,
        "Example",
    )
    (message,) = story["messages"]
    assert (message["identifier"], message["sent"], message["signature"]) == ("A", "2026-07-20T01:00:00Z", "none")
    assert (message["parts"][0]["event"], story["exposures"], story["closings"]) == ("Rainstorm", [], [])


@pytest.mark.parametrize(
    ("path", "token"),
    [(PUSH, "wrong"), (PUSH, ""), (PUSH.replace("office", "index"), ""), (PUSH.replace("office", "nobody"), TOKEN)],
    ids=["wrong token", "no token", "a polled source", "an unknown source"],
)
async def test_only_a_source_with_its_token_may_post(common: Console, path: str, token: str) -> None:
    answer = await push(common, cap_xml("A"), token, path)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (401, "wrong_token", "Authorization")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_session_is_no_token(common: Console) -> None:
    async with common.client() as client:
        answer = await client.post(PUSH, content=cap_xml("A"))
    assert answer.status_code == 401


@pytest.mark.parametrize("name", ["unset", "open"], ids=["no file", "a file that others may read"])
async def test_a_source_without_its_file_is_told_to_the_administrator(common: Console, name: str) -> None:
    answer = await push(common, cap_xml("A"), TOKEN, PUSH.replace("office", name))
    assert (answer.status_code, answer.json()["code"]) == (503, "source_not_ready")
    assert "none" not in answer.text.replace('"none"', "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<!DOCTYPE a><a/>", "xml_doctype"),
        (b"<html/>", "not_a_warning"),
        (b"{}", "not_a_warning"),
        (cap_xml("A").replace(b"2026", b"soon"), "bad_time"),
    ],
    ids=["doctype", "a page", "other JSON", "no time"],
)
async def test_what_cannot_be_taken_is_named(common: Console, body: bytes, code: str) -> None:
    answer = await push(common, body)
    async with common.client() as client:
        kept = (await client.get("/api/v1/warning-refusals?source=office")).json()["items"]
    assert (answer.status_code, answer.json()["code"], kept[0]["code"]) == (422, code, code)


async def test_one_bad_message_does_not_stop_the_rest(common: Console) -> None:
    held = f"<entry><content>{cap_xml('B').decode().partition('?>')[2]}</content></entry><entry><id>n</id></entry>"
    answer = await push(common, atom([("https://alerts.example.org/1", "2026-07-20T01:00:00Z")], held))
    said = answer.json()
    assert (answer.status_code, len(said["new"])) == (200, 1)
    assert sorted(one["code"] for one in said["refused"]) == ["link_not_followed", "no_link"]


async def test_an_empty_post_is_a_sign_of_life(console: Console) -> None:
    assert (await push(console, b"")).json() == {"new": [], "known": 0, "refused": []}
    async with console.client() as client:
        sources = {one["name"]: one for one in (await client.get("/api/v1/warning-sources")).json()}
    assert [sources[name]["health"] for name in ("office", "index")] == ["fresh", "waiting"]
    assert (sources["index"]["next_at"], sources["office"]["refused"]) == (None, 0)


async def test_posts_may_be_large_but_not_too_large(common: Console) -> None:
    padded = cap_xml("C").replace(b"</alert>", b"<note>" + b"x" * 500_000 + b"</note></alert>")
    assert (await push(common, padded)).status_code == 200
    assert await announce(common, 8 * 1024 * 1024 + 1) == "413"


async def announce(console: Console, size: int) -> str:
    """The status of a post that says how large it is and sends nothing yet."""
    host, _, port = console.origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {PUSH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n".encode())
    status = (await reader.readline()).decode().split()[1]
    writer.close()
    return status


async def test_a_message_comes_back_as_it_was_published(console: Console) -> None:
    await push(console, cap_xml("A"))
    await follow(console)
    async with reading(console.engine) as connection:
        row = (await connection.execute(select(alert.c.id, alert.c.warning))).one()
    async with console.client() as client:
        raw = await client.get(f"/api/v1/warnings/{row.warning}/messages/{row.id}/raw")
        other = await client.get(f"/api/v1/warnings/{row.id}/messages/{row.id}/raw")
    assert (raw.content, raw.headers["content-type"]) == (cap_xml("A"), "application/octet-stream")
    assert raw.headers["content-disposition"] == f'attachment; filename="{row.id}.xml"'
    assert (other.status_code, other.json()["code"]) == (404, "no_warning")


async def test_pages_of_warnings_follow_each_other(console: Console) -> None:
    for number in range(5):
        await push(console, cap_xml(f"A{number}", 1 + number % 2))
    await follow(console)
    seen: list[str] = []
    after: dict[str, str] = {}
    async with console.client() as client:
        for _ in range(3):
            page = (await client.get("/api/v1/warnings", params={"state": "all", "limit": 2, **after})).json()
            seen += [one["id"] for one in page["items"]]
            after = {"after": page["next"]}
    assert (len(seen), len(set(seen)), page["next"]) == (5, 5, None)


async def test_exposed_sites_stand_with_their_warning(console: Console) -> None:
    id_ = await add_signal(console)
    new = NewSite("dock-9", "Dock 9", "九号码头", 31.2, 121.5, "Asia/Shanghai")
    touched = {"warning": id_, "hazard": "typhoon", "why": "geocode", "sure": "certain", "level": 4, "holds": 4}
    touched |= {"onset": 0, "detail": "310115", "distance_m": 0.0, "repaired": False, "since": 0}
    async with transaction(console.engine) as connection:
        site = await add_site(connection, new)
        await connection.execute(insert(exposure).values(**touched, site=site.id))
    async with console.client() as client:
        (shown,) = (await client.get(f"/api/v1/warnings/{id_}")).json()["exposures"]
    assert (shown["site"], shown["name_zh"], shown["why"], shown["level"]) == ("dock-9", "九号码头", "geocode", 4)


MAY_CLOSE = {Role.ADMINISTRATOR, Role.RISK_ENGINEER}
REASON = {"reason": "The office confirms by telephone."}


@pytest.mark.parametrize("role", [Role.RISK_ENGINEER, Role.ADMINISTRATOR, Role.OPERATIONS, Role.REGULATOR])
async def test_only_duty_engineers_close_a_warning(common: Console, role: Role) -> None:
    id_ = await add_signal(common, f"hazard-of-{role}")
    async with common.client(role.value) as client:
        answer = await client.post(f"/api/v1/warnings/{id_}/closings", json=REASON)
        shown = (await client.get(f"/api/v1/warnings/{id_}")).json()
    assert answer.status_code == (201 if role in MAY_CLOSE else 403)
    assert shown["warning"]["state"] == ("cancelled" if role in MAY_CLOSE else "in-force")
    assert [one["name"] for one in shown["closings"]] == [role.value] * (role in MAY_CLOSE)


async def test_a_closing_is_signed_once(common: Console) -> None:
    id_ = await add_signal(common)
    async with common.client("risk-engineer") as client:
        path = f"/api/v1/warnings/{id_}/closings"
        first, again = await asyncio.gather(*(client.post(path, json=REASON) for _ in range(2)))
        other = await client.post(path, json={"reason": "Another reason."})
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert (other.status_code, other.json()["code"]) == (409, "warning_over")


async def test_a_warning_with_an_end_is_left_to_its_issuer(console: Console) -> None:
    await push(console, cap_xml("A").replace(b"2026-07-20T20", b"2027-07-20T20"))
    await follow(console)
    async with console.client() as client:
        (shown,) = (await client.get("/api/v1/warnings")).json()["items"]
        answer = await client.post(f"/api/v1/warnings/{shown['id']}/closings", json=REASON)
        nobody = await client.post("/api/v1/warnings/none/closings", json=REASON)
        short = await client.post(f"/api/v1/warnings/{shown['id']}/closings", json={"reason": "ok"})
    assert (answer.status_code, answer.json()["code"]) == (409, "warning_has_end")
    assert (nobody.status_code, short.status_code, short.json()["field"]) == (404, 422, "reason")
