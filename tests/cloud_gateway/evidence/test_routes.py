"""Heads and proofs over HTTP: anybody checks them with the pinned key alone; staff see how the log stands."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from cloud_gateway.database import transaction
from cloud_gateway.evidence import store, store_heads, store_witnesses
from cloud_gateway.evidence.entries import encode_json
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.store_witnesses import Word
from edge_agent.proof.checkpoints import open_checkpoint
from edge_agent.proof.merkle import is_consistent, is_included, leaf_hash
from tests.cloud_gateway.conftest import Console, make_settings, running
from tests.cloud_gateway.evidence.pieces import AT, record_entries
from tests.cloud_gateway.evidence.test_heads import ORIGIN, SIGNER
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")
API = "/api/v1/evidence"


async def grow(console: Console, first: int, last: int) -> None:
    async with transaction(console.engine) as connection:
        await store.append(connection, record_entries(first, last), AT)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def console(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A log with heads of 6 and 9 entries, and one entry that no head covers yet."""
    settings = make_settings(tmp_path_factory.mktemp("evidence"))
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        await grow(console, 1, 5)
        await sign_head(console.engine, SIGNER, AT)  # with the key's own entry: 6
        await grow(console, 6, 8)
        await sign_head(console.engine, SIGNER, AT)
        await grow(console, 9, 9)
        yield console


@pytest_asyncio.fixture(loop_scope="session")
async def anybody(console: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with console.visitor() as visitor:
        yield visitor


def unhex(text: str) -> bytes:
    return base64.b64decode(text)


async def test_anybody_gets_the_newest_head_and_its_key(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get(f"{API}/checkpoint")
    assert answer.headers["content-type"].startswith("text/plain")
    assert open_checkpoint(answer.text, [SIGNER.public])[:2] == (ORIGIN, 9)
    assert (await anybody.get(f"{API}/keys")).json() == [SIGNER.public.vkey]


async def test_anybody_can_check_that_an_entry_is_under_the_signed_head(
    anybody: httpx.AsyncClient, console: Console
) -> None:
    async with console.client() as staff:
        entry = (await staff.get(f"{API}/entries", params={"limit": 3})).json()["items"][2]
    assert leaf_hash(encode_json(entry["entry"])).hex() == entry["leaf"]
    found = (await anybody.get(f"{API}/inclusion", params={"leaf": entry["leaf"]})).json()
    head = open_checkpoint(found["checkpoint"], [SIGNER.public])
    proof = [unhex(one) for one in found["proof"]]
    assert found["index"] == entry["index"] == 2
    assert is_included(bytes.fromhex(entry["leaf"]), 2, head.size, proof, head.root)


async def test_anybody_can_check_that_a_newer_head_only_adds_to_an_older(anybody: httpx.AsyncClient) -> None:
    found = (await anybody.get(f"{API}/consistency", params={"from": 6})).json()
    roots = unhex(found["first_root"]), unhex(found["root"])
    assert is_consistent(6, found["size"], [unhex(one) for one in found["proof"]], *roots)
    assert open_checkpoint(found["checkpoint"], [SIGNER.public]) == (ORIGIN, 9, roots[1])


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        pytest.param("inclusion?index=9", 409, "not_covered", id="an entry after the newest head"),
        pytest.param("inclusion?index=2&size=10", 409, "not_covered", id="a size that is not signed"),
        pytest.param("inclusion?index=7&size=6", 409, "not_covered", id="an entry after that size"),
        pytest.param(f"inclusion?leaf={'0' * 64}", 404, "not_found", id="no such leaf"),
        pytest.param("inclusion?leaf=xyz", 422, "invalid", id="no hash"),
        pytest.param("inclusion", 422, "invalid", id="nothing asked"),
        pytest.param("consistency?from=7&to=6", 409, "not_covered", id="backwards"),
        pytest.param("consistency?from=6&to=10", 409, "not_covered", id="beyond the newest head"),
    ],
)
async def test_what_no_head_covers_is_refused_by_name(
    anybody: httpx.AsyncClient, query: str, status: int, code: str
) -> None:
    answer = await anybody.get(f"{API}/{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_staff_see_dissents_and_faults_on_the_first_page_until_they_are_over(
    empty: Console,
) -> None:
    async with empty.visitor() as visitor:
        assert (await visitor.get(f"{API}/checkpoint")).json()["code"] == "no_head"
    async with transaction(empty.engine) as connection:
        await store_heads.note_fault(connection, "the key is gone", AT)
        root = base64.b64encode(bytes(32)).decode()
        await store_witnesses.hear(connection, [Word("terminal-01", ORIGIN, 3, root)], AT)
    async with empty.visitor() as visitor:
        assert (await visitor.get(f"{API}/checkpoint")).status_code == 503
    async with empty.client() as staff:
        state = (await staff.get(f"{API}/state")).json()
        page = (await staff.get("/?lang=en")).text
        assert (state["fault"], state["dissents"][0]["code"]) == ("the key is gone", "foreign")
        assert "cannot be proven until they are" in page
        assert "heads of an evidence log of another name" in page
        assert 'href="/dissents"' in page
        closing = {"device": "terminal-01", "origin": ORIGIN, "code": "foreign", "reason": "a trial's device"}
        assert "terminal-01" in (await staff.get("/dissents?lang=en")).text
        assert (await staff.post("/dissents", data=closing | {"reason": "no"})).status_code == 422
        assert (await staff.post("/dissents", data=closing)).status_code == 303
        assert "No witness disagrees" in (await staff.get("/dissents?lang=en")).text
        assert (await staff.post(f"{API}/dissents/closing", json=closing)).status_code == 404
        assert "another name" not in (await staff.get("/?lang=en")).text


async def test_a_regulator_sees_dissents_and_closes_none(console: Console) -> None:
    async with console.client("regulator") as regulator:
        assert (await regulator.get(f"{API}/state")).json()["size"] == 10
        closing = {"device": "terminal-01", "origin": ORIGIN, "code": "foreign", "reason": "a trial's device"}
        assert (await regulator.post(f"{API}/dissents/closing", json=closing)).status_code == 403


@pytest.mark.parametrize(
    ("name", "status"), [("counter-manager", 200), ("regulator", 200), ("inspector", 403), ("risk-engineer", 403)]
)
async def test_who_may_see_no_figures_sees_no_ratings_in_the_log(console: Console, name: str, status: int) -> None:
    async with console.client(name) as client:
        assert (await client.get(f"{API}/entries")).status_code == status


async def test_a_regulators_look_at_the_entries_is_written_down(console: Console) -> None:
    async with console.client("regulator") as regulator:
        await regulator.get(f"{API}/entries", params={"limit": 7})
        views = (await regulator.get("/api/v1/ratings/views", params={"limit": 1})).json()["items"]
    assert [(one["who"], one["what"]) for one in views] == [("regulator", f"{API}/entries?limit=7")]
