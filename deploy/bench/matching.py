"""Bench of matching: 100,000 sites against a load of alerts, beside a scan of all sites that finds the same."""

from __future__ import annotations

import random
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from cloud_gateway.exposures.geometry import GEOD, distances_m, gap_m, margin_degrees, ring_shape
from cloud_gateway.exposures.index import MARGIN_M, SiteIndex
from cloud_gateway.exposures.model import Place, Sure
from cloud_gateway.warnings.model import Alert, Area, Circle, Info, MsgType, Severity, Status
from cloud_gateway.warnings.reading import read_alerts
from deploy.bench.page import Table

SITES = 100_000
SAMPLE = 20
SEED = 20261122
LIMIT_TIMES = 50
#: The load folder beside a checkout; without it alerts are made up.
LOAD = Path("../shared/data/cap-load/capAlertTestAreas.zip")
GENERATED = 1_870
FILE_MOST = 8 * 1024 * 1024
Found = set[tuple[str, Sure, float]]
Touch = tuple[int, int, float]  # number of the site, 0 certain or 1 likely, metres outside
Value = TypeVar("Value")


def bench_matching(_folder: Path, rounds: int) -> list[Table]:
    """CPU time of an alert by the index, site by site, and by a vectorised scan; what they find differently."""
    chance = random.Random(SEED)  # noqa: S311  # the same sites each time; no secret
    alerts = read_load(LOAD) if LOAD.exists() else make_alerts(chance)
    places = make_places(alerts, chance)
    costs = [measure(alerts, places, chance) for _ in range(rounds)]
    origin = "the load folder" if LOAD.exists() else "GENERATED alerts"
    exposures = costs[-1].exposures
    table = Table(f"Matching: {len(places):,} sites, {len(alerts):,} alerts of {origin}, {exposures:,} exposures")
    table.add("times faster than looking site by site", [c.plain / c.index for c in costs], "", at_least=LIMIT_TIMES)
    table.add("exposures that are found otherwise site by site", [sum(c.differences for c in costs)], "", at_most=0)
    table.add("times faster than a vectorised scan of all sites", [c.scan / c.index for c in costs], "")
    table.add("an alert by the index", [1e3 * c.index for c in costs], "ms")
    table.add("an alert site by site", [1e3 * c.plain for c in costs], "ms")
    table.add("an alert by a vectorised scan", [1e3 * c.scan for c in costs], "ms")
    table.add("building the index", [1e3 * c.building for c in costs], "ms")
    return [table]


@dataclass(frozen=True)
class Cost:
    """Of one round: seconds of CPU for each alert, and what was found."""

    building: float
    index: float
    plain: float
    scan: float
    differences: int
    exposures: int


def measure(alerts: Sequence[Alert], places: Sequence[Place], chance: random.Random) -> Cost:
    """One round; the slow ways look at `SAMPLE` of the alerts."""
    positions = np.array([(p.longitude, p.latitude) for p in places])
    points = shapely.points(positions)
    index, building = _timed(lambda: SiteIndex(places))
    index.touched_by(alerts[0])  # the tree is built by its first question
    found, by_index = _timed(lambda: [index.touched_by(alert) for alert in alerts])
    sample = chance.sample(range(len(alerts)), min(SAMPLE, len(alerts)))
    plain, by_plain = _timed(lambda: [scan(alerts[n], places, _one_by_one(points, positions)) for n in sample])
    fast, by_scan = _timed(lambda: [scan(alerts[n], places, _all_at_once(points, positions)) for n in sample])
    expected = [{(e.site, e.sure, e.distance_m) for e in found[n]} for n in sample]
    differences = sum(len(a ^ b) + len(a ^ c) for a, b, c in zip(expected, plain, fast, strict=True))
    costs = by_index / len(alerts), by_plain / len(sample), by_scan / len(sample)
    return Cost(building, *costs, differences, sum(map(len, found)))


def scan(alert: Alert, places: Sequence[Place], look: Callable[[Area], Iterable[Touch]]) -> Found:
    """What touches an alert's drawn areas, every site looked at: site, how sure, metres outside."""
    best: dict[int, tuple[int, float]] = {}
    for area in [area for info in alert.infos for area in info.areas]:
        for number, doubt, gap in look(area):
            best[number] = min(best.get(number, (doubt, gap)), (doubt, gap))
    sures = (Sure.CERTAIN, Sure.LIKELY)
    return {(places[number].site, sures[doubt], round(gap, 1)) for number, (doubt, gap) in best.items()}


