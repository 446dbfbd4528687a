"""Gives a message that names no place the place that its source was asked for, and says so."""

from __future__ import annotations

import msgspec

from cloud_gateway.warnings.model import Alert, Area, Circle, Finding, Geocode, Info
from cloud_gateway.warnings.settings import Covers, Source


def cover(source: Source, alert: Alert) -> Alert:
    """The message with an area of its source where none of its infos has a place; else unchanged.

    The same signal is asked for by several locations: the place joins its identifier, and those of what it replaces,
    so that each location's message stands for itself beside the others of its event.
    """
    covers = source.covers
    if covers is None or not alert.infos or any(map(_is_placed, _areas(alert))):
        return alert
    area, name = _area(covers), _name(covers)
    text = f"the message names no place; taken is the one that {source.name} was asked for: {name}"
    references = tuple(key._replace(identifier=f"{key.identifier}@{name}") for key in alert.references)
    return msgspec.structs.replace(
        alert,
        identifier=f"{alert.identifier}@{name}",
        references=references,
        infos=tuple(_placed(info, area) for info in alert.infos),
        findings=(*alert.findings, Finding("area_of_source", "area", text)),
    )


def _areas(alert: Alert) -> list[Area]:
    return [area for info in alert.infos for area in info.areas]


def _is_placed(area: Area) -> bool:
    return bool(area.polygons or area.circles or area.geocodes)


def _placed(info: Info, area: Area) -> Info:
    """The issuer's own words of the place stay beside it."""
    return msgspec.structs.replace(info, areas=(*info.areas, area))


def _area(covers: Covers) -> Area:
    said = "where the source was asked"
    if covers.latitude is None or covers.longitude is None:
        return Area(said, geocodes=(Geocode(covers.scheme, covers.code),), is_assumed=True)
    circle = Circle(covers.latitude, covers.longitude, covers.radius_km * 1000)
    return Area(said, circles=(circle,), is_assumed=True)


def _name(covers: Covers) -> str:
    if covers.latitude is None or covers.longitude is None:
        return f"{covers.scheme}={covers.code}"
    return f"{covers.latitude:.4f}/{covers.longitude:.4f}/{covers.radius_km:g}km"
