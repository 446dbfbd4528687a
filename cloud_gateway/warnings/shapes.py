"""The JSON shapes in which warnings are published: how each is recognised, where its entries stand, who reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

from cloud_gateway.warnings.alertswiss import parse_alertswiss
from cloud_gateway.warnings.chinese.modelled import parse_modelled
from cloud_gateway.warnings.chinese.national import parse_national
from cloud_gateway.warnings.chinese.nmc import parse_nmc
from cloud_gateway.warnings.chinese.qweather import parse_qweather_1, parse_qweather_7
from cloud_gateway.warnings.chinese.two_digit import parse_two_digit
from cloud_gateway.warnings.entries import Members, items_of, members_of
from cloud_gateway.warnings.gdacs import parse_gdacs
from cloud_gateway.warnings.meteoalarm import parse_meteoalarm
from cloud_gateway.warnings.model import Alert, Refused
from cloud_gateway.warnings.nws import parse_nws

Top = Members | list[Raw]
#: How many entries are looked at to recognise a shape: the first ones may be broken.
_LOOKED_AT = 50


class Shape(NamedTuple):
    """`paths` lead to arrays of entries; `marks` are members that an entry has, in its object `inside` if that is set.

    The empty path is the outermost array itself, or an outermost object that is the only entry.
    """

    kind: str
    paths: tuple[tuple[str, ...], ...]
    marks: frozenset[str]
    parse: Callable[[bytes], Alert]
    inside: str = ""


SHAPES = (
    Shape("nws", (("features",), ()), frozenset({"messageType", "event"}), parse_nws, inside="properties"),
    Shape("gdacs", (("features",), ()), frozenset({"eventtype", "eventid"}), parse_gdacs, inside="properties"),
    Shape("meteoalarm", (("warnings",), ()), frozenset({"info"}), parse_meteoalarm, inside="alert"),
    Shape("qweather-1", (("alerts",), ()), frozenset({"eventType", "issuedTime"}), parse_qweather_1),
    Shape("qweather-7", (("warning",), ()), frozenset({"pubTime"}), parse_qweather_7),
    Shape("nmc", (("data", "page", "list"), ("data", "provinceAlarms"), ()), frozenset({"alertid"}), parse_nmc),
    Shape(
        "two-digit",
        (("result", "alert", "content"), ("alert", "content"), ("content",), ()),
        frozenset({"alertId", "code"}),
        parse_two_digit,
    ),
    Shape("12379", (("alertData",), ()), frozenset({"identifier", "sendTime"}), parse_national),
    Shape("modelled", ((),), frozenset({"id", "issued", "type_code"}), parse_modelled),
    Shape("alertswiss", ((),), frozenset({"identifier", "allClear"}), parse_alertswiss),
)
KINDS = tuple(shape.kind for shape in SHAPES)


def recognise(top: Top, kind: str | None) -> tuple[Shape, list[Raw]]:
    """The shape of a document and its entries; `kind` names the only one that is looked for. Raises Refused."""
    shapes = [shape for shape in SHAPES if kind is None or shape.kind == kind]
    for shape in shapes:
        entries = _entries(top, shape)
        if any(_is_of(shape, entry) for entry in entries[:_LOOKED_AT]):
            return shape, entries
    plain = next((shape for shape in shapes if _has_place(top, shape, bool(kind))), None)
    if plain is not None:
        return plain, _entries(top, plain)
    text = f"no shape that warnings have{'' if kind is None else f' in {kind}'}; known are {', '.join(KINDS)}"
    raise Refused("not_a_warning", "$", text, "Send CAP, an index of CAP, or one of these shapes")


def _has_place(top: Top, shape: Shape, is_named: bool) -> bool:
    """Whether an array for entries is there, empty; of a named shape with any items, each then refused by itself."""
    places = _places(top, shape)
    return bool(places) and (is_named or not any(places))


def _entries(top: Top, shape: Shape) -> list[Raw]:
    places = _places(top, shape)
    if places:
        return [entry for entries in places for entry in entries]
    return list(_whole(top)) if () in shape.paths else []


def _places(top: Top, shape: Shape) -> list[list[Raw]]:
    """The arrays at the shape's paths that are there."""
    found = [_found(top, path) for path in shape.paths if path]
    return [entries for entries in found if entries is not None]


def _whole(top: Top) -> Sequence[Raw]:
    """An outermost array's items; of an outermost object itself, encoded again."""
    return top if isinstance(top, list) else [Raw(msgspec.json.encode(top))]


def _found(top: Top, path: Sequence[str]) -> list[Raw] | None:
    members = top if isinstance(top, dict) else {}
    for name in path[:-1]:
        members = members_of(members.get(name))
    return items_of(members.get(path[-1]))


def _is_of(shape: Shape, entry: Raw) -> bool:
    members = members_of(entry)
    return shape.marks <= set(members_of(members.get(shape.inside)) if shape.inside else members)
