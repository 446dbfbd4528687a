"""The checks of a story's modelled warnings: who issues them, where, when, and what they replace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from firmware_sim.bulletins import Bulletin
from firmware_sim.forms import Story


class Mistake(NamedTuple):
    """Where, what, and what to do."""

    field: str
    what: str
    remedy: str


def find_mistakes(story: Story) -> Iterator[Mistake]:
    """Every mistake in the warnings, their offices and their areas."""
    for name, ids in (
        ("issuer", [issuer.id for issuer in story.issuer]),
        ("zone", [zone.id for zone in story.zone]),
        ("warning", [bulletin.id for bulletin in story.warning]),
    ):
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            yield Mistake(f"{name}[{twice}]", "stands there twice", "give each its own id")
    for bulletin in story.warning:
        yield from _mistakes_of(story, bulletin, f"warning[{bulletin.id}]")


def _mistakes_of(story: Story, bulletin: Bulletin, field: str) -> Iterator[Mistake]:
    if not story.start_ms <= bulletin.at_ms <= story.end_ms:
        yield Mistake(f"{field}.at", "is not within the story", "mend it, or `start` or `end`")
    if bulletin.ends_ms is not None and bulletin.ends_ms <= bulletin.at_ms:
        yield Mistake(f"{field}.ends", "is not after `at`", "mend it")
    for name in sorted(set(bulletin.zones) - {zone.id for zone in story.zone}):
        yield Mistake(f"{field}.zones", f"there is no zone {name!r}", "name the id of a [[zone]]")
    earlier = {one.id for one in story.warning if one.at_ms < bulletin.at_ms}
    for name in sorted(set(bulletin.replaces) - earlier):
        yield Mistake(f"{field}.replaces", f"there is no earlier warning {name!r}", "name the id of a [[warning]]")
    yield from _mistakes_of_shape(story, bulletin, field)


def _mistakes_of_shape(story: Story, bulletin: Bulletin, field: str) -> Iterator[Mistake]:
    issuer = next((one for one in story.issuer if one.id == bulletin.issuer), None)
    if issuer is None:
        yield Mistake(f"{field}.issuer", f"there is no issuer {bulletin.issuer!r}", "name the id of an [[issuer]]")
    if story.warnings_as == "cap":
        if not bulletin.zones:
            yield Mistake(f"{field}.zones", "there is none", "say where it holds, or it touches no site")
        return
    if issuer is not None and not issuer.adcode:
        yield Mistake(f"issuer[{issuer.id}].adcode", "is missing", "a Chinese signal holds where its office is: add it")
    if not bulletin.kind:
        yield Mistake(f"{field}.kind", "is missing", "add the code of the signal, such as 11B01")
    if bulletin.status != "actual":
        yield Mistake(f"{field}.status", "cannot be told in this shape", 'take `warnings_as = "cap"` for tests')
