"""Administrative and warning-zone codes: which schemes name the same thing, and which area lies inside which.

Sources: GB/T 2260 and the 12-digit statistical codes built on it (China); 47 CFR 11.31 for SAME, ANSI INCITS 31 and 38
for FIPS, NWS Directive 10-1702 for UGC (United States); Regulation (EC) 1059/2003 for NUTS; Statistics Canada's
Standard Geographical Classification for CAP-CP. Schemes without a hierarchy in their digits match by equality only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Code(NamedTuple):
    """A place by code, freed of the scheme's spelling: codes that name the same place are equal."""

    family: str
    text: str


#: Postal abbreviations of UGC against the state digits of SAME and FIPS.
STATES = {
    "AL": "01", "AK": "02", "AZ": "04", "AR": "05", "CA": "06", "CO": "08", "CT": "09", "DE": "10", "DC": "11",
    "FL": "12", "GA": "13", "HI": "15", "ID": "16", "IL": "17", "IN": "18", "IA": "19", "KS": "20", "KY": "21",
    "LA": "22", "ME": "23", "MD": "24", "MA": "25", "MI": "26", "MN": "27", "MS": "28", "MO": "29", "MT": "30",
    "NE": "31", "NV": "32", "NH": "33", "NJ": "34", "NM": "35", "NY": "36", "NC": "37", "ND": "38", "OH": "39",
    "OK": "40", "OR": "41", "PA": "42", "RI": "44", "SC": "45", "SD": "46", "TN": "47", "TX": "48", "UT": "49",
    "VT": "50", "VA": "51", "WA": "53", "WV": "54", "WI": "55", "WY": "56", "AS": "60", "GU": "66", "MP": "69",
    "PR": "72", "VI": "78",
}  # fmt: skip
Lineage = tuple[Code, ...]


def lineage(scheme: str, code: str) -> Lineage:
    """The place itself and, after it, the larger areas around it, nearest first.

    A code that its scheme does not allow stays by itself: it matches only its equal.
    """
    name, text = _plain(scheme), re.sub(r"\s", "", code).upper()
    for pattern, read in SCHEMES:
        if pattern.fullmatch(name) and (found := read(text)):
            return found
    return (Code(name, text),)


def _plain(scheme: str) -> str:
    return re.sub(r"[\s_/-]", "", scheme).lower()


def _chinese(text: str) -> Lineage:
    """Province, city, county, town, village: 2, 4, 6, 9 and 12 digits, filled up with zeros to 6 or 12."""
    if not re.fullmatch(r"\d{6}|\d{9}|\d{12}", text) or text[:2] == "00":
        return ()
    filled = text.ljust(12, "0")
    ends = [end for start, end in ((0, 2), (2, 4), (4, 6), (6, 9), (9, 12)) if filled[start:end].strip("0")]
    return tuple(Code("cn", filled[:end]) for end in reversed(ends))


def _same(text: str) -> Lineage:
    """PSSCCC: P a ninth of the county or 0 for all of it, SS the state, CCC the county or 000 for the whole state."""
    if not re.fullmatch(r"\d{6}", text):
        return ()
    part, state, county = text[0], text[1:3], text[3:]
    own = [Code("us", state + county + part)] if part != "0" and county != "000" else []
    own += [Code("us", state + county)] if county != "000" else []
    own += [Code("us", state)] if state != "00" else []
    return (*own, Code("us", ""))


def _fips(text: str) -> Lineage:
    """Five digits of a county, or six as SAME has them."""
    return _same(text.rjust(6, "0")) if re.fullmatch(r"\d{5,6}", text) else ()


def _ugc(text: str) -> Lineage:
    """SSCNNN is a county, SSZNNN a forecast zone; 000 or ALL is the whole state. Zones lie in no county's digits."""
    found = re.fullmatch(r"([A-Z]{2})([CZ])(\d{3}|ALL)", text)
    if not found:
        return ()
    letters, kind, number = found.groups()
    state = STATES.get(letters)
    if state is not None and (kind == "C" or number in ("000", "ALL")):
        return _same("0" + state + number.replace("ALL", "000"))
    zone = Code("us-zone", letters + number)
    return (zone,) if state is None else (zone, Code("us", state), Code("us", ""))


def _nuts(text: str) -> Lineage:
    """Country, then up to three levels of one letter or digit each."""
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{0,3}", text):
        return ()
    return tuple(Code("nuts", text[:end]) for end in range(len(text), 1, -1))


def _canadian(text: str) -> Lineage:
    """Province, census division, census subdivision: 2, 4 and 7 digits."""
    if not re.fullmatch(r"\d{2}(\d{2}(\d{3})?)?", text):
        return ()
    return tuple(Code("sgc", text[:end]) for end in (7, 4, 2) if end <= len(text))


#: Schemes (lower case, without spaces, "_", "-" and "/") against how their codes are read; the first that fits counts.
SCHEMES: tuple[tuple[re.Pattern[str], Callable[[str], Lineage]], ...] = (
    (re.compile(r"adcode|gb(t)?2260|cpeas(geographiccode)?|cnadcode"), _chinese),
    (re.compile(r"same"), _same),
    (re.compile(r"fips6?|fipscode"), _fips),
    (re.compile(r"ugc"), _ugc),
    (re.compile(r"nuts[0-3]?"), _nuts),
    (re.compile(r"profile:capcp:location:.*|sgc"), _canadian),
)
