"""`weiran sites claims import` on a real database: what it enters, and what it refuses by row and field."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud_gateway.database import open_database, reading
from cloud_gateway.exposures.store_sites import find_portfolio, standings
from deploy.cli import run
from tests.databases import make_database

Output = pytest.CaptureFixture[str]
HEADER = "site,date,hazard,paid_minor,currency,claim\n"
FLOODED = "depot-1,2024-07-20,flood,1250000,CNY,C-1\n"
NAMELESS = "depot-1,2024-09-01,rainstorm,300000,CNY,\n"
ABROAD = "depot-1,2025-01-02,flood,900,USD,C-3\n"
SITES = "code,name,latitude,longitude,zone\ndepot-1,Depot 1,31.22,121.54,Asia/Shanghai\n"


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "gateway.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n')
    make_database(tmp_path / "gateway.db")
    (tmp_path / "sites.csv").write_text(SITES)
    assert run(["sites", "import", str(tmp_path / "sites.csv"), "--config", str(file), "--datum", "WGS-84"]) == 0
    return str(file)


def enter(config: str, content: str) -> int:
    file = Path(config).parent / "claims.csv"
    file.write_text(content)
    return run(["sites", "claims", "import", str(file), "--config", config, "--json"])


def told(capsys: Output) -> dict[str, object]:
    """The last line that was printed."""
    found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def weighed(config: str) -> tuple[int, int]:
    """How many claims of water count in July 2026, and what was paid for them in the site's currency."""

    async def look() -> tuple[int, int]:
        engine = open_database(Path(config).parent / "gateway.db")
        async with reading(engine) as connection:
            site = (await find_portfolio(connection, ["depot-1"]))["depot-1"][0].id
            now = int(datetime(2026, 7, 20, tzinfo=UTC).timestamp() * 1000)
            known = (await standings(connection, {site}, {"flood", "rainstorm"}, now))[site].vulnerability
        await engine.dispose()
        return known.claims, known.paid_minor

    return asyncio.run(look())


def test_claims_are_entered_once_and_weighed(config: str, capsys: Output) -> None:
    file = HEADER + FLOODED + NAMELESS + NAMELESS + ABROAD
    assert enter(config, file) == 0
    assert told(capsys) == {"added": 4, "changed": 0, "unchanged": 0, "mistakes": []}
    assert enter(config, file) == 0
    assert told(capsys) == {"added": 0, "changed": 0, "unchanged": 4, "mistakes": []}
    assert weighed(config) == (4, 1_850_000)


def test_a_claim_known_by_its_number_is_replaced(config: str, capsys: Output) -> None:
    enter(config, HEADER + FLOODED)
    assert enter(config, HEADER + FLOODED.replace("1250000", "2000000")) == 0
    assert told(capsys)["changed"] == 1
    assert weighed(config) == (1, 2_000_000)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (FLOODED.replace("depot-1", "Depot 1"), "site"),
        (FLOODED.replace("depot-1", "elsewhere"), "site"),
        (FLOODED.replace("2024-07-20", "20.7.2024"), "date"),
        (FLOODED.replace("2024-07-20", "2024-02-30"), "date"),
        (FLOODED.replace("2024-07-20", "2999-01-01"), "date"),
        (FLOODED.replace("flood", "water"), "hazard"),
        (FLOODED.replace("1250000", "12500.00"), "paid_minor"),
        (FLOODED.replace("1250000", "-1"), "paid_minor"),
        (FLOODED.replace("CNY", "yuan"), "currency"),
        (NAMELESS.replace("CNY,", "CNY,C-1"), "claim"),
    ],
    ids=["no code", "no such site", "form", "no day", "future", "hazard", "fraction", "negative", "currency", "twice"],
)
def test_a_row_that_is_wrong_is_named_and_nothing_is_entered(config: str, row: str, field: str, capsys: Output) -> None:
    first = FLOODED if field == "claim" else NAMELESS
    assert enter(config, HEADER + first + row) == 1
    said = told(capsys)
    assert (said["added"], weighed(config)) == (0, (0, 0))
    assert isinstance(said["mistakes"], list) and len(said["mistakes"]) == 1
    mistake = said["mistakes"][0]
    assert (mistake["row"], mistake["field"], bool(mistake["remedy"])) == (2, field, True)


def test_a_table_with_other_columns_is_refused(config: str, capsys: Output) -> None:
    assert enter(config, "site,when\ndepot-1,2024-07-20\n") == 2
    assert "no column 'date'" in capsys.readouterr().err
