"""Reads a portfolio of sites from CSV or GeoJSON: the rows that can be taken, and what is wrong with the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from cloud_gateway.sites.datum import Datum, parse_datum
from cloud_gateway.sites.entries import FIELDS, Entry, Mistake, read_entry
from cloud_gateway.sites.outline import Geometry, OutlineRefused, Point, Rings, rings_of

BYTES_MOST = 200 * 1024 * 1024
ROWS_MOST = 500_000
#: Names of coordinate reference systems in old GeoJSON against the datum that they mean.
CRS = {
    "urn:ogc:def:crs:OGC:1.3:CRS84": Datum.WGS84,
    "urn:ogc:def:crs:EPSG::4326": Datum.WGS84,
    "EPSG:4326": Datum.WGS84,
    "urn:ogc:def:crs:EPSG::4490": Datum.CGCS2000,
    "EPSG:4490": Datum.CGCS2000,
}


class PortfolioRefused(Exception):
    """The file as a whole cannot be read; `remedy` says what would help."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True)
class Portfolio:
    """What a file holds."""

    entries: tuple[Entry, ...]
    mistakes: tuple[Mistake, ...]


class _Feature(msgspec.Struct, frozen=True):
    geometry: Geometry
    properties: dict[str, str | float | bool | None] | None = None


class _CrsName(msgspec.Struct, frozen=True):
    name: str = ""


class _Crs(msgspec.Struct, frozen=True):
    properties: _CrsName


class _Collection(msgspec.Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    features: list[msgspec.Raw]
    crs: _Crs | None = None


_collection = msgspec.json.Decoder(_Collection)
_feature = msgspec.json.Decoder(_Feature)


def read_portfolio(raw: bytes, datum: Datum | None) -> Portfolio:
    """Sites of a CSV table or a GeoJSON FeatureCollection, told apart by their first character.

    `datum` is that of all positions unless a row or the file names another; without any, a row is a mistake: the
    wrong guess is off by up to 700 m. Raises PortfolioRefused.
    """
    if len(raw) > BYTES_MOST:
        raise PortfolioRefused(f"it is larger than {BYTES_MOST >> 20} MB", "Divide it")
    head = raw[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return read_geojson(raw, datum) if head.startswith(b"{") else read_csv(raw, datum)


def read_csv(raw: bytes, datum: Datum | None) -> Portfolio:
    """Columns by name, in UTF-8 or GB 18030. Raises PortfolioRefused."""
    table = csv.DictReader(io.StringIO(_text(raw), newline=""), strict=True)
    names = [name.strip() for name in table.fieldnames or ()]
    _check_names(names, ("code", "name", "zone", "latitude", "longitude"))
    table.fieldnames = names

    def rows() -> Iterator[Callable[[int], Entry | list[Mistake]]]:
        for values in table:
            yield lambda row, values=values: _csv_row(row, values, datum)  # type: ignore[misc]

    try:
        return _collect(rows())
    except csv.Error as exc:
        raise PortfolioRefused(f"line {table.line_num}: {exc}", "Save the table as CSV with commas") from exc


def read_geojson(raw: bytes, datum: Datum | None) -> Portfolio:
    """A FeatureCollection of points and polygons, the fields of each site among its properties.

    Raises PortfolioRefused.
    """
    try:
        collection = _collection.decode(raw.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise PortfolioRefused(f"no GeoJSON FeatureCollection: {exc}", "Export it as GeoJSON in UTF-8") from exc
    named = None if collection.crs is None else _crs_datum(collection.crs.properties.name)
    return _collect(_feature_reader(feature, named or datum) for feature in collection.features)


def _collect(rows: Iterable[Callable[[int], Entry | list[Mistake]]]) -> Portfolio:
    entries: dict[str, Entry] = {}
    mistakes: list[Mistake] = []
    for row, read in enumerate(rows, start=1):
        if row > ROWS_MOST:
            raise PortfolioRefused(f"it has more than {ROWS_MOST} rows", "Divide it")
        found = read(row)
        if isinstance(found, list):
            mistakes += found
        elif (known := entries.setdefault(found.site.code, found)) is not found:
            text = f"{found.site.code!r} is the code of row {known.row} too"
            mistakes.append(Mistake(row, "code", text, "Give every site a code of its own"))
    return Portfolio(tuple(entries.values()), tuple(mistakes))


def _csv_row(row: int, values: dict[str | None, object], datum: Datum | None) -> Entry | list[Mistake]:
    if None in values or None in values.values():
        return [Mistake(row, "", "the row has not as many fields as the table has columns", "Quote texts with commas")]
    return read_entry(row, {str(name): str(value) for name, value in values.items()}, (), datum)


def _feature_reader(raw: msgspec.Raw, datum: Datum | None) -> Callable[[int], Entry | list[Mistake]]:
    return lambda row: _read_feature(row, raw, datum)


def _read_feature(row: int, raw: msgspec.Raw, datum: Datum | None) -> Entry | list[Mistake]:
    try:
        feature = _feature.decode(raw)
        rings: Rings = rings_of(feature.geometry)
    except (msgspec.MsgspecError, OutlineRefused, UnicodeDecodeError, RecursionError) as exc:
        return [Mistake(row, "geometry", str(exc), "Give a Point, Polygon or MultiPolygon in degrees")]
    values = {name: _as_text(value) for name, value in (feature.properties or {}).items() if name in FIELDS}
    if isinstance(feature.geometry, Point):
        if len(feature.geometry.coordinates) < 2:
            return [Mistake(row, "geometry", "a position has fewer than two numbers", "Give longitude and latitude")]
        values["longitude"], values["latitude"] = (repr(number) for number in feature.geometry.coordinates[:2])
    return read_entry(row, values, rings, datum)


def _as_text(value: str | float | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PortfolioRefused("it is neither UTF-8 nor GB 18030", "Save it as CSV in UTF-8")


def _check_names(names: list[str], needed: tuple[str, ...]) -> None:
    unknown = [name for name in names if name not in FIELDS]
    missing = [name for name in needed if name not in names]
    if unknown or missing or len(set(names)) < len(names):
        said = [f"no column {name!r}" for name in missing] + [f"unknown column {name[:60]!r}" for name in unknown]
        text = ", ".join(said) or "a column is there twice"
        raise PortfolioRefused(f"the first line is not right: {text}", f"Columns are: {', '.join(FIELDS)}")


def _crs_datum(name: str) -> Datum:
    found = CRS.get(name) or parse_datum(name)
    if found is None:
        raise PortfolioRefused(f"its reference system {name[:80]!r} is not known", "Export it in WGS-84 degrees")
    return found
