"""Settings files: what is read, what lies over it, and how each mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.settings import GatewaySettings
from edge_agent.configuration import Problem, SettingsError, load
from edge_agent.settings import AgentSettings

GOOD = """
device = "yard-7"
state_dir = "/var/lib/weiran"
[broker]
port = 1884
[[sensor]]
kind = "analog"
stream = "level"
unit = "m"
channel = 0
low = 0.0
high = 2.0
"""
RULE = '[[rule]]\nname = "high"\ntype = "threshold"\nstream = "level"\nabove = 1.0\nclear = 0.8\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A correct file."""
    path = tmp_path / "agent.toml"
    path.write_text(GOOD)
    return path


def mistakes(file: Path, environ: dict[str, str] | None = None) -> list[Problem]:
    """The mistakes found in an agent's file."""
    with pytest.raises(SettingsError) as caught:
        load(AgentSettings, file, environ or {})
    return caught.value.problems


def test_file_is_read(file: Path) -> None:
    settings = load(AgentSettings, file, {})
    assert (settings.device, settings.broker.port, settings.sensor[0].stream) == ("yard-7", 1884, "level")


def test_variable_lies_over_the_file(file: Path) -> None:
    settings = load(AgentSettings, file, {"WEIRAN_BROKER__PORT": "1999", "WEIRAN_DEVICE": "yard-8", "HOME": "/"})
    assert (settings.device, settings.broker.port) == ("yard-8", 1999)


def test_variable_makes_a_section_that_the_file_lacks(file: Path) -> None:
    assert load(AgentSettings, file, {"WEIRAN_OUTBOX__MAX_MB": "64"}).outbox.max_mb == 64


def test_both_processes_can_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('data_dir = "/srv"\n[series]\nstore = "influx1"\n')
    assert load(GatewaySettings, file, {}).series.store == "influx1"


@pytest.mark.parametrize(
    ("text", "field", "told"),
    [
        pytest.param("devic = 'yard-7'", "devic", "is not a setting. Did you mean `device`?", id="misspelt"),
        pytest.param("", "device", "is missing. Add it", id="missing"),
        pytest.param("device = 'Yard 7'", "device", "should match pattern", id="pattern"),
        pytest.param(
            "[broker]\nport = 70000", "broker.port", "less than or equal to 65535, but is '70000'", id="range"
        ),
        pytest.param("[broker]\nprt = 1", "broker.prt", "Did you mean `port`?", id="misspelt in a section"),
        pytest.param("broker = 5", "broker", "should be a valid dictionary", id="value for a section"),
        pytest.param("[[sensor]]\nkind='anlog'", "sensor[0]", "'kind' 'anlog' is unknown", id="kind"),
        pytest.param("[[sensor]]\nstream='x'", "sensor[0]", "lacks 'kind'", id="no kind"),
        pytest.param("[[sensor]]\nkind='contact'\npin=40", "sensor[0].pin", "less than or equal to 27", id="in a list"),
        pytest.param("[[sensor]]\nkind='contact'\nx=1", "sensor[0].x", "is not a setting", id="unknown in a list"),
        pytest.param("heartbeat_s = nan", "heartbeat_s", "should be", id="not a number"),
        pytest.param("heartbeat_s = 86401", "heartbeat_s", "less than or equal to 86400", id="longer than the wire's"),
        pytest.param(GOOD + "interval_s = inf", "sensor[0].interval_s", "less than or equal to", id="endless interval"),
        pytest.param(GOOD + "deadband = inf", "sensor[0].deadband", "finite number", id="endless deadband"),
        pytest.param(GOOD + RULE + "hold_s = inf", "rule[0].hold_s", "less than or equal to", id="endless hold"),
        pytest.param("heartbeat_s = inf", "heartbeat_s", "should be a finite number", id="infinite"),
        pytest.param(
            GOOD + RULE.replace("0.8", "1.5"), "rule[0]", "`clear` must be less than `above`", id="hysteresis"
        ),
        pytest.param(GOOD + RULE.replace('"level"', '"tide"'), "", "which no [[sensor]] has", id="unknown stream"),
    ],
)
def test_mistake_is_told_by_field_and_remedy(file: Path, text: str, field: str, told: str) -> None:
    file.write_text(text)
    assert [problem for problem in mistakes(file) if problem.field == field and told in str(problem)]


def test_every_mistake_is_told_at_once(file: Path) -> None:
    file.write_text("device = 1\nfoo = 2\n[broker]\nport = 'x'\n")
    assert {problem.field for problem in mistakes(file)} == {"device", "foo", "broker.port", "state_dir"}


def test_mistake_in_a_variable_names_the_variable(file: Path) -> None:
    assert [problem.source for problem in mistakes(file, {"WEIRAN_BROKER__PORT": "x"})] == ["WEIRAN_BROKER__PORT"]


@pytest.mark.parametrize("name", ["WEIRAN_SENSOR", "WEIRAN_BROKER", "WEIRAN_PORT", "WEIRAN_DEVICE__ID", "WEIRAN_"])
def test_variable_that_is_no_single_setting_is_refused(file: Path, name: str) -> None:
    assert [problem.source for problem in mistakes(file, {name: "1"})] == [name]


def test_missing_file_is_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in str(mistakes(tmp_path / "none.toml")[0])


def test_broken_toml_is_told_with_its_line(file: Path) -> None:
    file.write_text("device = 'yard-7'\nstate_dir = \n")
    assert "at line 2" in str(mistakes(file)[0])


def test_file_that_is_not_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8" in str(mistakes(file)[0])


def test_huge_file_is_refused_unread(file: Path) -> None:
    file.write_bytes(b"#" * 2_000_000)
    assert "larger than" in str(mistakes(file)[0])


KEYS = st.sampled_from(["device", "state_dir", "broker", "sensor", "rule", "port", "kind", "channel", "stream", "x"])
VALUES = st.sampled_from(
    ["1", "-1.5", "nan", "'analog'", "[]", "{}", "[[1], 2]", "{ port = {} }", "[{ kind = 'pulse' }]"]
)
LINES = st.lists(st.tuples(KEYS, VALUES), max_size=8, unique_by=lambda line: line[0])


@given(LINES)
def test_no_shape_of_values_is_more_than_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "shapes.toml"
    file.write_text("".join(f"{key} = {value}\n" for key, value in lines))
    assert all(problem.remedy for problem in mistakes(file))
