"""Documents made to exhaust a reader: bounded in time and memory, each with a named reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.cloud_gateway.warnings.hostile import CASES

#: The bound is 1 s of an idle machine; whoever judges may be several times slower, and what explodes takes minutes.
MOST_CPU_S = 5.0
MOST_MB = 200
#: Nothing is wrong with these but their length.
HARMLESS = {
    "white space for points",
    "geocodes",
    "geocodes in one value",
    "quotes",
    "event without end",
    "base without end",
}
HARMLESS |= {"markup in a text", "tags and texts", "attributes", "namespaces"}


@pytest.fixture(scope="module")
def costs() -> Mapping[str, dict[str, object]]:
    """What each case cost in a process of its own."""
    command = [sys.executable, "-m", "tests.cloud_gateway.warnings.hostile"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=110)
    return {cost["name"]: cost for cost in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_document_costs_little(name: str, costs: Mapping[str, Mapping[str, float]]) -> None:
    assert costs[name]["cpu_s"] < MOST_CPU_S
    assert costs[name]["mb"] < MOST_MB


@pytest.mark.parametrize("name", [name for name in CASES if name not in HARMLESS])
def test_a_hostile_document_is_refused_or_bounded_with_a_reason(
    name: str, costs: Mapping[str, Mapping[str, list[str]]]
) -> None:
    assert costs[name]["codes"]
