"""Rated calls over real HTTP from the simulated telephone system, call-backs, and checks of telephones."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select

from cloud_gateway.complaints.tables import follow_up
from cloud_gateway.database import reading
from cloud_gateway.evidence.entries import hash_text
from cloud_gateway.evidence.store import list_entries
from cloud_gateway.evidence.store_export import list_shown_texts
from cloud_gateway.evidence.store_scrub import read_texts
from cloud_gateway.ratings.store_figures import list_views
from cloud_gateway.ratings.tables import rating
from cloud_gateway.staff.roles import Role
from cloud_gateway.telephony.tables import agent_phone, call_back, policy_phone, rated_call
from deploy.cli import run
from firmware_sim.keypad import KeyedCall
from tests.cloud_gateway.telephony.conftest import Exchange

pytestmark = pytest.mark.asyncio(loop_scope="session")
MANAGER = Role.COUNTER_MANAGER.value


async def ratings_of(exchange: Exchange, call: str) -> list[tuple[object, ...]]:
    """The counted ratings of a call: scale, score, station, clerk, stage."""
    columns = (rating.c.scale, rating.c.score, rating.c.station, rating.c.clerk, rating.c.stage)
    query = select(*columns).join(rated_call, rated_call.c.count == rating.c.count).where(rated_call.c.call == call)
    async with reading(exchange.console.engine) as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_key_becomes_a_rating_an_entry_and_a_follow_up(exchange: Exchange) -> None:
    said = await exchange.keypad.end(KeyedCall("5", clerk="07", station="pudong", call="bad"))
    assert (said.status, said.body) == (201, {"call": "bad", "heard": "rated", "counted": True})
    assert await ratings_of(exchange, "bad") == [(5, 1, "pudong", "07", "consultation")]
    async with reading(exchange.console.engine) as connection:
        entries = [one for one in await list_entries(connection, -1, 100) if one.type == "rating"]
        followed = list(await connection.scalars(select(follow_up.c.clerk).where(follow_up.c.channel == "phone")))
        (text,) = await read_texts(connection, entries[0].place, entries[0].place)
        shown = await list_shown_texts(connection, entries[0].place + 1)
        count = await connection.scalar(select(rated_call.c.count).where(rated_call.c.call == "bad"))
    assert text.salt is not None
    assert text.text is not None
    hidden = {"sha256": hash_text(text.salt, text.text)}
    assert msgspec.json.decode(entries[0].body)["body"] == {"channel": "phone", "given": hidden}
    assert msgspec.json.decode(text.text)["id"] == count
    assert [one for one in shown if one.path == text.path] == []
    assert followed == ["07"]


@pytest.mark.parametrize(
    ("digits", "hung_up", "heard"),
    [("", True, "hung-up"), ("", False, "no-digit"), ("9", False, "wrong-digit")],
    ids=["hung-up", "silent", "wrong"],
)
async def test_caller_without_an_answer_is_kept_and_counts_nothing(
    exchange: Exchange, digits: str, hung_up: bool, heard: str
) -> None:
    said = await exchange.keypad.end(KeyedCall(digits, hung_up, call=heard))
    assert (said.body["heard"], said.body["counted"]) == (heard, False)
    assert await ratings_of(exchange, heard) == []


async def test_message_sent_again_counts_once(exchange: Exchange) -> None:
    body = exchange.keypad.write(KeyedCall("1", call="twice"))
    first = await exchange.keypad.post(body, exchange.keypad.sign(body))
    again = await exchange.keypad.post(body, exchange.keypad.sign(body))
    other = await exchange.keypad.end(KeyedCall("2", call="twice"))
    assert [first.status, again.body["code"], other.body["code"]] == [201, "number_used", "call_rated_already"]
    assert len(await ratings_of(exchange, "twice")) == 1


async def test_changed_message_is_refused(exchange: Exchange) -> None:
    body = exchange.keypad.write(KeyedCall("5", call="changed"))
    said = await exchange.keypad.post(body.replace(b'"5"', b'"1"'), exchange.keypad.sign(body))
    assert (said.status, said.body["code"]) == (401, "bad_signature")
    assert await ratings_of(exchange, "changed") == []


async def test_list_is_dealt_out_and_never_to_the_agent_himself(exchange: Exchange) -> None:
    calls = [{"policy": f"P{n}", "agent": "07", "phone": f"1380000000{n}"} for n in range(3)]
    calls += [{"policy": f"Q{n}", "agent": "A9", "phone": f"1380000001{n}"} for n in range(3)]
    async with exchange.console.client(MANAGER) as client:
        made = await client.post("/api/v1/call-backs", json={"campaign": "autumn", "calls": calls})
        again = await client.post("/api/v1/call-backs", json={"campaign": "autumn", "calls": calls})
    dealt = {one["policy"]: one["handler"] for one in made.json()["calls"]}
    assert dealt == {f"P{n}": MANAGER for n in range(3)} | {f"Q{n}": "operations" for n in range(3)}
    assert again.json()["calls"] == []


async def test_card_needs_the_key_that_it_is_known_by(exchange: Exchange) -> None:
    counter = {"number": "1", "name": "One", "name_zh": "一号"}
    clerk = {"number": "90", "name": "Wu Invented", "card": "04A1B2"}
    entry = {"code": "airport", "name": "Airport", "name_zh": "机场", "counter": [counter], "clerk": [clerk]}
    async with exchange.console.client(Role.OPERATIONS) as client:
        answer = await client.put("/api/v1/stations/airport", json=entry)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_card_key")


async def test_rating_of_a_call_back_ends_it(exchange: Exchange) -> None:
    entry = {"campaign": "rated", "calls": [{"policy": "R1", "agent": "A9", "phone": "13800000020"}]}
    async with exchange.console.client(MANAGER) as client:
        (made,) = (await client.post("/api/v1/call-backs", json=entry)).json()["calls"]
        tried = await client.post(f"/api/v1/call-backs/{made['id']}/result", json={"result": "not-reached"})
        assert (tried.json()["state"], tried.json()["tries"]) == ("open", 1)
        said = await exchange.keypad.end(KeyedCall("1", purpose="call-back", call_back=made["id"], call="back"))
        late = await client.post(f"/api/v1/call-backs/{made['id']}/result", json={"result": "reached"})
    unknown = await exchange.keypad.end(KeyedCall("1", purpose="call-back", call_back=made["id"], call="back-2"))
    assert (said.status, late.json()["code"], unknown.body["code"]) == (201, "has_result", "no_call_back")
    assert (await ratings_of(exchange, "back"))[0][4] == "call-back"


@pytest_asyncio.fixture(loop_scope="session")
async def numbers(exchange: Exchange) -> dict[str, str]:
    """A new complaint and a new call-back; clerk 07 has passed a test."""
    calls = {"campaign": str(uuid4()), "calls": [{"policy": "T1", "agent": "A9", "phone": "13800000030"}]}
    test = {"clerk": "07", "course": "counter-service", "answers": [1, 0, 1, 1, 2, 0]}
    async with exchange.console.client(MANAGER) as client:
        case = (await client.post("/api/v1/complaints", json={"kind": "waiting", "text": "Nobody came"})).json()
        made = (await client.post("/api/v1/call-backs", json=calls)).json()["calls"]
        await client.post("/api/v1/training/results", json=test)
    return {"complaint": case["number"], "call": made[0]["id"]}


@pytest.mark.parametrize(
    ("path", "asked", "late"),
    [
        ("complaints/{complaint}/steps", {"step": "withdraw"}, 409),
        ("call-backs/{call}/result", {"result": "reached"}, 409),
        ("training/withdrawals", {"clerk": "07", "course": "counter-service"}, 404),
    ],
    ids=["step", "call-back", "withdrawal"],
)
async def test_what_is_sent_again_with_its_key_is_done_once(
    exchange: Exchange, numbers: dict[str, str], path: str, asked: dict[str, str], late: int
) -> None:
    address, key = f"/api/v1/{path.format(**numbers)}", {"Idempotency-Key": str(uuid4())}
    async with exchange.console.client(MANAGER) as client:
        first, again = [await client.post(address, json=asked, headers=key) for _ in range(2)]
        other = await client.post(address, json=asked)
    assert first.is_success
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert other.status_code == late


async def test_doubtful_telephones_are_told_masked_and_none_is_kept(exchange: Exchange) -> None:
    own, shared = "13800000099", "+86 138-0000-0088"
    async with exchange.console.client(MANAGER) as client:
        assert (await client.put("/api/v1/agent-phones", json={"agent": "A1", "phone": own})).status_code == 204
        found = [
            (await client.put("/api/v1/policy-phones", json={"policy": f"S{n}", "agent": "A2", "phone": phone})).json()
            for n, phone in enumerate([own, *[shared] * 4])
        ]
        listed = (await client.get("/api/v1/phone-findings")).json()["items"]
    assert [one["findings"] for one in found] == [["agents-own"], [], [], [], ["shared"]]
    assert [(one["policy"], one["phone"], one["agents"], one["policies"]) for one in listed] == [
        ("S0", "138****0099", ["A1"], 1), *[(f"S{n}", "138****0088", [], 4) for n in range(1, 5)],
    ]  # fmt: skip
    async with reading(exchange.console.engine) as connection:
        kept = [str((await connection.execute(select(t))).all()) for t in (agent_phone, policy_phone, call_back)]
    assert not [text for text in kept if "13800000" in text]


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.RISK_ENGINEER])
async def test_others_see_no_call_backs(exchange: Exchange, role: Role) -> None:
    async with exchange.console.client(role.value) as client:
        assert (await client.get("/api/v1/call-backs")).status_code == 403


async def test_regulator_looks_and_changes_nothing(exchange: Exchange) -> None:
    async with exchange.console.client(Role.REGULATOR.value) as client:
        assert (await client.get("/api/v1/phone-findings")).status_code == 200
        entry = {"agent": "A1", "phone": "13800000077"}
        assert (await client.put("/api/v1/agent-phones", json=entry)).status_code == 403


async def test_regulators_looks_at_the_log_and_at_stations_are_written_down(exchange: Exchange) -> None:
    paths = [f"/api/v1/{what}" for what in ("evidence/state", "stations?limit=5", "stations/pudong")]
    async with exchange.console.client(Role.REGULATOR.value) as client:
        assert [(await client.get(path)).status_code for path in paths] == [200, 200, 200]
    async with exchange.console.client(Role.INSPECTOR.value) as client:
        assert (await client.get(paths[1])).status_code == 200
    async with reading(exchange.console.engine) as connection:
        views = [(who, what) for _, _, who, what in await list_views(connection, 10**9, 3)]
    assert views == [(Role.REGULATOR.value, path) for path in reversed(paths)]


async def test_command_ends_a_simulated_call_and_says_so(
    exchange: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = exchange.console.settings.telephony
    command = ["sim", "keypad", "2", "--key-file", str(settings.key_file), "--origin", exchange.console.origin]
    assert await asyncio.to_thread(run, command) == 0
    assert "SIMULATED / 模拟" in capsys.readouterr().out
    async with reading(exchange.console.engine) as connection:
        marked = await connection.scalars(select(rated_call.c.simulated).where(rated_call.c.call.startswith("sim-")))
        assert list(marked) == [True]
