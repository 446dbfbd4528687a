"""The dead man's switch's decisions: what has fallen silent, and when the duty desk hears of it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cloud_gateway.outreach.settings import Outreach
from cloud_gateway.outreach.store_checks import Check
from cloud_gateway.outreach.store_queue import WORKER

#: The watch's own row among the checks.
WATCH = "watch"
#: The worker shows a sign of life every 10 s, the watch with each look; so much later they have fallen silent.
WORKER_SILENT_MS = 120_000
WATCH_SILENT_MS = 300_000
#: A channel's test may be so much late, ms.
TEST_SLACK_MS = 600_000
#: While something is wrong the desk hears of it again and again, this often.
RESOUND_MS = 900_000


class Trouble(NamedTuple):
    """What is wrong: a channel, the worker or the watch; since when (ms UTC, None: it never worked), and why."""

    what: str
    since: int | None
    error: str = ""


class Sounding(NamedTuple):
    """What the desk was last told of, and when."""

    troubles: frozenset[str] = frozenset()
    at: int = 0


def silences(checks: Iterable[Check], settings: Outreach, now: int) -> list[Trouble]:
    """What a page shows as wrong. A channel whose test is overdue is the watch's silence, not the channel's."""
    known = {check.channel: check for check in checks}
    found = [_living(known, WORKER, WORKER_SILENT_MS, now), _living(known, WATCH, WATCH_SILENT_MS, now)]
    failing = [Trouble(c.channel, c.ok_at, c.error) for c in known.values() if c.error and c.channel not in _LIVING]
    late = settings.check_every_s * 1000 + TEST_SLACK_MS
    overdue = [
        Trouble(c.channel, c.ok_at, "its test is overdue")
        for c in known.values()
        if c.channel not in _LIVING and not c.error and now - c.at > late
    ]
    return [trouble for trouble in found if trouble is not None] + failing + overdue


_LIVING = frozenset({WORKER, WATCH})


def due_tests(checks: Iterable[Check], channels: Iterable[str], settings: Outreach, now: int) -> list[str]:
    """The channels whose test is due: a failed one is tried again at each look, so that mending shows at once."""
    known = {check.channel: check for check in checks}
    return [
        name
        for name in channels
        if name not in known or known[name].error or not 0 <= now - known[name].at < settings.check_every_s * 1000
    ]


def sound(last: Sounding, troubles: Iterable[Trouble], now: int) -> tuple[Sounding, bool]:
    """Whether the desk is told now: of anything new, of everything again after a while, and once when all is mended."""
    names = frozenset(trouble.what for trouble in troubles)
    is_new = bool(names - last.troubles)
    is_mended = not names and bool(last.troubles)
    is_time = bool(names) and now - last.at >= RESOUND_MS
    if is_new or is_mended or is_time:
        return Sounding(names, now), True
    return Sounding(names, last.at), False


def _living(known: Mapping[str, Check], name: str, most_ms: int, now: int) -> Trouble | None:
    check = known.get(name)
    if check is None:
        return Trouble(name, None, "it has never run")
    if check.ok_at is None or now - check.ok_at > most_ms:
        return Trouble(name, check.ok_at, check.error or "no sign of life")
    return None
