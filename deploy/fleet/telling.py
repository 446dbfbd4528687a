"""What a trial of outages showed, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.fleet.figures import Figures
from deploy.fleet.lives import MOST_GROWTH_MB, MOST_MB, Life
from deploy.fleet.outages import MOST_LIVE_S, Outage


def describe_trial(figures: Figures) -> Iterator[str]:
    """Nothing for a fleet without outages; what was not kept comes last."""
    yield from map(_describe_outage, figures.outages)
    yield from map(_describe_life, figures.lives)
    for text in figures.broken:
        yield f"NOT KEPT: {text}"


def _describe_outage(outage: Outage) -> str:
    noticed = ", ".join(f"{who} {count}" for who, count in outage.noticed.items()) or "nobody"
    return (
        f"{outage.what} killed at {outage.began_s} s, started again at {outage.restarted_s} s: page live "
        f"{_after(outage.live_after_s)} (limit {MOST_LIVE_S:.0f} s), all linked {_after(outage.linked_after_s)}; "
        f"noticed by: {noticed}; page loaded {outage.openings} time(s)"
    )


def _describe_life(life: Life) -> str:
    parts = ", ".join(f"{name} {mb}" for name, mb in life.highest.items())
    growth = "too short to say" if life.growth_mb is None else f"{life.growth_mb:+} MB"
    return (
        f"gateway from {life.began_s:.0f} to {life.ended_s:.0f} s: at most {life.highest_mb} MB ({parts}; limit "
        f"{MOST_MB:.0f}), from the middle to the end {growth} (limit {MOST_GROWTH_MB:.0f})"
    )


def _after(seconds: float | None) -> str:
    return "not again" if seconds is None else f"after {seconds} s"
