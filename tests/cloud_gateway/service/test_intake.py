"""The figures of ingest, and its own port: what was taken in, how soon it was acknowledged, what it waits for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cloud_gateway.database import open_database
from cloud_gateway.ingest.batch import Batch
from cloud_gateway.service.intake import OTHERS, READINGS, IntakeFigures, intake_checks
from cloud_gateway.service.listening import AddressTaken
from cloud_gateway.service.port import open_port
from cloud_gateway.service.readiness import look
from cloud_gateway.service.settings import Service
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.storage.standstill import Standstill
from deploy.servers import free_port
from tests.databases import make_database


async def samples(figures: IntakeFigures) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    families = text_string_to_metric_families((await figures.write()).decode())
    found = [sample for family in families for sample in family.samples]
    return {(s.name, *(value for _, value in sorted(s.labels.items()))): s.value for s in found}


async def test_batch_is_counted_with_the_wait_of_its_oldest_message() -> None:
    times = iter((104.0, 110.0))
    figures = IntakeFigures(lambda: next(times))
    figures.begin(READINGS)
    figures.note(READINGS, Batch(tokens=[1, 2, 3], refused=Counter({("gauge-01", "flooding"): 2}), since=100.0))
    found = await samples(figures)
    assert found["weiran_ingest_messages_total", READINGS] == 3
    assert found["weiran_ingest_set_aside_total", "refused"] == 2
    assert found["weiran_ingest_ack_delay_seconds_sum", READINGS] == 10.0
    assert found["weiran_ingest_batch_seconds", READINGS] == 0.0


async def test_batch_under_way_grows_older() -> None:
    times = iter((100.0, 142.0))
    figures = IntakeFigures(lambda: next(times))
    figures.begin(OTHERS)
    assert (await samples(figures))["weiran_ingest_batch_seconds", OTHERS] == 42.0


async def test_store_that_is_away_is_counted_once_each_time(tmp_path: Path) -> None:
    standstill, figures = Standstill(tmp_path), IntakeFigures()
    figures.outages = standstill.begun
    standstill.begin("series store", "gone", 1)
    standstill.begin("series store", "gone", 2)
    standstill.end("series store")
    standstill.begin("series store", "gone", 3)
    assert (await samples(figures))["weiran_store_outages_total", "series store"] == 2


async def test_ingest_names_what_it_waits_for(tmp_path: Path) -> None:
    settings, figures = GatewaySettings(data_dir=tmp_path), IntakeFigures()
    make_database(settings.database)
    engine = open_database(settings.database)
    checks = intake_checks(engine, settings, figures)
    try:
        assert {one.name for one in (await look(checks)).missing} == {"series", "broker"}
        figures.is_series_open = True
        figures.connect()
        assert (await look(checks)).ready
        Standstill(tmp_path).begin("room", "no space left", 1)
        assert {one.name for one in (await look(checks)).missing} == {"disk"}
        Standstill(tmp_path).begin("series store", "gone", 1)
        assert {one.name for one in (await look(checks)).missing} == {"series"}
    finally:
        await engine.dispose()


async def test_port_answers_until_the_process_ends() -> None:
    figures, port = IntakeFigures(), free_port()
    async with open_port(Service(), port, {}, figures.write), httpx.AsyncClient(verify=False) as client:
        paths = ("/healthz", "/readyz", "/metrics", "/else")
        answers = [await client.get(f"http://127.0.0.1:{port}{path}") for path in paths]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404]


async def test_port_that_is_taken_is_told() -> None:
    port = free_port()
    async with open_port(Service(), port, {}):
        with pytest.raises(AddressTaken, match=str(port)):
            async with open_port(Service(), port, {}):
                pass


async def test_port_0_opens_none() -> None:
    async with open_port(Service(host="192.0.2.1"), 0, {}) as opened:
        assert opened is None
