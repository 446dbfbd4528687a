"""A site as matching and ranking see it, and an exposure: one site touched, with the reason and how sure."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cloud_gateway.warnings.model import Level


class Why(StrEnum):
    """What put the site inside."""

    POLYGON = "polygon"
    CIRCLE = "circle"
    GEOCODE = "geocode"
    PARENT_GEOCODE = "parent-geocode"  # the code of a larger area around the site's own
    WIND_RADIUS = "wind-radius"
    GAUGE = "gauge"


class Sure(StrEnum):
    """How sure it is that the place meant is the place touched."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


#: The surest, and the most telling reason, first.
SURENESS = (Sure.CERTAIN, Sure.LIKELY, Sure.POSSIBLE)
REASONS = (Why.POLYGON, Why.CIRCLE, Why.GEOCODE, Why.WIND_RADIUS, Why.PARENT_GEOCODE, Why.GAUGE)


class Place(msgspec.Struct, frozen=True):
    """A site for matching: position or outline in WGS-84, and its administrative codes by scheme.

    `outline` rings are ((latitude, longitude), ...); the first is the shell of each polygon, holes are not kept.
    """

    site: str  # its id
    code: str
    latitude: float
    longitude: float
    outline: tuple[tuple[tuple[float, float], ...], ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()  # (scheme, code), e.g. ("adcode", "310115"), ("SAME", "045019")


class Exposure(msgspec.Struct, frozen=True):
    """One site touched by one warning."""

    site: str
    why: Why
    sure: Sure
    level: Level
    detail: str  # for people: the area's own words, a distance, a code
    distance_m: float = 0.0
    repaired: bool = False  # the geometry had to be mended


class SiteTouch(msgspec.Struct, frozen=True):
    """One site touched by one hazard of a warning. `exposure.level` is the gravest that holds or is to come.

    `holds` is in force there now; `onset` (ms UTC) is when `exposure.level` begins; `ends` None: until it is lifted.
    """

    exposure: Exposure
    hazard: str
    holds: Level
    onset: int
    ends: int | None


class StormTouch(msgspec.Struct, frozen=True):
    """One site reached by the winds of one advisory: by the strongest, from `enters` to `leaves` (ms UTC).

    Advice, no warning: `exposure.level` ranks and is never shown as a signal.
    """

    exposure: Exposure
    wind_kt: float
    enters: int
    leaves: int
    nearest_at: int


class Vulnerability(msgspec.Struct, frozen=True):
    """What makes a site likely to suffer: dated facts that score.py weighs."""

    claims: int = 0  # in the last five years, of this hazard's kind
    water_sensitive: bool = False  # goods that water spoils
    low_ground: bool = False
    poor_drainage: bool = False
    open_rectifications: int = 0
    paid_minor: int = 0  # for these claims, in minor units of the site's currency
