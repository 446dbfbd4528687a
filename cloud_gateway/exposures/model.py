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


class Vulnerability(msgspec.Struct, frozen=True):
    """What makes a site likely to suffer: dated facts that score.py weighs."""

    claims: int = 0  # in the last five years, of this hazard's kind
    water_sensitive: bool = False  # goods that water spoils
    low_ground: bool = False
    poor_drainage: bool = False
    open_rectifications: int = 0
    paid_minor: int = 0  # for these claims, in minor units of the site's currency
