"""docs/scenarios.md is complete, and its example is a scenario without mistakes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from edge_agent.settings import Section
from firmware_sim import bulletins, forms, hall
from firmware_sim.fingers import Touch
from firmware_sim.folder import built_in_names
from firmware_sim.scenario import check_scenario

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
#: What stands between backticks, every word of it.
NAMED = set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))
FORMS = [
    bulletins.Bulletin,
    bulletins.Issuer,
    forms.Story,
    bulletins.Zone,
    forms.Site,
    forms.Device,
    forms.Catchment,
    forms.FloatSource,
    forms.ScheduleSource,
    forms.Span,
    forms.Column,
    forms.SystemFault,
    forms.Bounce,
    forms.Stuck,
    forms.Frozen,
    forms.Drift,
    forms.Noise,
    hall.Station,
    hall.Clerk,
    hall.Card,
    hall.Visit,
    hall.Flow,
    hall.Hand,
]
KINDS = [
    *get_args(forms.SystemFault.model_fields["kind"].annotation),
    *("bounce", "stuck", "frozen", "drift", "noise"),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_key_of_a_scenario_is_explained(form: type[Section]) -> None:
    assert {field.alias or key for key, field in form.model_fields.items()} - NAMED == set()


def test_every_kind_of_fault_and_source_is_explained() -> None:
    assert set(KINDS) - NAMED == set()
    assert (hall.OUTCOMES | set(Touch)) - NAMED == set()
    assert {"series", "level", "rain", "float", "schedule"} - NAMED == set()


def test_every_built_in_scenario_is_listed() -> None:
    assert set(built_in_names()) - NAMED == set()


def test_the_example_is_a_scenario_without_mistakes(tmp_path: Path) -> None:
    story, river, rain = re.findall(r"```(?:toml|csv)\n(.*?)```", PAGE, re.DOTALL)[:3]
    for name, text in (("scenario.toml", story), ("river.csv", river), ("rain.csv", rain)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert check_scenario(tmp_path) == []
