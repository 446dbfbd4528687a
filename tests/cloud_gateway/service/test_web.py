"""Health, readiness and metrics of the web process, asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cloud_gateway import tables as t
from cloud_gateway.evidence.tables import evidence_log
from cloud_gateway.service.figures import Field, describe_field, write_metrics
from cloud_gateway.service.store import missing_below
from cloud_gateway.settings import GatewaySettings
from deploy.servers import free_port
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console, make_settings, running
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")


def values(text: str) -> Mapping[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, in the order of their names."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(s.name, *(value for _, value in sorted(s.labels.items()))): s.value for s in samples}


async def scrape(console: Console) -> Mapping[tuple[str, ...], float]:
    """What Prometheus reads from a console."""
    async with console.visitor() as visitor:
        answer = await visitor.get("/metrics")
    assert answer.status_code == 200, answer.text
    return values(answer.text)


async def test_health_needs_no_session(storm: Console) -> None:
    async with storm.visitor() as visitor:
        assert (await visitor.get("/healthz")).json() == {"alive": True}


async def test_console_with_its_stores_is_ready(storm: Console) -> None:
    async with storm.visitor() as visitor:
        answer = await visitor.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": []})


async def test_metrics_tell_of_devices_and_alarms(storm: Console) -> None:
    found = await scrape(storm)
    standings = {name: value for name, value in found.items() if name[0] == "weiran_devices"}
    assert sum(standings.values()) == len(field.SITES) * len(field.STREAMS)
    alarms = {name[1]: value for name, value in found.items() if name[0] == "weiran_alarms_open"}
    assert (alarms["urgent"] > 0, set(alarms)) == (True, {"urgent", "attention", "other"})


async def test_answers_are_counted_by_route_and_never_by_address(storm: Console) -> None:
    async with storm.visitor() as visitor:
        for path in ("/api/v1/devices/none-1/streams", "/api/v1/devices/none-2/streams", "/none-3"):
            await visitor.get(path)
    found = await scrape(storm)
    assert found["weiran_http_answers_total", "GET", "/api/v1/devices/{device}/streams", "4xx"] >= 2
    assert not any("none-" in part for name in found for part in name)


async def test_what_is_not_ready_is_named(tmp_path: Path) -> None:
    away = {"store": "influx1", "url": f"http://127.0.0.1:{free_port()}"}
    given = {"web": {"port": 0}, "series": away, "evidence": {"key_file": tmp_path / "evidence.key"}}
    settings = GatewaySettings.model_validate({"data_dir": tmp_path, **given})
    make_database(settings.database)
    async with running(settings) as console, console.visitor() as visitor:
        await console.add(evidence_log, {"id": 1, "size": 3, "peaks": b"", "fault": "no key"})
        answer = await visitor.get("/readyz")
    missing = {one["name"]: one["reason"] for one in answer.json()["missing"]}
    assert (answer.status_code, missing) == (
        503,
        {"series": "does not answer", "evidence": "heads are not signed"},
    )


async def test_metrics_behind_a_proxy_ask_for_the_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-this-test")
    token.chmod(0o600)
    given = {"web": {"port": 0, "origin": "https://weiran.example.org"}, "service": {"metrics_token_file": token}}
    settings = GatewaySettings.model_validate({"data_dir": tmp_path, **given})
    make_database(settings.database)
    async with running(settings) as console, console.visitor() as visitor:
        assert (await visitor.get("/metrics")).status_code == 401
        right = {"Authorization": "Bearer a-token-of-this-test"}
        assert (await visitor.get("/metrics", headers=right)).status_code == 200
        token.chmod(0o644)
        assert (await visitor.get("/metrics", headers=right)).status_code == 503


async def test_holes_letters_and_evidence_are_counted(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    make_database(settings.database)
    row = {"device": "gauge-01", "epoch": field.EPOCH, "lane": "reading", "upto": 10, "ranges": "[[13,14],[20,20]]"}
    letter = {"received_at": 1, "topic": "t", "code": "bad_topic", "detail": "", "payload": b"", "size": 0}
    async with running(settings) as console:
        await console.add(t.ledger, row)
        await console.add(t.dead_letter, {**letter, "sha256": "a"}, {**letter, "sha256": "b"})
        await console.add(evidence_log, {"id": 1, "size": 3, "peaks": b"", "fault": "no key"})
        found = await scrape(console)
    assert found["weiran_ledger_missing_records", "reading"] == 7
    assert found["weiran_dead_letters", "bad_topic"] == 2
    assert (found["weiran_evidence_entries",], found["weiran_evidence_signed",]) == (3, 0)


@pytest.mark.parametrize(
    ("upto", "ranges", "missing"),
    [(0, [], 0), (10, [[11, 20]], 0), (10, [[12, 12]], 1), (0, [[3, 4], [8, 9]], 5)],
    ids=["nothing", "no hole", "one", "two holes"],
)
async def test_holes_of_a_lane_are_what_has_not_come(upto: int, ranges: list[list[int]], missing: int) -> None:
    assert missing_below(upto, ranges) == missing


async def test_severity_that_is_not_ours_is_no_label_of_its_own() -> None:
    found = values(write_metrics(describe_field(Field(alarms={"urgent": 1, "made-up": 2, "more": 3}))).decode())
    alarms = {name[1]: value for name, value in found.items() if name[0] == "weiran_alarms_open"}
    assert alarms == {"urgent": 1, "attention": 0, "other": 5}
