"""VTEC, the machine-readable line of US National Weather Service products: which event, what happens to it, until when.

Form (NWS directive 10-1703): /k.aaa.cccc.pp.s.####.yymmddThhnnZ-yymmddThhnnZ/. A time of zeros is unknown: a beginning
that has passed, or an end "until further notice".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

_LINE = re.compile(
    r"/(?P<kind>[OTEX])\.(?P<action>[A-Z]{3})\.(?P<office>[A-Z]{4})\.(?P<phenomenon>[A-Z]{2})\.(?P<significance>[A-Z])"
    r"\.(?P<number>[0-9]{4})\.(?P<begins>[0-9]{6}T[0-9]{4}Z)-(?P<ends>[0-9]{6}T[0-9]{4}Z)/"
)
_UNKNOWN = "000000T0000Z"
_ENDING = frozenset({"CAN", "EXP", "UPG"})  # the event is over, or goes on under another number


class Vtec(NamedTuple):
    """One line; times in ms UTC, None where the line has zeros."""

    action: str
    office: str
    phenomenon: str
    significance: str
    number: str
    begins: int | None
    ends: int | None


def parse_vtec(texts: Iterable[str]) -> Vtec | None:
    """The operational line in `texts`: of several the first whose event goes on; None without one.

    Routine products (ROU) and hydrologic lines are none.
    """
    matches = (match for text in texts for match in _LINE.finditer(text[:1000]))
    lines = [match for match in matches if match["kind"] == "O" and match["action"] != "ROU"]
    if not lines:
        return None
    found = next((line for line in lines if line["action"] not in _ENDING), lines[0])
    action, office, phenomenon, significance, number = found.group(
        "action", "office", "phenomenon", "significance", "number"
    )
    return Vtec(action, office, phenomenon, significance, number, _moment(found["begins"]), _moment(found["ends"]))


def vtec_event_key(line: Vtec, sent: int) -> str:
    """What joins the messages of one event: office, phenomenon, significance, number, and the year it is counted in.

    Numbers start again each year; the year is that of the beginning, else of `sent` (ms UTC).
    """
    year = datetime.fromtimestamp((sent if line.begins is None else line.begins) / 1000, UTC).year
    return f"vtec:{line.office}.{line.phenomenon}.{line.significance}.{line.number}.{year}"


def lasts_until_further_notice(parameters: Iterable[tuple[str, str]]) -> bool:
    """Whether the VTEC among an info's parameters says that the end is unknown: `expires` ends the product only."""
    line = parse_vtec(value for name, value in parameters if name.upper() == "VTEC")
    return line is not None and line.ends is None


def _moment(text: str) -> int | None:
    if text == _UNKNOWN:
        return None
    try:
        return int(datetime.strptime(text, "%y%m%dT%H%MZ").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None
