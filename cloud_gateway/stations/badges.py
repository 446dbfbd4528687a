"""What terminals show of their counter: who may sign on, with stars and photo, and calls to the duty manager. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from cloud_gateway.stations.store import Clerk, Counter
from edge_agent.wire.messages import ClerkBadge, CounterNotice, DutyCall

#: Characters of photos in one notice, which may have 128 KiB in all.
PHOTO_ROOM = 90_000
MOST = 64
#: A call to the duty manager stands for so long, ms.
CALL_MS = 600_000


def make_counter(counter: Counter, clerks: Sequence[Clerk], lapsed: Collection[str], days: int) -> CounterNotice:
    """For the terminal of a counter: any clerk of the station may sign on there; `lapsed` training, no badge.

    Photos are left out from the clerk on with whom they would not fit any more.
    """
    badges: list[ClerkBadge] = []
    room = PHOTO_ROOM
    for clerk in [one for one in clerks if not one.gone][:MOST]:
        badge = _make_badge(clerk, clerk.number in lapsed, days)
        room -= len(badge.photo)
        badges.append(badge if room >= 0 else msgspec.structs.replace(badge, photo=""))
    return CounterNotice(counter.name, counter.name_zh, badges)


def make_calls(calls: Iterable[DutyCall], now: int) -> CounterNotice:
    """For the duty manager's own device: the calls of late, the newest first; neither who rated nor how."""
    young = [call for call in calls if now - call.at < CALL_MS]
    return CounterNotice(calls=sorted(young, key=lambda call: (-call.at, call.counter))[:MOST])


def write_counter(counter: CounterNotice) -> str:
    """As JSON, the same notice as the same text."""
    return msgspec.json.encode(counter, order="deterministic").decode()


def read_counter(text: str) -> CounterNotice:
    """From JSON. Raises msgspec.DecodeError."""
    return msgspec.json.decode(text, type=CounterNotice)


def _make_badge(clerk: Clerk, lapsed: bool, days: int) -> ClerkBadge:
    if lapsed:
        return ClerkBadge(clerk.number, clerk.name, clerk.card, days=days, lapsed=True)
    stars = (clerk.stars, clerk.star_ratings)
    return ClerkBadge(clerk.number, clerk.name, clerk.card, *stars, days=days, photo=clerk.photo)
