"""When each info of a message holds: from its onset to the end of the hazard, or without an end.

The end of the hazard is `ends` (NWS ends, eventEndingTime, VTEC), else `expires`; none where VTEC says "until further
notice" (NWS directive 10-1703: an ending time of zeros) or where the time lies beyond reason (year 9999).
"""

from __future__ import annotations

from typing import NamedTuple

from cloud_gateway.warnings.model import Alert, Finding, Info, Level, MsgType
from cloud_gateway.warnings.profiles import vtec_of
from cloud_gateway.warnings.signals import shown_h
from cloud_gateway.warnings.vtec import lasts_until_further_notice

HOUR_MS = 3_600_000
#: No warning lasts so long: an end beyond it is a way of writing that there is none.
LONGEST_MS = 2 * 366 * 24 * HOUR_MS
#: VTEC actions by which an office takes an event back; EXP is sent ahead of the end, which stands in the message.
TAKEN_BACK = frozenset({"CAN", "UPG"})


class Window(NamedTuple):
    """When one info holds, ms UTC. `stop` None: until lifted or replaced; then `confirmed_until` is for display."""

    level: Level
    start: int
    stop: int | None
    confirmed_until: int


def read_windows(alert: Alert) -> tuple[tuple[Window, ...], tuple[Finding, ...]]:
    """The windows of all infos that warn of something, and what is doubtful in their times; a Cancel has none."""
    if alert.msg_type is MsgType.CANCEL:
        return (), ()
    read = [_read_window(alert, info) for info in alert.infos if not is_clear(info)]
    return tuple(window for window, _ in read), tuple(
        dict.fromkeys(found for _, findings in read for found in findings)
    )


def infos_standing(alert: Alert, now: int) -> tuple[Info, ...]:
    """The infos of a message that hold at `now` or are yet to; what replaced the message is not looked at."""
    warning = [info for info in alert.infos if alert.msg_type is not MsgType.CANCEL and not is_clear(info)]
    stops = [(info, _read_window(alert, info)[0].stop) for info in warning]
    return tuple(info for info, stop in stops if stop is None or stop > now)


def clears(alert: Alert) -> bool:
    """Whether a message says that the danger is over: a Cancel, or no info of it warns any more."""
    return alert.msg_type is MsgType.CANCEL or (bool(alert.infos) and all(map(is_clear, alert.infos)))


def is_clear(info: Info) -> bool:
    """Whether an info says that there is nothing to warn of: green, AllClear, ended here, taken back in its VTEC."""
    line = vtec_of(info.parameters)
    is_taken_back = line is not None and line.action in TAKEN_BACK
    has_ended = any("Alert_Location_Status" in name and text == "ended" for name, text in info.parameters)
    return info.level is Level.NONE or "AllClear" in info.response_types or has_ended or is_taken_back


def _read_window(alert: Alert, info: Info) -> tuple[Window, list[Finding]]:
    findings: list[Finding] = []
    start = next((at for at in (info.onset, info.effective) if at is not None), alert.sent)
    stop = _hazard_end(alert, info)
    if stop is not None and stop - alert.sent > LONGEST_MS:
        findings.append(Finding("end_beyond_reason", "expires", "An end years away is taken as none", "doubtful"))
        stop = None
    if stop is not None and stop <= start:
        findings.append(Finding("end_before_onset", "expires", "It ends before it begins: taken as begun", "doubtful"))
        start = min(start, alert.sent)
    return Window(info.level, start, stop, _confirmed_until(alert, info)), findings


def _hazard_end(alert: Alert, info: Info) -> int | None:
    if info.ends is not None and not _is_stale(alert, info, info.ends):
        return info.ends
    return None if lasts_until_further_notice(info.parameters) else info.expires


def _is_stale(alert: Alert, info: Info, ends: int) -> bool:
    """An end before the message itself cannot be meant where the message goes on, unless its VTEC says "expired"."""
    line = vtec_of(info.parameters)
    says_over = line is not None and line.action == "EXP"
    return ends <= alert.sent < (info.expires or 0) and not says_over


def _confirmed_until(alert: Alert, info: Info) -> int:
    """Until when a warning without an end counts as confirmed: its own `expires`, else its signal's usual validity."""
    if info.expires is not None and info.expires - alert.sent <= LONGEST_MS:
        return info.expires
    return alert.sent + shown_h(info.hazard, info.color) * HOUR_MS
