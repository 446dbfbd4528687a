"""Which route a path leads to, and what of it may be written down."""

from __future__ import annotations

import re

import pytest

from cloud_gateway.audit.addresses import Goal, Route, find_goal

ROUTES = [
    Route(frozenset({"POST"}), "/sites/new", re.compile("^/sites/new$")),
    Route(frozenset({"POST"}), "/sites/{code}/edit", re.compile("^/sites/(?P<code>[^/]+)/edit$")),
    Route(frozenset({"PUT"}), "/d/{device}/{part}", re.compile("^/d/(?P<device>[^/]+)/(?P<part>[^/]+)$")),
    Route(frozenset({"POST"}), "/rate/{token}", re.compile("^/rate/(?P<token>[^/]+)$")),
    Route(frozenset({"POST"}), "/a/{answer}", re.compile("^/a/(?P<answer>[^/]+)$")),
]
CASES = {
    "no parameter": ("POST", "/sites/new", Goal("/sites/new", "")),
    "one": ("POST", "/sites/pier-1/edit", Goal("/sites/{code}/edit", "pier-1")),
    "two": ("PUT", "/d/dev-1/rules", Goal("/d/{device}/{part}", "dev-1 rules")),
    "another method": ("DELETE", "/d/dev-1/rules", None),
    "no such path": ("POST", "/nowhere", None),
    "a secret by name": ("POST", "/rate/s3cret", Goal("/rate/{token}", "")),
    "a secret by path": ("POST", "/a/s3cret", Goal("/a/{answer}", "")),
}


@pytest.mark.parametrize(("method", "path", "goal"), CASES.values(), ids=CASES)
def test_act_names_the_route_and_no_secret(method: str, path: str, goal: Goal | None) -> None:
    assert find_goal(method, path, ROUTES, keyed=("/a/",)) == goal
