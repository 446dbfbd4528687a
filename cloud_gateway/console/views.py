"""What the live page shows, in the reader's words: headline, sites, alarms and devices."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_gateway.devices.condition import Tone


@dataclass(frozen=True)
class AlarmView:
    """One open alarm and who has it. Times in ms UTC of the device, shown in `zone`; `playing`: of a story's clock."""

    tone: Tone
    severity: str
    label: str
    site: str
    code: str
    detail: str
    raised_at: int
    age_ms: int
    zone: str
    playing: bool
    address: str
    who: str
    held: bool


@dataclass(frozen=True)
class DeviceView:
    """One device: how it stands in a word, and all that is amiss with it."""

    id: str
    site: str
    tone: Tone
    state: str
    detail: str
    heard_at: int | None
    heard_ago_ms: int


@dataclass(frozen=True)
class Tally:
    """How many stand so; `word` is the state in a word."""

    tone: Tone
    word: str
    count: int


@dataclass(frozen=True)
class Plot:
    """A stream as the charts draw it. `kind`: `contact`, `amount` per interval, or `level`."""

    id: str
    device: str
    name: str
    label: str
    unit: str
    interval_s: float
    predicts: str | None
    kind: str
    shown: str
    at: int | None


@dataclass(frozen=True)
class Limit:
    """A rule as the charts draw it."""

    device: str
    name: str
    stream: str
    type: str
    limit: float
    label: str
    severity: str


@dataclass(frozen=True)
class SiteView:
    """One site on the map; `devices` are those on it by how they stand, the worst first."""

    code: str
    name: str
    latitude: float
    longitude: float
    zone: str
    tone: Tone
    state: str
    line: str
    devices: tuple[Tally, ...]
    alarms: int


@dataclass(frozen=True)
class ChartedSite(SiteView):
    """One site with its charts; `key` is the stream people ask for first, `unplotted` how many have no chart here."""

    key: str
    plots: tuple[Plot, ...]
    limits: tuple[Limit, ...]
    unplotted: int


@dataclass(frozen=True)
class Headline:
    """The answer that the page opens with."""

    tone: Tone
    pill: str
    title: str
    detail: str


@dataclass(frozen=True)
class Overview:
    """Everything the live page shows but the charts' points; sites, alarms and devices the worst first."""

    headline: Headline
    calm: str
    tally: str
    sites: tuple[SiteView, ...]
    charted: tuple[ChartedSite, ...]
    alarms: tuple[AlarmView, ...]
    devices: tuple[DeviceView, ...]
    tallies: tuple[Tally, ...]
    reporting: int
    clock: int
    simulated_clock: bool
    heard_at: int | None
    zone: str
    pace: float
    simulated: bool
    dead_letters: int
    newest_event: int
