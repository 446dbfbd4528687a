"""What an alarm of our own says of a hazard: 现场达到阈值, never a warning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from cloud_gateway.exposures.events import OwnAlarm, Subject
from cloud_gateway.exposures.settings import Speaks
from cloud_gateway.warnings.model import Level

#: A device's rule names no level but how urgent it is; an unknown word counts as urgent.
LEVEL_OF_SEVERITY = {"attention": Level.MODERATE, "urgent": Level.SEVERE}


class OpenAlarm(msgspec.Struct, frozen=True):
    """An open alarm of a device that stands at a site (id). `raised_at` is device time.

    A device's own rule has a `severity`; one that was raised here, on readings, has `hazard` and `level`.
    """

    device: str
    rule: str
    stream: str
    site: str
    simulated: bool
    raised_at: int
    severity: str = ""
    hazard: str = ""
    level: int = 0

    @property
    def key(self) -> str:
        """What it is known by as the cause of a change."""
        return f"{self.device}/{self.rule}"


def hazard_of_stream(stream: str, speaks: Sequence[Speaks]) -> str:
    """What a stream's alarms speak of; "" for nothing that the weather brings: an open gate."""
    return next((one.hazard for one in speaks if fnmatchcase(stream, one.stream)), "")


def alarms_by_subject(alarms: Iterable[OpenAlarm], speaks: Sequence[Speaks]) -> dict[Subject, list[OwnAlarm]]:
    """The open alarms of each site by the hazard that they speak of."""
    found: dict[Subject, list[OwnAlarm]] = defaultdict(list)
    for alarm in alarms:
        hazard = alarm.hazard or hazard_of_stream(alarm.stream, speaks)
        if hazard:
            level = Level(alarm.level) if alarm.hazard else LEVEL_OF_SEVERITY.get(alarm.severity, Level.SEVERE)
            subject = Subject(alarm.site, hazard, alarm.simulated)
            found[subject].append(OwnAlarm(alarm.key, level, alarm.raised_at))
    return found
