"""Invents a SIMULATED fleet of any size: a scenario with sites, devices of every role, and weather. Seeded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from firmware_sim.crowd_tables import CLERK, DEVICES, HEAD, SITE, STATION
from firmware_sim.folder import FILE_NAME

HOURS = 24
#: Devices of one site.
PER_SITE = 12
#: Kinds of weather; each site has one of them.
WEATHERS = 6
WEATHER_FILE = "weather.csv"
#: Rows of the weather stand so far apart, ms, and reach so far beyond the story.
ROW_MS, BEYOND_MS = 300_000, 3_600_000
#: mm/h that a spell of rain may have.
SPELLS = (0, 0, 0, 6, 25, 90)
#: The middle of the invented places, WGS-84, and how far they reach, degrees.
MIDDLE, REACH = (29.87, 121.55), 0.35
#: What devices are, by how many of twenty.
KINDS = (("drain", 7), ("tide", 4), ("store", 4), ("kiosk", 2), ("camera", 2), ("terminal", 1))


class Crowd(NamedTuple):
    """What to invent: so many devices from `start_ms` (ms UTC) on, a value of each stream every `every_s`."""

    devices: int
    seed: int
    start_ms: int
    every_s: float = 10.0


def write_crowd(folder: Path, crowd: Crowd) -> Path:
    """Write the scenario and its weather into `folder`; returns its file. The same crowd gives the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEATHER_FILE).write_text("\n".join(_weather(crowd)) + "\n")
    file = folder / FILE_NAME
    file.write_text("\n".join(_tables(crowd)))
    return file


def kind_of(number: int) -> str:
    """What the device with this number, from 0, is: any twenty in a row hold the same mixture."""
    mixture = [kind for kind, share in KINDS for _ in range(share)]
    return mixture[number * 7 % len(mixture)]


def _tables(crowd: Crowd) -> Iterator[str]:
    yield HEAD.format(start=_time(crowd.start_ms), end=_time(crowd.start_ms + HOURS * 3_600_000), seed=crowd.seed)
    for number in range(-(-crowd.devices // PER_SITE)):
        yield from _site(crowd, number)
    terminals = [number for number in range(crowd.devices) if kind_of(number) == "terminal"]
    if terminals:
        yield STATION
        yield from (CLERK.format(number=7000 + n) for n in terminals)
    for number in range(crowd.devices):
        yield _device(crowd, number)


def _site(crowd: Crowd, number: int) -> Iterator[str]:
    random = Random(f"{crowd.seed}/site/{number}")  # noqa: S311 - a place, not a secret
    yield SITE.format(
        number=number + 1,
        latitude=round(MIDDLE[0] + random.uniform(-REACH, REACH), 4),
        longitude=round(MIDDLE[1] + random.uniform(-REACH, REACH), 4),
        rain=number % WEATHERS,
        area=random.randrange(2000, 8000),
        outfall=round(random.uniform(0.008, 0.03), 4),
        insured=random.randrange(1, 90) * 1_000_000,
    )


def _device(crowd: Crowd, number: int) -> str:
    kind, site = kind_of(number), number // PER_SITE
    fields = {
        "id": f"fleet-{kind}-{number + 1:04}",
        "site": site + 1,
        "every": crowd.every_s,
        "seldom": crowd.every_s * 6,
        "weather": site % WEATHERS,
        "counter": number + 1,
        "clerk": 7000 + number,
        "card": _time(crowd.start_ms + 1000),
    }
    return DEVICES[kind].format(**fields)


def _weather(crowd: Crowd) -> Iterator[str]:
    """Rows of rain (mm/h), sea (m) and air (Cel), one column of each for every kind of weather."""
    names = [f"{what}_{place}" for what in ("rain", "sea", "air") for place in range(WEATHERS)]
    yield ",".join(["at", *names])
    random = Random(f"{crowd.seed}/weather")  # noqa: S311 - weather, not a secret
    for at in range(crowd.start_ms - BEYOND_MS, crowd.start_ms + HOURS * 3_600_000 + BEYOND_MS, ROW_MS):
        rain = [float(random.choice(SPELLS)) for _ in range(WEATHERS)]
        sea = [2.4 + 1.6 * _wave(at, 12.42, place) + random.gauss(0, 0.03) for place in range(WEATHERS)]
        air = [22 + 9 * _wave(at, 24.0, place) + random.gauss(0, 0.4) for place in range(WEATHERS)]
        yield ",".join([_time(at), *(f"{value:.3f}" for value in (*rain, *sea, *air))])


def _wave(at_ms: int, hours: float, place: int) -> float:
    return math.sin(2 * math.pi * (at_ms / 3_600_000 / hours + place / WEATHERS))


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
