"""What publishers say beside CAP's own fields: in parameters, codes and identifiers of their profiles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cloud_gateway.warnings.hazards import OTHER, hazard_of_event
from cloud_gateway.warnings.model import Color, Info
from cloud_gateway.warnings.signals import read_color
from cloud_gateway.warnings.vtec import Vtec, parse_vtec, vtec_event_key

Pairs = Sequence[tuple[str, str]]

#: 47 CFR 11.31(e): demonstration, national periodic, required monthly and required weekly test.
_TEST_CODES = frozenset({"DMO", "NPT", "RMT", "RWT"})
_VTEC_NAMES = frozenset({"VTEC", "NWSVTEC"})
_SIGNAL = re.compile("([白蓝黄橙红])色?(?:预警|警报|信号)")
#: The national warning centre numbers messages by the office's division code: 31000041600000_20250811152835.
_NATIONAL_ID = re.compile(r"(?:ALERT_CN_)?(\d{6})41600000_\d{14}", re.ASCII)
_NATIONAL_TYPE = re.compile(r"11[A-F]\d{2}", re.ASCII)


def value_of(pairs: Pairs, name: str) -> str:
    """The first value of that name in any case of letters, "" without one."""
    return next((value for known, value in pairs if known.casefold() == name.casefold()), "")


def vtec_of(parameters: Pairs) -> Vtec | None:
    """The event of a US message."""
    return parse_vtec(value for name, value in parameters if name in _VTEC_NAMES)


def color_of(event: str, headline: str, parameters: Pairs) -> Color | None:
    """The issuer's own colour: MeteoAlarm's awareness level, GDACS's alert level, a Chinese signal's words.

    The area colours of the German service are none: its yellow is the lowest level.
    """
    awareness = value_of(parameters, "awareness_level").split(";")
    if len(awareness) > 1:
        return read_color(awareness[1])
    if value_of(parameters, "eventtype"):
        return read_color(value_of(parameters, "alertlevel"))
    signal = _SIGNAL.search(headline[:500]) or _SIGNAL.search(event[:500])
    return read_color(signal[1]) if signal else None


def hazard_of(event: str, event_codes: Pairs, parameters: Pairs) -> str:
    """The hazard by the codes of the profile, then by the event's own codes and words."""
    line = vtec_of(parameters)
    codes = [] if line is None else [("VTEC", line.phenomenon)]
    codes += [(name, value_of(parameters, name)) for name in ("awareness_type", "eventtype")]
    return hazard_of_event(event, [(name, code) for name, code in [*codes, *event_codes] if code])


def hazard_told_elsewhere(infos: Iterable[Info]) -> str:
    """The hazard that all infos speak of whose words are known: it is that of the other languages, too; "" if none."""
    known = {info.hazard for info in infos} - {OTHER}
    return known.pop() if len(known) == 1 else ""


def event_key_of(identifier: str, sent: int, infos: Sequence[Info]) -> str:
    """The key of a US or GDACS event or a Chinese signal that all infos share; "" where references make the chain."""
    lines = {vtec_event_key(line, sent) for info in infos if (line := vtec_of(info.parameters)) is not None}
    if len(lines) == 1:
        return lines.pop()
    events = {gdacs_key(kind, number) for info in infos for kind, number in [_gdacs_event(info)] if kind and number}
    if len(events) == 1:
        return events.pop()
    types = {code.upper() for info in infos for _, code in info.event_codes if _NATIONAL_TYPE.fullmatch(code.upper())}
    office = adcode_of(identifier)
    return signal_key(office, types.pop()) if office and len(types) == 1 else ""


def signal_key(office: str, kind: str) -> str:
    """What joins the Chinese signals of one office (division code) and type (11B03)."""
    return f"cn:{office}:{kind}"


def gdacs_key(kind: str, number: str) -> str:
    """What joins the episodes of one GDACS event."""
    return f"gdacs:{kind}.{number}"


def is_test_by_code(infos: Sequence[Info]) -> bool:
    """Whether every info has an SAME code of a test or a drill: US stations send those with status Actual."""
    return bool(infos) and all(_TEST_CODES & {code.upper() for _, code in info.event_codes} for info in infos)


def _gdacs_event(info: Info) -> tuple[str, str]:
    return value_of(info.parameters, "eventtype"), value_of(info.parameters, "eventid")


def adcode_of(identifier: str) -> str:
    """The division code of the Chinese office that numbered the message; "" for other numbers."""
    match = _NATIONAL_ID.match(identifier)
    return match[1] if match else ""
