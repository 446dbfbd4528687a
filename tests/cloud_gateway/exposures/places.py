"""Sites and alerts for tests of matching, and the slow plain way to find which sites an alert touches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pyproj import Geod

from cloud_gateway.exposures.model import Place
from cloud_gateway.warnings.model import Alert, Area, Circle, Geocode, Info, MsgType, Severity, Status

Ring = tuple[tuple[float, float], ...]
GEOD = Geod(ellps="WGS84")
SQUARE: Ring = ((31.0, 121.0), (31.0, 122.0), (32.0, 122.0), (32.0, 121.0), (31.0, 121.0))


def place(
    site: str, latitude: float, longitude: float, *codes: tuple[str, str], outline: tuple[Ring, ...] = ()
) -> Place:
    """A site."""
    return Place(site, site, latitude, longitude, outline, codes)


def info(*areas: Area, severity: Severity = Severity.SEVERE, **more: object) -> Info:
    """A segment of a message."""
    return Info(event="Rainstorm", hazard="rainstorm", severity=severity, areas=areas, **more)  # type: ignore[arg-type]


def alert(*infos: Info) -> Alert:
    """A message."""
    return Alert("id-1", "cma@example.org", 1_726_300_800_000, Status.ACTUAL, MsgType.ALERT, "cap-1.2", infos=infos)


def drawn(*rings: Ring, codes: Sequence[tuple[str, str]] = ()) -> Alert:
    """An alert for drawn areas, with codes beside them."""
    geocodes = tuple(Geocode(scheme, code) for scheme, code in codes)
    return alert(info(Area("Drawn", polygons=rings, geocodes=geocodes)))


def circled(latitude: float, longitude: float, radius_m: float) -> Alert:
    """An alert for a circle."""
    return alert(info(Area("Circle", circles=(Circle(latitude, longitude, radius_m),))))


def coded(scheme: str, code: str) -> Alert:
    """An alert that names its place by code alone."""
    return alert(info(Area("Named", geocodes=(Geocode(scheme, code),))))


def inside(ring: Ring, site: Place) -> bool:
    """Whether a ray from the site to the east crosses the ring's edges an odd number of times."""
    crossings = 0
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise(ring):
        if (lat_a > site.latitude) != (lat_b > site.latitude):
            at = lon_a + (site.latitude - lat_a) / (lat_b - lat_a) * (lon_b - lon_a)
            crossings += site.longitude < at
    return crossings % 2 == 1


def edge_distance_m(ring: Ring, site: Place, steps: int = 2_000) -> float:
    """Geodesic metres from the site to the nearest of many points on the ring's edges."""
    shares = [step / steps for step in range(steps + 1)]
    edges = list(pairwise(ring))
    latitudes = [a[0] + share * (b[0] - a[0]) for a, b in edges for share in shares]
    longitudes = [a[1] + share * (b[1] - a[1]) for a, b in edges for share in shares]
    count = len(latitudes)
    distances = GEOD.inv([site.longitude] * count, [site.latitude] * count, longitudes, latitudes)[2]
    return float(min(distances))
