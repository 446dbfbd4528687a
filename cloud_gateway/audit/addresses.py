"""Finds which route a path leads to, so that an act names the route and what it is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from re import Pattern
from typing import NamedTuple

#: Parameters whose values are secrets.
SECRET = frozenset({"token"})


class Route(NamedTuple):
    """A route: its methods, its path with parameters by name, and the pattern of its paths."""

    methods: frozenset[str]
    path: str
    pattern: Pattern[str]


class Goal(NamedTuple):
    """Where a request leads: the route's path and the values of its parameters, joined."""

    route: str
    subject: str


def find_goal(method: str, path: str, routes: Iterable[Route], keyed: Sequence[str] = ()) -> Goal | None:
    """The first route that takes the method at the path; None when nothing does.

    Paths below one of `keyed` carry a secret themselves: of them no value is given.
    """
    for route in routes:
        if method in route.methods and (fits := route.pattern.match(path)):
            open_path = not path.startswith(tuple(keyed))
            values = [value for name, value in fits.groupdict().items() if open_path and name not in SECRET]
            return Goal(route.path, " ".join(values))
    return None