def _one_by_one(points: NDArray[np.object_], positions: NDArray[np.float64]) -> Callable[[Area], Iterable[Touch]]:
    """Looks at one site after the other."""

    def look(area: Area) -> Iterable[Touch]:
        for shape in filter(None, map(ring_shape, area.polygons)):
            shapely.prepare(shape.surface)
            margin = margin_degrees(shape.surface, MARGIN_M)
            for number, point in enumerate(points):
                if not shape.surface.dwithin(point, margin):
                    continue
                if (gap := gap_m(point, shape.surface, MARGIN_M)) <= MARGIN_M:
                    yield number, int(shape.repaired or gap > 0), gap
        for circle in area.circles:
            for number, (longitude, latitude) in enumerate(positions):
                reach = GEOD.inv(circle.longitude, circle.latitude, longitude, latitude)[2]
                if (gap := max(reach - circle.radius_m, 0.0)) <= MARGIN_M:
                    yield number, int(gap > 0), gap

    return look


def _all_at_once(points: NDArray[np.object_], positions: NDArray[np.float64]) -> Callable[[Area], Iterable[Touch]]:
    """Looks at all sites in one call of the geometry library, still without a tree."""

    def look(area: Area) -> Iterable[Touch]:
        yield from _scan_rings(area, points)
        yield from _scan_circles(area, positions)

    return look


def read_load(file: Path) -> list[Alert]:
    """Every alert of a zip of CAP files, in the order of their names."""
    with zipfile.ZipFile(file) as packed:
        infos = sorted((info for info in packed.infolist() if info.filename.endswith(".xml")), key=lambda i: i.filename)
        raws = [packed.read(info) for info in infos if info.file_size <= FILE_MOST]
    return [alert for raw in raws for alert in read_alerts(raw).alerts]


def make_alerts(chance: random.Random) -> list[Alert]:
    """Boxes and circles of some kilometres to some hundred, over inhabited latitudes."""
    return [_alert(number, chance) for number in range(GENERATED)]


def make_places(alerts: Sequence[Alert], chance: random.Random, count: int = SITES) -> list[Place]:
    """Half of the sites about the alerts' areas, half anywhere: most of what is insured lies where nothing happens."""
    areas = [area for alert in alerts for info in alert.infos for area in info.areas]
    corners = [ring[0] for area in areas for ring in area.polygons]
    corners += [(circle.latitude, circle.longitude) for area in areas for circle in area.circles]
    return [_place(number, chance, corners) for number in range(count)]


def _scan_rings(area: Area, points: NDArray[np.object_]) -> Iterable[Touch]:
    for shape in filter(None, map(ring_shape, area.polygons)):
        shapely.prepare(shape.surface)
        inside = shapely.intersects(shape.surface, points)
        near = shapely.dwithin(shape.surface, points, margin_degrees(shape.surface, MARGIN_M)) & ~inside
        yield from ((int(number), int(shape.repaired), 0.0) for number in np.flatnonzero(inside))
        for number in np.flatnonzero(near):
            if (gap := gap_m(points[number], shape.surface, MARGIN_M)) <= MARGIN_M:
                yield int(number), 1, gap


def _scan_circles(area: Area, positions: NDArray[np.float64]) -> Iterable[Touch]:
    for circle in area.circles:
        gaps = np.maximum(distances_m(circle.latitude, circle.longitude, positions) - circle.radius_m, 0.0)
        for number in np.flatnonzero(gaps <= MARGIN_M):
            yield int(number), int(gaps[number] > 0), float(gaps[number])


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """What comes of it, and its seconds of CPU: other programs on the machine do not count."""
    begun = time.process_time()
    done = work()
    return done, time.process_time() - begun


def _alert(number: int, chance: random.Random) -> Alert:
    latitude, longitude = chance.uniform(-55, 65), chance.uniform(-175, 175)
    size = 10 ** chance.uniform(-2, 0.3)
    ring = tuple((latitude + y * size, longitude + x * size) for y, x in ((-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)))
    circle = Circle(latitude, longitude, size * 100_000)
    area = Area("generated", (), (circle,)) if number % 5 == 0 else Area("generated", (ring,))
    info = Info("generated", "flood", severity=Severity.SEVERE, areas=(area,))
    return Alert(f"load-{number}", "bench", 0, Status.TEST, MsgType.ALERT, "generated", infos=(info,))


def _place(number: int, chance: random.Random, corners: Sequence[tuple[float, float]]) -> Place:
    if number % 2:
        latitude, longitude = chance.uniform(-55, 70), chance.uniform(-180, 180)
    else:
        north, east = chance.choice(corners)
        latitude = min(max(north + chance.gauss(0, 0.3), -90.0), 90.0)
        longitude = min(max(east + chance.gauss(0, 0.3), -180.0), 180.0)
    return Place(f"s{number}", f"s{number}", latitude, longitude)
