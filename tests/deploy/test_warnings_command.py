"""`weiran warnings parse`: one object a line, a table for people, and what is said of files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.cli import run
from tests.cloud_gateway.warnings import samples

NOW = ("--now", "2024-09-14T09:00:00Z")


@pytest.fixture
def signals(tmp_path: Path) -> Path:
    """A blue signal, the yellow one that replaces it, and one entry that is none."""
    file = tmp_path / "signals.json"
    later = samples.modelled(
        id="31000041600000_20240914163000",
        action="update",
        issued="2024-09-14T16:30:00+08:00",
        title="示例市气象台发布台风黄色预警信号",
        supersedes=["31000041600000_20240914160000"],
    )
    file.write_bytes(samples.as_bytes([later, samples.modelled(), samples.modelled(issued="now")]))
    return file


def _objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_object_for_each_message_with_its_state(signals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["warnings", "parse", str(signals), "--json", *NOW]) == 0
    later, earlier, refused = _objects(capsys)
    assert [(one["msg_type"], one["state"], one["replaced"]) for one in (later, earlier)] == [
        ("Update", "upgraded", False),
        ("Alert", "upgraded", True),
    ]
    assert (later["sent"], later["sender"], later["status"]) == ("2024-09-14T08:30:00Z", "示例市气象台", "Actual")
    assert {key: refused["error"][key] for key in ("code", "field")} == {"code": "missing_field", "field": "issued"}


def test_an_info_has_what_the_contract_names(signals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["warnings", "parse", str(signals), "--json", *NOW])
    (info,) = _objects(capsys)[0]["infos"]
    assert {key: info[key] for key in ("language", "event", "hazard", "severity", "urgency", "certainty", "color")} == {
        "language": "zh-CN",
        "event": "台风",
        "hazard": "typhoon",
        "severity": "Moderate",
        "urgency": "Unknown",
        "certainty": "Unknown",
        "color": "yellow",
    }
    assert {key: info[key] for key in ("effective", "onset", "expires", "ends")} == {
        "effective": "2024-09-14T08:30:00Z",
        "onset": None,
        "expires": None,
        "ends": None,
    }
    assert info["areas"][0]["geocodes"] == [{"scheme": "adcode", "code": "310000"}]


def test_files_are_one_set_of_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.json").write_bytes(samples.as_bytes([samples.modelled()]))
    lift = samples.modelled(id="31000041600000_20240914164000", action="cancel", issued="2024-09-14T16:40:00+08:00")
    (tmp_path / "two.json").write_bytes(samples.as_bytes([lift]))
    assert run(["warnings", "parse", str(tmp_path / "one.json"), str(tmp_path / "two.json"), "--json", *NOW]) == 0
    assert [one["state"] for one in _objects(capsys)] == ["cancelled", "cancelled"]


def test_people_get_a_table_in_columns(signals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["warnings", "parse", str(signals), *NOW]) == 0
    header, later, earlier, refused = capsys.readouterr().out.splitlines()
    assert header.split() == ["sent", "state", "level", "hazard", "event", "from", "where", "until", "doubts"]
    assert later.split()[1:5] == ["upgraded", "moderate", "typhoon", "台风"]
    assert earlier.split()[1] == "replaced"
    assert "refused" in refused


def test_what_a_terminal_would_obey_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hostile.json"
    file.write_bytes(samples.as_bytes([samples.modelled(sender="台\u001b[2J\u202e\r\n")]))
    assert run(["warnings", "parse", str(file)]) == 0
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


def test_status_1_when_no_file_could_be_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "none.json"
    file.write_text("{}")
    assert run(["warnings", "parse", str(file), "--json"]) == 1
    assert [sorted(one) for one in _objects(capsys)] == [["error"]]


def test_a_missing_file_stops_no_other(signals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["warnings", "parse", "no-such-file", str(signals), "--json", *NOW]) == 0
    assert _objects(capsys)[0]["error"]["code"] == "file"


def test_an_index_shows_its_links(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "index.atom"
    entry = '<entry><id>a</id><link href="https://example.org/one.cap"/></entry>'
    file.write_text(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>')
    assert run(["warnings", "parse", str(file), "--json"]) == 0
    assert _objects(capsys)[0]["index"]["entries"] == ["https://example.org/one.cap"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "FILE"),
        (("no-such-file",), "No such file"),
        (("/",), "Is a directory"),
        ((__file__, "--kind", "weather"), "no such shape"),
        ((__file__, "--now", "tomorrow"), "--now tomorrow"),
    ],
    ids=["nothing", "missing", "a folder", "kind", "now"],
)
def test_wrong_arguments_are_told(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["warnings", "parse", *arguments]) == 2
    assert said in capsys.readouterr().err
