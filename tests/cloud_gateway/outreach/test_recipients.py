"""Who is told, from tables and by the API: every wrong field named, the same again changing nothing, no key shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloud_gateway.outreach.duty import read_calendar
from cloud_gateway.outreach.recipients import read_people
from cloud_gateway.outreach.sheets import TableRefused
from cloud_gateway.staff.roles import Role
from deploy.cli import run
from tests.cloud_gateway.conftest import Console
from tests.databases import make_database

Output = pytest.CaptureFixture[str]
HEADER = "name,role,sites,mail,chat,phone,quiet_from,quiet_to,least,hazards\n"
LIN = "林一,customer,depot-1,lin@example.org,,13800000001,22:00,07:00,2,rainstorm;flood\n"
ADA = "Ada Chen,risk-engineer,depot-1;dock-2,,json://hook.example.org/k3y,,,,,\n"
SITES = (
    "code,name,latitude,longitude,zone\n"
    "depot-1,Depot,31.2,121.5,Asia/Shanghai\n"
    "dock-2,Dock,32.7,-79.9,America/New_York\n"
)
ENTRY = {"name": "Branch East", "role": "branch", "mail": "east@example.org"}


@pytest.fixture
def config(tmp_path: Path, capsys: Output) -> str:
    file = tmp_path / "gateway.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n')
    make_database(tmp_path / "gateway.db")
    (tmp_path / "sites.csv").write_text(SITES)
    assert run(["sites", "import", str(tmp_path / "sites.csv"), "--config", str(file), "--datum", "WGS-84"]) == 0
    capsys.readouterr()
    return str(file)


def enter(config: str, part: str, content: str, *options: str) -> int:
    file = Path(config).parent / f"{part}.csv"
    file.write_text(content)
    return run(["outreach", part, "import", str(file), "--config", config, "--json", *options])


def test_people_are_entered_once_and_changed_only_when_asked(config: str, capsys: Output) -> None:
    changed = LIN.replace("lin@", "lin.yi@")
    codes = [
        enter(config, "people", HEADER + LIN + ADA),
        enter(config, "people", HEADER + LIN + ADA),
        enter(config, "people", HEADER + changed),
        enter(config, "people", HEADER + changed, "--update"),
    ]
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert codes == [0, 0, 1, 0]
    assert [(one["added"], one["changed"], one["unchanged"]) for one in said] == [
        (2, 0, 0),
        (0, 0, 2),
        (0, 0, 0),
        (0, 1, 0),
    ]


def test_one_wrong_row_keeps_all_out(config: str, capsys: Output) -> None:
    assert enter(config, "people", HEADER + LIN + ADA.replace("dock-2", "nowhere")) == 1
    (mistake,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert (mistake["row"], mistake["field"], mistake["text"]) == (2, "sites", "no site has the code 'nowhere'")
    run(["outreach", "people", "list", "--config", config, "--json"])
    assert json.loads(capsys.readouterr().out) == []


def test_list_shows_no_key_of_a_chat_address(config: str, capsys: Output) -> None:
    enter(config, "people", HEADER + ADA)
    run(["outreach", "people", "list", "--config", config, "--json"])
    assert "k3y" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (",customer,,a@example.org,,,,,,", "name"),
        ("Lin,boss,,a@example.org,,,,,,", "role"),
        ("Lin,customer,,a@b@c,,,,,,", "mail"),
        ("Lin,customer,,,,,,,,", "mail"),
        ("Lin,customer,,,not an address,,,,,", "chat"),
        ("Lin,customer,,,,call me,,,,", "phone"),
        ("Lin,customer,,a@example.org,,,25:00,07:00,,", "quiet_from"),
        ("Lin,customer,,a@example.org,,,22:00,,,", "quiet_from"),
        ("Lin,customer,,a@example.org,,,,,9,", "least"),
        ("Lin,customer,,a@example.org,,,,,,locusts", "hazards"),
    ],
)
def test_wrong_field_is_named_with_what_would_be_right(row: str, field: str) -> None:
    people = read_people((HEADER + row + "\n").encode())
    assert [(one.row, one.field) for one in people.mistakes] == [(1, field)]
    assert all(one.remedy for one in people.mistakes)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"name\nx\n", "no column 'role'"),
        (b"name,role,shoe\nx,y,z\n", "unknown column 'shoe'"),
        (b"\xff\xfe\x00\xd8", "neither UTF-8 nor GB 18030"),
        (b'name,role\n"x,y\n', "line"),
    ],
    ids=["missing", "unknown", "encoding", "quote"],
)
def test_table_that_is_none_is_refused_whole(raw: bytes, word: str) -> None:
    with pytest.raises(TableRefused, match=word):
        read_people(raw)


def test_table_of_a_chinese_office_is_read() -> None:
    (row,) = read_people((HEADER + LIN).encode("gb18030")).rows
    assert (row.entry.name, row.entry.hazards) == ("林一", ["rainstorm", "flood"])


def test_duty_is_read_in_the_zone_of_the_desk() -> None:
    table = "name,since,until,rank\nAda Chen,2026-07-20 08:00,2026-07-20T20:00:00+09:00,2\n"
    (turn,) = read_calendar(table.encode(), "Asia/Shanghai").turns
    assert (turn.since, turn.until, turn.rank) == (1_784_505_600_000, 1_784_545_200_000, 2)


def test_turn_that_ends_before_it_begins_is_named() -> None:
    table = "name,since,until\nAda Chen,2026-07-20 08:00,2026-07-20 07:00\nAda Chen,soon,2026-07-20 07:00\n"
    mistakes = read_calendar(table.encode(), "Asia/Shanghai").mistakes
    assert [(one.row, one.field) for one in mistakes] == [(1, "until"), (2, "since")]


def test_duty_is_entered_once_and_replaced_when_asked(config: str, capsys: Output) -> None:
    enter(config, "people", HEADER + ADA)
    head = "name,since,until,rank\n"
    early = "Ada Chen,2099-07-20 08:00,2099-07-20 20:00,1\n"
    late = "Ada Chen,2099-07-20 20:00,2099-07-21 08:00,1\n"
    moved = late.replace("20:00,2099", "19:00,2099")
    capsys.readouterr()
    codes = [
        enter(config, "duty", head + early + late),
        enter(config, "duty", head + early + late),
        enter(config, "duty", head + moved, "--replace"),
        enter(config, "duty", head + late.replace("Ada Chen", "Nobody")),
    ]
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert codes == [0, 0, 0, 1]
    assert [(one["added"], one["changed"], one["unchanged"]) for one in said] == [
        (2, 0, 0),
        (0, 0, 2),
        (1, 2, 0),
        (0, 0, 0),
    ]


@pytest.mark.asyncio(loop_scope="session")
async def test_api_enters_checks_and_disables(shared: Console) -> None:
    async with shared.client(Role.OPERATIONS.value) as client:
        entry = ENTRY | {"name": "Branch South", "chat": "json://hook.example.org/k3y"}
        made = await client.post("/api/v1/recipients", json=entry, headers={"Idempotency-Key": "branch-south-1"})
        again = await client.post("/api/v1/recipients", json=entry, headers={"Idempotency-Key": "branch-south-1"})
        person = made.json()["id"]
        done = [
            (await client.post(f"/api/v1/recipients/{person}/contact-check")).status_code,
            (await client.post(f"/api/v1/recipients/{person}/disabling")).status_code,
        ]
        listed = [one for one in (await client.get("/api/v1/recipients")).json()["items"] if one["id"] == person]
        back = await client.delete(f"/api/v1/recipients/{person}/disabling")
    assert (made.status_code, again.json(), done, back.status_code) == (201, made.json(), [204, 204], 204)
    assert listed[0]["entry"]["chat"] == "json://…"
    assert None not in (listed[0]["contact_checked_at"], listed[0]["disabled_at"])


@pytest.mark.asyncio(loop_scope="session")
async def test_api_refuses_a_wrong_entry_by_field_and_an_unknown_person(shared: Console) -> None:
    async with shared.client(Role.OPERATIONS.value) as client:
        nowhere = await client.post("/api/v1/recipients", json=ENTRY | {"sites": ["nowhere"]})
        unknown = await client.post("/api/v1/recipients/unknown/disabling")
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "sites")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_recipient")


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("role", [Role.REGULATOR, Role.INSPECTOR, Role.RISK_ENGINEER])
async def test_only_operations_and_administrators_enter_people(shared: Console, role: Role) -> None:
    async with shared.client(role.value) as client:
        assert (await client.post("/api/v1/recipients", json=ENTRY)).status_code == 403
