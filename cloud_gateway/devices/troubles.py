"""Says what does not go well on a device by its newest heartbeat: parts out of work, supply, room running out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cloud_gateway.console.labels import Labels
from cloud_gateway.devices.store import Health
from cloud_gateway.devices.words import LANES
from edge_agent.web.words import _

#: An outbox is told of so many hours before it is full.
FULL_H = 24.0
#: A disk with less room than this, in MB, is nearly full.
DISK_MB = 200.0


@dataclass(frozen=True)
class Trouble:
    """One thing that is amiss: the state in a word, and what exactly."""

    word: str
    detail: str


def find_troubles(health: Health | None, labels: Labels) -> tuple[Trouble, ...]:
    """What the device says of itself, the gravest first; nothing of a device that says nothing."""
    return () if health is None else tuple(_troubles(health, labels))


def _troubles(health: Health, labels: Labels) -> Iterator[Trouble]:
    if health.degraded:
        parts = labels.text(_(", ")).join(health.degraded)
        yield Trouble(labels.text(_("degraded")), labels.text(_("does not work: %(parts)s"), parts=parts))
    if health.undervoltage:
        yield Trouble(labels.text(_("low voltage")), labels.text(_("its supply voltage is too low")))
    full = labels.text(_("nearly full"))
    for lane, hours in sorted(health.hours_left.items()):
        if hours < FULL_H:
            name = labels.text(LANES[lane]) if lane in LANES else lane
            age = labels.age(round(hours * 3_600_000))
            yield Trouble(full, labels.text(_("%(lane)s: full in %(age)s"), lane=name, age=age))
    if health.disk_free_mb is not None and health.disk_free_mb < DISK_MB:
        yield Trouble(full, labels.text(_("%(room)s left on its disk"), room=f"{health.disk_free_mb:.0f} MB"))
