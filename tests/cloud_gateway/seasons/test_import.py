"""`weiran sites record import` and `weiran sites outlook import` on a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import copyfile

import pytest

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.seasons import entries
from cloud_gateway.seasons.extremes import Value
from cloud_gateway.seasons.store import Outlook, Record, read_outlooks, read_records
from cloud_gateway.sites.entries import Mistake
from cloud_gateway.sites.store import NewSite, add_site
from deploy.cli import run
from tests.databases import make_database

Output = pytest.CaptureFixture[str]
RECORD = "site,adcode,quantity,unit,period,value,source,stream\n"
OUTLOOK = "site,adcode,issuer,issued,valid_from,valid_to,hazard,below,near,above,text\n"
SEASON = "2026-04-01,2026-06-01,2026-08-31"


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with one site, to be copied."""
    database = tmp_path_factory.mktemp("blank") / "gateway.db"
    make_database(database)
    asyncio.run(_enter_site(database))
    return database


@pytest.fixture
def config(tmp_path: Path, blank: Path) -> str:
    file = tmp_path / "gateway.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n')
    copyfile(blank, tmp_path / "gateway.db")
    return str(file)


async def _enter_site(database: Path) -> None:
    engine = open_database(database)
    async with transaction(engine) as connection:
        await add_site(connection, NewSite("depot-1", "Depot", "仓库", 31.2, 121.5, "Asia/Shanghai"))
    await engine.dispose()


def enter(config: str, what: str, content: str | bytes) -> int:
    file = Path(config).parent / "table.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run(["sites", what, "import", str(file), "--config", config, "--json"])


def known(config: str, places: list[str], today: str = "2026-05-01") -> tuple[list[Record], list[Outlook]]:
    async def look() -> tuple[list[Record], list[Outlook]]:
        engine = open_database(Path(config).parent / "gateway.db")
        async with reading(engine) as connection:
            found = await read_records(connection, places), await read_outlooks(connection, places, today)
        await engine.dispose()
        return found

    return asyncio.run(look())


def test_a_record_is_entered_and_the_same_again_changes_nothing(config: str, capsys: Output) -> None:
    rows = RECORD + "depot-1,,rain-24h,mm,1998-07-21,131.5,office,rain\ndepot-1,,rain-24h,mm,1999,88,office,rain\n"
    assert [enter(config, "record", rows) for _ in range(2)] == [0, 0]
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"entered": 2, "mistakes": []}
    records, _ = known(config, ["site:depot-1"])
    values = [Value("1998-07-21", 131.5), Value("1999", 88.0)]
    assert records == [Record("site:depot-1", "rain-24h", "mm", "office", "rain", values)]


def test_the_nearest_place_that_has_a_record_counts(config: str) -> None:
    rows = ["depot-1,,rain-24h,mm,1998,1,,", ",310115,rain-24h,mm,1998,2,,", ",310115,wind-gust,m/s,1998,30,,"]
    assert enter(config, "record", RECORD + "\n".join(rows)) == 0
    records, _ = known(config, ["site:depot-1", "adcode:310115"])
    assert [(one.place, one.quantity) for one in records] == [
        ("site:depot-1", "rain-24h"),
        ("adcode:310115", "wind-gust"),
    ]


def test_an_outlook_is_relayed_unchanged_and_the_newest_word_counts(config: str) -> None:
    text = "降水较常年偏多２成；<b>以此为准</b>"
    rows = f"depot-1,,office,{SEASON},rainstorm,20,30,50,{text}\ndepot-1,,office,{SEASON},typhoon,,,,few\n"
    later = rows.replace("2026-04-01", "2026-05-01").replace("few", "many").replace(text, "x")
    assert [enter(config, "outlook", OUTLOOK + some) for some in (later.splitlines()[1] + "\n", rows)] == [0, 0]
    _, outlooks = known(config, ["site:depot-1"])
    assert [(one.hazard, one.text, one.above) for one in outlooks] == [
        ("rainstorm", text, 50.0),
        ("typhoon", "many", None),
    ]
    assert known(config, ["site:depot-1"], "2026-09-01")[1] == []


