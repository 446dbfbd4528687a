"""Reads one row of a portfolio into a site and its facts, naming every field that is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from zoneinfo import available_timezones

from cloud_gateway.exposures.store_sites import Risk
from cloud_gateway.sites.datum import Datum, parse_datum, to_wgs84
from cloud_gateway.sites.money import WHOLE_CURRENCIES
from cloud_gateway.sites.outline import Rings, middle_of, move_rings, write_outline
from cloud_gateway.sites.store import NewSite
from edge_agent.web.words import _

FIELDS = (
    "code", "name", "name_zh", "latitude", "longitude", "zone", "datum", "simulated", "insured_value", "currency",
    "water_sensitive", "low_ground", "poor_drainage", "open_rectifications", "adcode", "geocodes",
)  # fmt: skip
WORDS = {
    "yes": True, "true": True, "1": True, "y": True, "是": True,
    "no": False, "false": False, "0": False, "n": False, "否": False, "": False,
}  # fmt: skip
ZONES = available_timezones()
#: Codes that are addresses of the console.
RESERVED = frozenset({"new"})
Value = TypeVar("Value")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one field of one row, and what would be right. Rows count from 1, without a header."""

    row: int
    field: str
    text: str
    remedy: str


@dataclass(frozen=True)
class Entry:
    """A row that can be taken."""

    row: int
    site: NewSite
    risk: Risk


@dataclass
class _Fields:
    """The fields of one row, and what was found wrong with them so far."""

    row: int
    values: Mapping[str, str]
    mistakes: list[Mistake] = field(default_factory=list)

    def read(self, name: str, parse: Callable[[str], Value], otherwise: Value, remedy: str) -> Value:
        text = self.values.get(name, "").strip()
        try:
            return parse(text)
        except (ValueError, InvalidOperation, KeyError):
            self.mistakes.append(Mistake(self.row, name, f"{text[:60]!r} cannot be used", remedy))
            return otherwise


def read_entry(row: int, values: Mapping[str, str], rings: Rings, datum: Datum | None) -> Entry | list[Mistake]:
    """A site from the texts of its fields and its outline; `datum` counts where the row names none.

    A site with an outline may leave out its position. Positions come out in WGS-84.
    """
    fields = _Fields(row, values)
    own = fields.read("datum", lambda text: _datum(text, datum), Datum.WGS84, _DATUM_REMEDY)
    latitude, longitude = _position(fields, rings)
    latitude, longitude = to_wgs84(latitude, longitude, own)
    outline = write_outline(move_rings(rings, lambda north, east: to_wgs84(north, east, own)))
    name = fields.read("name", _name, "", _("Give a name of 1 to 120 characters"))
    site = NewSite(
        code=fields.read("code", _code, "", _("Use 2 to 32 small letters, digits and hyphens")),
        name=name,
        name_zh=values.get("name_zh", "").strip()[:120] or name,
        latitude=round(latitude, 7),
        longitude=round(longitude, 7),
        zone=fields.read("zone", _zone, "", _("Name an IANA time zone, such as Asia/Shanghai")),
        simulated=_word(fields, "simulated"),
    )
    risk = _risk(fields, outline)
    return fields.mistakes or Entry(row, site, risk)


_DATUM_REMEDY = f"Name the datum of the positions, by a column or by --datum: {', '.join(Datum)}"


def _risk(fields: _Fields, outline: str) -> Risk:
    currency = fields.read("currency", _currency, "CNY", _("Give an ISO 4217 code of three letters, such as CNY"))
    places = Decimal(1 if currency in WHOLE_CURRENCIES else 100)
    remedy = _("Give the value in whole units of the currency, such as 12500000.00, without separators")
    return Risk(
        outline=outline,
        geocodes=fields.read(
            "geocodes", lambda text: _geocodes(fields, text), (), _("Write it as SAME=045019;UGC=SCZ050")
        ),
        insured_minor=fields.read("insured_value", lambda text: _money(text, places), 0, remedy),
        currency=currency,
        water_sensitive=_word(fields, "water_sensitive"),
        low_ground=_word(fields, "low_ground"),
        poor_drainage=_word(fields, "poor_drainage"),
        open_rectifications=fields.read("open_rectifications", _count, 0, _("Give a number from 0 to 10000")),
    )


def _position(fields: _Fields, rings: Rings) -> tuple[float, float]:
    if rings and not fields.values.get("latitude") and not fields.values.get("longitude"):
        return middle_of(rings)
    latitude = fields.read("latitude", lambda text: _degrees(text, 90), 0.0, _("Give degrees from -90 to 90"))
    longitude = fields.read("longitude", lambda text: _degrees(text, 180), 0.0, _("Give degrees from -180 to 180"))
    return latitude, longitude


def _word(fields: _Fields, name: str) -> bool:
    return fields.read(name, lambda text: WORDS[text.lower()], False, _("Write yes or no"))


def _datum(text: str, otherwise: Datum | None) -> Datum:
    found = parse_datum(text) if text else otherwise
    if found is None:
        raise ValueError(text)
    return found


def _code(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{2,32}", text) or text in RESERVED:
        raise ValueError(text)
    return text


def _name(text: str) -> str:
    if not 1 <= len(text) <= 120:
        raise ValueError(text)
    return text


def _zone(text: str) -> str:
    if text not in ZONES:
        raise ValueError(text)
    return text


def _degrees(text: str, most: int) -> float:
    degrees = float(text)
    if not (math.isfinite(degrees) and abs(degrees) <= most):
        raise ValueError(text)
    return degrees


def _currency(text: str) -> str:
    if text and not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError(text)
    return text or "CNY"


def _money(text: str, places: Decimal) -> int:
    minor = Decimal(text or "0") * places
    if not (minor.is_finite() and minor == minor.to_integral_value() and 0 <= minor < 10**17):
        raise ValueError(text)
    return int(minor)


def _count(text: str) -> int:
    count = int(text or "0")
    if not 0 <= count <= 10_000:
        raise ValueError(text)
    return count


def _geocodes(fields: _Fields, text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of the column `geocodes`, with the column `adcode` before them."""
    adcode = fields.values.get("adcode", "").strip()
    if adcode and not re.fullmatch(r"\d{6}(\d{6})?", adcode):
        fields.mistakes.append(
            Mistake(fields.row, "adcode", f"{adcode[:60]!r} cannot be used", _("Give 6 or 12 digits"))
        )
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    if any(not (equals and scheme.strip() and code.strip()) for scheme, equals, code in pairs) or len(text) > 2000:
        raise ValueError(text)
    named = tuple((scheme.strip(), code.strip()) for scheme, _equals, code in pairs)
    return (("adcode", adcode), *named) if adcode else named
