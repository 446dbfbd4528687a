"""How urgently the sites of events are called: their facts, claims and storms, weighed by the dated rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.events import HazardEvent
from cloud_gateway.exposures.model import SURENESS, Exposure, StormTouch
from cloud_gateway.exposures.score import Score, score
from cloud_gateway.exposures.store_sites import standings
from cloud_gateway.exposures.store_storms import storms_at
from cloud_gateway.warnings.hazards import HAZARDS, OTHER, WATER

#: Hazards that bring water to goods, low ground and drains.
WET = WATER | {"typhoon", "thunderstorm"}
#: The hazard that a storm's track speaks of.
STORM = "typhoon"


async def rank_events(connection: AsyncConnection, events: Iterable[HazardEvent], now: int) -> dict[str, Score]:
    """The score of each event (id) at `now` (ms UTC)."""
    by_hazard: dict[str, list[HazardEvent]] = defaultdict(list)
    for event in events:
        by_hazard[event.hazard].append(event)
    day = datetime.fromtimestamp(now / 1000, UTC).date()
    storms = await storms_at(connection, {event.site for event in by_hazard.get(STORM, ())})
    scores = {}
    for hazard, some in by_hazard.items():
        known = await standings(connection, {event.site for event in some}, _kindred(hazard), now)
        for event in some:
            one, wet = known[event.site], hazard in WET
            storm = surest(storms.get((event.site, event.simulated), ())) if hazard == STORM else None
            level = event.level or event.peak
            scores[event.id] = score(one.vulnerability, level, one.insured_minor, day, wet=wet, storm=storm)
    return scores


def surest(touches: Sequence[StormTouch]) -> Exposure | None:
    """Of several advisories the one that counts: what is sure before what is strong before what is early."""
    best = min(
        touches,
        key=lambda touch: (SURENESS.index(touch.exposure.sure), -touch.wind_kt, touch.enters, touch.exposure.detail),
        default=None,
    )
    return None if best is None else best.exposure


def _kindred(hazard: str) -> set[str]:
    """Hazards that do the same harm: claims of any of them count."""
    family = HAZARDS.get(hazard, HAZARDS[OTHER]).family
    return {key for key, one in HAZARDS.items() if one.family == family}