Rows = Sequence[entries.RecordEntry | entries.OutlookEntry]
READ: dict[str, Callable[[bytes], tuple[Rows, list[Mistake]]]] = {
    "record": entries.read_records,
    "outlook": entries.read_outlooks,
}
WRONG = [
    ("record", "depot-1,,rain,mm,1998,1,,", "quantity"),
    ("record", "depot-1,,rain-24h,cm,1998,1,,", "unit"),
    ("record", "depot-1,,rain-24h,mm,1998-13,1,,", "period"),
    ("record", "depot-1,,rain-24h,mm,98,1,,", "period"),
    ("record", "depot-1,,rain-24h,mm,1998-02-30,1,,", "period"),
    ("record", "depot-1,,rain-24h,mm,1998,nan,,", "value"),
    ("record", "depot-1,310115,rain-24h,mm,1998,1,,", "site"),
    ("record", ",,rain-24h,mm,1998,1,,", "site"),
    ("record", ",31,rain-24h,mm,1998,1,,", "adcode"),
    ("record", "depot-1,,rain-24h,mm,1998,1,,a b", "stream"),
    ("outlook", "depot-1,,,2026-04-01,2026-06-01,2026-08-31,rainstorm,,,,x", "issuer"),
    ("outlook", "depot-1,,o,2026-4-1,2026-06-01,2026-08-31,rainstorm,,,,x", "issued"),
    ("outlook", "depot-1,,o,2026-04-01,2026-06-01,2026-05-31,rainstorm,,,,x", "valid_to"),
    ("outlook", f"depot-1,,o,{SEASON},sunshine,,,,x", "hazard"),
    ("outlook", f"depot-1,,o,{SEASON},rainstorm,20,,50,x", "above"),
    ("outlook", f"depot-1,,o,{SEASON},rainstorm,20,20,20,x", "above"),
    ("outlook", f"depot-1,,o,{SEASON},rainstorm,120,-40,20,x", "below"),
    ("outlook", f"depot-1,,o,{SEASON},rainstorm,,,,", "text"),
]


@pytest.mark.parametrize(("what", "row", "field"), WRONG)
def test_a_wrong_field_is_named_with_its_row_and_a_remedy(what: str, row: str, field: str) -> None:
    good = {"record": "depot-1,,rain-24h,mm,1997,1,,\n", "outlook": f"depot-1,,o,{SEASON},gale,,,,x\n"}
    header = {"record": RECORD, "outlook": OUTLOOK}
    found, mistakes = READ[what]((header[what] + good[what] + row).encode())
    assert ([one.row for one in found], mistakes[0].row, mistakes[0].field) == ([1], 2, field)
    assert all(mistake.remedy for mistake in mistakes)


def test_with_a_wrong_row_nothing_is_entered(config: str, capsys: Output) -> None:
    rows = "depot-1,,rain-24h,mm,1997,1,,\nnowhere,,rain-24h,mm,1998,1,,\n"
    assert enter(config, "record", RECORD + rows) == 1
    done = json.loads(capsys.readouterr().out)
    assert (done["entered"], done["mistakes"][0]["row"], done["mistakes"][0]["field"]) == (0, 2, "site")
    assert known(config, ["site:depot-1"]) == ([], [])


REFUSED = [
    pytest.param("site,value\n", "no column", id="missing columns"),
    pytest.param(RECORD.replace("source", "colour"), "unknown column", id="unknown column"),
    pytest.param("quantity,unit,period,value,value\n", "twice", id="a column twice"),
    pytest.param(b"quantity,unit,period,value\n\xff", "UTF-8", id="no text"),
    pytest.param('quantity,unit,period,value\n"a', "line", id="an open quote"),
]


@pytest.mark.parametrize(("content", "said"), REFUSED)
def test_what_is_no_such_table_is_refused(content: str | bytes, said: str) -> None:
    with pytest.raises(entries.TableRefused, match=said):
        entries.read_records(content if isinstance(content, bytes) else content.encode())


def test_no_such_table_is_a_wrong_use(config: str, capsys: Output) -> None:
    assert enter(config, "outlook", RECORD) == 2
    assert "unknown column" in capsys.readouterr().err
