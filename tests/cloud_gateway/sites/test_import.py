"""`weiran sites import` on a real database: what it enters, in which datum, and what it refuses by row and field."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from cloud_gateway.database import open_database, reading
from cloud_gateway.exposures.model import Place
from cloud_gateway.exposures.store_sites import Risk, find_portfolio, list_places, places_mark
from cloud_gateway.sites.datum import Datum, parse_datum, to_gcj02, to_wgs84
from cloud_gateway.sites.imports import PortfolioRefused, read_portfolio
from deploy.cli import run
from tests.databases import make_database

Output = pytest.CaptureFixture[str]
HEADER = "code,name,name_zh,latitude,longitude,zone,insured_value,low_ground,adcode,geocodes\n"
DEPOT = "depot-1,Depot 1,一号仓库,31.22,121.54,Asia/Shanghai,12500000.50,yes,310115,\n"
DOCK = "dock-2,Dock 2,二号码头,32.78,-79.92,America/New_York,0,no,,SAME=045019;UGC=SCZ050\n"
YARD = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"code": "yard-3", "name": "Yard 3", "zone": "Asia/Shanghai", "poor_drainage": True,
                           "open_rectifications": 2, "adcode": 310115, "colour": "ignored"},
            "geometry": {"type": "Polygon",
                         "coordinates": [[[121.5, 31.2], [121.6, 31.2], [121.6, 31.3], [121.5, 31.2]]]},
        }
    ],
}  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "gateway.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n')
    make_database(tmp_path / "gateway.db")
    return str(file)


def enter(config: str, content: str | bytes, *options: str) -> int:
    file = Path(config).parent / "sites"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run(["sites", "import", str(file), "--config", config, *options])


def places(config: str) -> list[Place]:
    async def look() -> list[Place]:
        engine = open_database(Path(config).parent / "gateway.db")
        async with reading(engine) as connection:
            found = await list_places(connection, 1)
        await engine.dispose()
        return found

    return asyncio.run(look())


def risk(config: str, code: str) -> Risk:
    async def look() -> Risk:
        engine = open_database(Path(config).parent / "gateway.db")
        async with reading(engine) as connection:
            found = (await find_portfolio(connection, [code]))[code][1]
        await engine.dispose()
        return found

    return asyncio.run(look())


def mark(config: str) -> tuple[int, ...]:
    async def look() -> tuple[int, ...]:
        engine = open_database(Path(config).parent / "gateway.db")
        async with reading(engine) as connection:
            found = await places_mark(connection, 1)
        await engine.dispose()
        return found

    return asyncio.run(look())


def test_table_is_entered_whole(config: str, capsys: Output) -> None:
    assert enter(config, HEADER + DEPOT + DOCK, "--datum", "WGS-84") == 0
    assert capsys.readouterr().out == "2 sites added, 0 changed, 0 as they were.\n"
    depot, dock = places(config)
    assert (depot.code, depot.latitude, depot.longitude, depot.geocodes) == (
        "depot-1", 31.22, 121.54, (("adcode", "310115"),),
    )  # fmt: skip
    assert dock.geocodes == (("SAME", "045019"), ("UGC", "SCZ050"))
    assert risk(config, "depot-1") == Risk("", (("adcode", "310115"),), 1_250_000_050, "CNY", low_ground=True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_table_of_a_chinese_spreadsheet_is_read(config: str, encoding: str) -> None:
    assert enter(config, (HEADER + DEPOT).encode(encoding), "--datum", "wgs84") == 0
    assert [place.code for place in places(config)] == ["depot-1"]


def test_outline_is_entered_with_its_middle_as_the_position(config: str) -> None:
    assert enter(config, json.dumps(YARD), "--datum", "CGCS2000") == 0
    (yard,) = places(config)
    assert yard.outline == (((31.2, 121.5), (31.2, 121.6), (31.3, 121.6), (31.2, 121.5)),)
    assert (yard.latitude, yard.longitude, yard.geocodes) == (31.25, 121.55, (("adcode", "310115"),))
    assert (risk(config, "yard-3").poor_drainage, risk(config, "yard-3").open_rectifications) == (True, 2)


def test_offset_of_chinese_maps_is_taken_back(config: str) -> None:
    assert enter(config, json.dumps(YARD), "--datum", "GCJ-02") == 0
    (yard,) = places(config)
    assert to_gcj02(yard.latitude, yard.longitude) == pytest.approx((31.25, 121.55), abs=1e-6)
    assert 0.001 < abs(yard.outline[0][0][1] - 121.5) < 0.008


def test_datum_of_a_row_goes_before_the_option(config: str) -> None:
    header, depot, dock = (line.rstrip("\n") for line in (HEADER, DEPOT, DOCK))
    assert enter(config, f"{header},datum\n{depot},GCJ-02\n{dock},\n", "--datum", "WGS-84") == 0
    depot_place, dock_place = places(config)
    assert abs(depot_place.longitude - 121.54) > 0.001
    assert dock_place.longitude == -79.92


@pytest.mark.parametrize(
    ("content", "datum", "told"),
    [
        (HEADER + DEPOT, None, [(1, "datum")]),
        (HEADER + DEPOT.replace("31.22", "91"), "WGS-84", [(1, "latitude")]),
        (HEADER + DEPOT.replace("31.22", "nan"), "WGS-84", [(1, "latitude")]),
        (HEADER + DEPOT + DEPOT, "WGS-84", [(2, "code")]),
        (HEADER + DOCK + DEPOT.replace("Asia/Shanghai", "Mars/Base").replace("yes", "maybe"), "WGS-84",
         [(2, "zone"), (2, "low_ground")]),
        (HEADER + DEPOT.replace("12500000.50", "1e400"), "WGS-84", [(1, "insured_value")]),
        (HEADER + DEPOT.replace("12500000.50", "10.001"), "WGS-84", [(1, "insured_value")]),
        (HEADER + DEPOT.replace("310115", "31011"), "WGS-84", [(1, "adcode")]),
        (HEADER + DOCK.replace("UGC=SCZ050", "UGC"), "WGS-84", [(1, "geocodes")]),
        (HEADER + "depot-1,Depot\n", "WGS-84", [(1, "")]),
        (json.dumps(YARD).replace("[121.6, 31.3]", "[121.6, 131.3]"), "WGS-84", [(1, "geometry")]),
        (json.dumps(YARD).replace('"Polygon"', '"LineString"'), "WGS-84", [(1, "geometry")]),
    ],
    ids=["no datum", "latitude", "nan", "code twice", "two fields", "money", "half cents", "adcode", "geocodes",
         "short row", "off the Earth", "no surface"],
)  # fmt: skip
def test_wrong_row_is_named(content: str, datum: str | None, told: list[tuple[int, str]]) -> None:
    portfolio = read_portfolio(content.encode(), parse_datum(datum) if datum else None)
    assert [(mistake.row, mistake.field) for mistake in portfolio.mistakes] == told
    assert all(mistake.remedy for mistake in portfolio.mistakes)


def test_one_wrong_row_keeps_all_out(config: str, capsys: Output) -> None:
    assert enter(config, HEADER + DOCK + DEPOT.replace("31.22", "91"), "--datum", "WGS-84", "--json") == 1
    done = json.loads(capsys.readouterr().out)
    assert (done["added"], [(m["row"], m["field"]) for m in done["mistakes"]]) == (0, [(2, "latitude")])
    assert places(config) == []


def test_right_rows_are_entered_when_asked(config: str, capsys: Output) -> None:
    assert enter(config, HEADER + DOCK + DEPOT.replace("31.22", "91"), "--datum", "WGS-84", "--partial") == 1
    assert "latitude" in capsys.readouterr().out
    assert [place.code for place in places(config)] == ["dock-2"]


def test_same_file_again_changes_nothing(config: str, capsys: Output) -> None:
    enter(config, HEADER + DEPOT + DOCK, "--datum", "WGS-84")
    before = mark(config)
    capsys.readouterr()
    assert enter(config, HEADER + DEPOT + DOCK, "--datum", "WGS-84") == 0
    assert capsys.readouterr().out == "0 sites added, 0 changed, 2 as they were.\n"
    assert mark(config) == before


def test_known_site_is_changed_only_when_asked(config: str, capsys: Output) -> None:
    enter(config, HEADER + DEPOT, "--datum", "WGS-84")
    before = mark(config)
    moved = HEADER + DOCK + DEPOT.replace("31.22", "31.33")
    assert enter(config, moved, "--datum", "WGS-84") == 1
    assert "--update" in capsys.readouterr().out
    assert [place.code for place in places(config)] == ["depot-1"]
    assert enter(config, moved, "--datum", "WGS-84", "--update") == 0
    assert [place.latitude for place in places(config)] == [31.33, 32.78]
    assert mark(config) != before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no column 'code'"),
        ("code,name\n", "no column 'zone'"),
        (HEADER.replace("zone", "zone,colour"), "unknown column 'colour'"),
        (HEADER.replace("zone", "zone,zone"), "twice"),
        (HEADER.encode() + b"\xff\xff\xff", "neither UTF-8 nor GB 18030"),
        ('{"type": "Feature"}', "no GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": [', "no GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": [], "crs": {"properties": {"name": "EPSG:2346"}}}', "EPSG:2346"),
        ("[" * 100_000, "no column"),
        ('{"type": "FeatureCollection", "features": ' + "[" * 100_000, "no GeoJSON FeatureCollection"),
    ],
    ids=["empty", "columns missing", "unknown column", "column twice", "bytes", "one feature", "cut off", "reference",
         "brackets", "nested"],
)  # fmt: skip
def test_file_that_is_no_portfolio_is_refused(content: str | bytes, told: str) -> None:
    with pytest.raises(PortfolioRefused, match=told):
        read_portfolio(content if isinstance(content, bytes) else content.encode(), Datum.WGS84)


def test_refused_file_is_told_with_its_remedy(config: str, capsys: Output) -> None:
    assert enter(config, "code,name\n", "--datum", "WGS-84") == 2
    assert "no column 'zone'" in (said := capsys.readouterr().err) and "Columns are: code" in said


def test_unknown_datum_is_refused(config: str, capsys: Output) -> None:
    assert enter(config, HEADER + DEPOT, "--datum", "NAD27") == 2
    assert "NAD27" in capsys.readouterr().err


def test_missing_file_is_named(config: str, capsys: Output) -> None:
    assert run(["sites", "import", "/nowhere/sites.csv", "--config", config]) == 2
    assert "/nowhere/sites.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(31.2304, 121.4737), (39.9042, 116.4074), (43.8, 87.6), (18.25, 109.5), (52.97, 122.53)],
    ids=["Shanghai", "Beijing", "Urumqi", "Sanya", "Mohe"],
)
def test_offset_has_its_size_and_goes_back(latitude: float, longitude: float) -> None:
    shown = to_gcj02(latitude, longitude)
    assert 0.0005 < abs(shown[0] - latitude) + abs(shown[1] - longitude) < 0.01
    assert to_wgs84(*shown, Datum.GCJ02) == pytest.approx((latitude, longitude), abs=1e-8)


def test_offset_of_a_known_place() -> None:
    # Tiananmen, Beijing: the square's flagpole by GPS and as maps in China show it, to 30 m.
    assert to_gcj02(39.90556, 116.39139) == pytest.approx((39.90696, 116.39763), abs=3e-4)


def test_positions_outside_china_are_not_moved() -> None:
    assert to_wgs84(48.8566, 2.3522, Datum.GCJ02) == (48.8566, 2.3522)


@pytest.mark.parametrize(
    ("text", "datum"),
    [("wgs84", Datum.WGS84), ("GCJ02", Datum.GCJ02), ("cgcs-2000", Datum.CGCS2000), ("BD-09", None), ("", None)],
)
def test_datum_is_known_however_it_is_spelled(text: str, datum: Datum | None) -> None:
    assert parse_datum(text) is datum
