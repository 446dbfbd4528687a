"""Reads and enters the history of claims: what was paid for which site, when, and for which hazard."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, transaction
from cloud_gateway.exposures.store_sites import Claim, find_claims, find_portfolio, put_claims
from cloud_gateway.running import now_ms
from cloud_gateway.sites.entries import Mistake
from cloud_gateway.sites.imports import PortfolioRefused
from cloud_gateway.warnings.hazards import HAZARDS

COLUMNS = ("site", "date", "hazard", "paid_minor", "currency", "claim")
NEEDED = ("site", "date", "hazard", "paid_minor", "currency")
BYTES_MOST = 50 * 1024 * 1024
ROWS_MOST = 500_000
FIRST_DAY = date(1950, 1, 1)


@dataclass(frozen=True)
class Row:
    """One claim as a file has it; `site` is the site's code, `at` noon UTC of its day in ms."""

    row: int
    id: str
    site: str
    hazard: str
    at: int
    paid_minor: int
    currency: str


@dataclass(frozen=True)
class History:
    """What a file holds: rows that can be taken, and what is wrong with the others."""

    rows: tuple[Row, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class Entered:
    """What became of it. Nothing was entered when there are mistakes."""

    added: int
    changed: int
    unchanged: int
    mistakes: tuple[Mistake, ...]


def read_claims(raw: bytes, today: date) -> History:
    """A CSV table by column names, UTF-8 or GB 18030. Raises PortfolioRefused for a file that is none.

    A row without the insurer's number (`claim`) is known by its content; equal rows of one file are so many claims.
    """
    if len(raw) > BYTES_MOST:
        raise PortfolioRefused(f"it is larger than {BYTES_MOST >> 20} MB", "Divide it")
    table = csv.DictReader(io.StringIO(_text(raw), newline=""), strict=True)
    _check_names([name.strip() for name in table.fieldnames or ()])
    rows: dict[str, Row] = {}
    mistakes: list[Mistake] = []
    alike: Counter[str] = Counter()
    try:
        for number, values in enumerate(table, start=1):
            if number > ROWS_MOST:
                raise PortfolioRefused(f"it has more than {ROWS_MOST} rows", "Divide it")
            found = _read_row(number, {str(k).strip(): str(v or "").strip() for k, v in values.items()}, alike, today)
            mistakes += found if isinstance(found, list) else _add(rows, found)
    except csv.Error as exc:
        raise PortfolioRefused(f"line {table.line_num}: {exc}", "Save the table as CSV with commas") from exc
    return History(tuple(rows.values()), tuple(mistakes))


async def enter_claims(database: Path, history: History) -> Entered:
    """Enter all claims in one transaction, or none when a row is wrong. The same file again changes nothing."""
    if history.mistakes:
        return Entered(0, 0, 0, history.mistakes)
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            sites = await find_portfolio(connection, {row.site for row in history.rows})
            unknown = tuple(_no_site(row) for row in history.rows if row.site not in sites)
            if unknown:
                return Entered(0, 0, 0, unknown)
            claims = [_claim(row, sites[row.site][0].id) for row in history.rows]
            known = await find_claims(connection, [claim.id for claim in claims])
            other = [claim for claim in claims if known.get(claim.id) != claim]
            await put_claims(connection, other)
            await write_command(connection, "sites claims import", f"{len(other)} entered", now_ms())
    finally:
        await engine.dispose()
    changed = sum(claim.id in known for claim in other)
    return Entered(len(other) - changed, changed, len(claims) - len(other), ())


def _add(rows: dict[str, Row], row: Row) -> list[Mistake]:
    before = rows.setdefault(row.id, row)
    if before is row:
        return []
    return [Mistake(row.row, "claim", f"{row.id!r} is the claim of row {before.row} too", "Give each its own number")]


def _claim(row: Row, site: str) -> Claim:
    return Claim(row.id, site, row.hazard, row.at, row.paid_minor, row.currency)


def _no_site(row: Row) -> Mistake:
    return Mistake(row.row, "site", f"there is no site {row.site[:60]!r}", "Import the site first, or correct its code")


def _read_row(number: int, values: Mapping[str, str], alike: Counter[str], today: date) -> Row | list[Mistake]:
    mistakes = [
        Mistake(number, name, f"{values.get(name, '')[:60]!r} cannot be used", remedy)
        for name, is_right, remedy in _CHECKS
        if not is_right(values.get(name, ""), today)
    ]
    if mistakes:
        return mistakes
    day = date.fromisoformat(values["date"])
    at = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() * 1000)
    paid = (values["hazard"], at, int(values["paid_minor"]), values["currency"])
    return Row(number, values.get("claim", "") or _name(values, alike), values["site"], *paid)


def _name(values: Mapping[str, str], alike: Counter[str]) -> str:
    """What a claim without a number is known by: its content, and which of its like in the file it is."""
    content = "\t".join(values[name] for name in NEEDED)
    alike[content] += 1
    return "row-" + hashlib.sha256(f"{content}\t{alike[content]}".encode()).hexdigest()[:32]


def _is_day(text: str, today: date) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)) and FIRST_DAY <= date.fromisoformat(text) <= today
    except ValueError:
        return False


_CHECKS = (
    ("site", lambda text, _: bool(re.fullmatch(r"[a-z0-9-]{2,32}", text)), "Give the code of a site"),
    ("date", _is_day, "Write the day of the loss as 2024-07-20, not in the future"),
    ("hazard", lambda text, _: text in HAZARDS, f"Use one of: {', '.join(HAZARDS)}"),
    ("paid_minor", lambda text, _: bool(re.fullmatch(r"\d{1,16}", text)), "Give what was paid in minor units: 1250000"),
    ("currency", lambda text, _: bool(re.fullmatch(r"[A-Z]{3}", text)), "Give an ISO 4217 code, such as CNY"),
    ("claim", lambda text, _: bool(re.fullmatch(r"[\x21-\x7e]{0,36}", text)), "Use at most 36 letters and digits"),
)


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PortfolioRefused("it is neither UTF-8 nor GB 18030", "Save it as CSV in UTF-8")


def _check_names(names: list[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        said = [f"no column {name!r}" for name in missing] + [f"unknown column {name[:60]!r}" for name in unknown]
        text = ", ".join(said) or "a column is there twice"
        raise PortfolioRefused(f"the first line is not right: {text}", f"Columns are: {', '.join(COLUMNS)}")
