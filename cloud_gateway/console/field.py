"""The field at one moment with its decisions made, for all that is composed of it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cloud_gateway.alarms.hand import Hand, State
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.alarms.store_hand import key_of
from cloud_gateway.console.labels import Labels
from cloud_gateway.console.store import Snapshot
from cloud_gateway.devices.condition import Condition, Facts, Moment, is_playing, judge_device, tell_moment
from cloud_gateway.devices.store import Device, Stream, facts
from cloud_gateway.sites.store import Site
from edge_agent.web.words import _


@dataclass(frozen=True)
class Field:
    """A snapshot, how each device stands in it, and the reader's words."""

    snapshot: Snapshot
    moment: Moment
    known: dict[str, Facts]
    conditions: dict[str, Condition]
    labels: Labels

    @cached_property
    def sites(self) -> dict[str, Site]:
        """The sites by code."""
        return {site.code: site for site in self.snapshot.sites}

    @cached_property
    def devices_of(self) -> dict[str, list[Device]]:
        """The devices that stand at each site, by its code; at none: the empty one."""
        found: dict[str, list[Device]] = defaultdict(list)
        for device in self.snapshot.devices:
            found[device.site or ""].append(device)
        return found

    @cached_property
    def alarms(self) -> list[Alarm]:
        """The alarms that are crossed and that nobody has closed."""
        return [one for one in self.snapshot.alarms if self.hand_of(one).state is not State.CLOSED]

    @cached_property
    def alarms_of(self) -> dict[str, list[Alarm]]:
        """All alarms that are crossed, by the code of their site."""
        found: dict[str, list[Alarm]] = defaultdict(list)
        for alarm in self.snapshot.alarms:
            found[alarm.site or ""].append(alarm)
        return found

    @cached_property
    def main_zone(self) -> str:
        """The zone of what stands at no site."""
        return main_zone(self.snapshot.sites)

    def zone_of(self, code: str | None) -> str:
        """The zone of a site."""
        found = self.sites.get(code or "")
        return found.zone if found else self.main_zone

    def name_of(self, code: str | None) -> str:
        """What a site is called."""
        found = self.sites.get(code or "")
        return self.labels.site(found) if found else self.labels.text(_("no site"))

    def hand_of(self, alarm: Alarm) -> Hand:
        """Who has an alarm."""
        return self.snapshot.hands.get(key_of(alarm), Hand())

    def streams(self, device: str) -> list[Stream]:
        """The streams of a device."""
        return self.snapshot.streams.get(device, [])

    def is_playing(self, device: str) -> bool:
        """Whether a device's time is a story's."""
        return device in self.known and is_playing(self.known[device])

    def now_of(self, device: str) -> int:
        """Now by the clock that a device lives by, ms UTC."""
        return self.moment.of(self.is_playing(device))


def judge_field(snapshot: Snapshot, now: int, labels: Labels, *, in_scenario: bool) -> Field:
    """The field at gateway time `now` (ms UTC).

    Only `in_scenario`, where the gateway itself plays one, simulated devices set the clock: elsewhere a single one
    with a wrong clock would set it for everybody.
    """
    known = {one.id: facts(one, snapshot.streams.get(one.id, [])) for one in snapshot.devices}
    moment = tell_moment(known.values(), now, snapshot.pace, in_scenario=in_scenario)
    return Field(snapshot, moment, known, {name: judge_device(one, moment) for name, one in known.items()}, labels)


def main_zone(sites: Sequence[Site]) -> str:
    """The zone in which most sites lie; UTC without sites."""
    zones = [site.zone for site in sites]
    return max(sorted(set(zones)), key=zones.count, default="UTC")
